import { expect, test } from "vitest";
import { Curve } from "../../../../runtime/train/report/curve.js";

test("a short run keeps every step", () => {
  const curve = new Curve(3);
  [5, 7, 6].forEach((value, k) => curve.add(k + 1, value));
  expect(curve.points.map(({ x, mean }) => [x, mean])).toEqual([
    [1, 5],
    [2, 7],
    [3, 6],
  ]);
});

test("a long run is bounded, and keeps the mean and the ends of what each point stands for", () => {
  const curve = new Curve(1_000_000);
  for (let step = 1; step <= 1_000_000; step++) curve.add(step, step === 500_001 ? 1e6 : step % 2);
  const { points } = curve;
  expect(points.length).toBeLessThanOrEqual(151);
  expect(points[0]).toMatchObject({ low: 0, high: 1 });
  expect(points[0]?.mean).toBeCloseTo(0.5, 3);
  expect(Math.max(...points.map(({ high }) => high))).toBe(1e6);
});

test("what is not finite leaves a gap", () => {
  const curve = new Curve(3);
  [1, Number.NaN, Infinity].forEach((value, k) => curve.add(k + 1, value));
  expect(curve.points.map(({ x }) => x)).toEqual([1]);
});
