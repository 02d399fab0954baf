import { expect, it } from "vitest";
import { erf, floorMod, logAddExp, pow, sigmoid, softplus } from "../../../runtime/engines/reference/special-functions.js";

const inf = Number.POSITIVE_INFINITY;

/** From the C library, whose erf is within an ulp. */
const erfTable: readonly (readonly [number, number])[] = [
  [1e-300, 1.1283791670955126e-300],
  [1e-8, 1.1283791670955126e-8],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [1.5, 0.9661051464753108],
  [1.9999, 0.9953201979070294],
  [2, 0.9953222650189527],
  [2.0001, 0.9953243313041966],
  [2.5, 0.999593047982555],
  [3, 0.9999779095030014],
  [4, 0.9999999845827421],
  [5, 0.9999999999984626],
  [5.9, 0.9999999999999999],
];
it.each(erfTable)("erf(%s) is exact to 4 ulp, on both sides of 0 and of the switch at 2", (x, expected) => {
  expect(Math.abs(erf(x) - expected) / expected).toBeLessThan(4 * Number.EPSILON);
  expect(erf(-x)).toBe(-erf(x));
});
it("erf at the edges", () => {
  expect([erf(0), erf(inf), erf(-inf), erf(40)]).toEqual([0, 1, -1, 1]);
  expect(erf(Number.NaN)).toBeNaN();
});

it("sigmoid and softplus neither overflow nor lose small values", () => {
  expect([sigmoid(1e4), sigmoid(-1e4), sigmoid(-inf), sigmoid(inf)]).toEqual([1, 0, 0, 1]);
  expect(sigmoid(-700)).toBeCloseTo(Math.exp(-700), 310);
  expect([softplus(1e4), softplus(-1e4), softplus(-inf), softplus(inf)]).toEqual([1e4, 0, 0, inf]);
  expect(softplus(-40)).toBe(Math.exp(-40));
  expect([sigmoid(Number.NaN), softplus(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
});

it("logAddExp of nothing and nothing is nothing, not NaN", () => {
  expect(logAddExp(-inf, -inf)).toBe(-inf);
  expect(logAddExp(-inf, 3)).toBe(3);
  expect(logAddExp(inf, 3)).toBe(inf);
  expect(logAddExp(1e4, 1e4)).toBe(1e4 + Math.LN2);
});

it("pow keeps 1 to any power, mod takes the sign of the divisor", () => {
  expect([pow(1, Number.NaN), pow(1, inf), pow(-1, -inf), pow(0, 0), pow(-8, 3), pow(2, -1)]).toEqual([1, 1, 1, 1, -512, 0.5]);
  expect([floorMod(-7, 3), floorMod(7, -3), floorMod(7, 3), floorMod(-6, 3), floorMod(6, -3), floorMod(5.5, -2)]).toEqual([
    2, -2, 1, 0, -0, -0.5,
  ]);
});
