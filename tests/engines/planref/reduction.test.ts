/** Blocks meet at the ends of the number line: logits of 1e4, rows that are masked in one block or in all. */
import { describe, expect, test } from "vitest";
import { partials } from "../../../runtime/engines/planref/reduction.js";

const inf = Number.POSITIVE_INFINITY;

/** The first block's result merged with the second's, as a kernel does it. */
function merged(first: readonly number[], second: readonly number[]): number {
  const block = (values: readonly number[]) => {
    const partial = partials.logsumexp(1);
    for (const value of values) partial.take(0, value, 0);
    return partial;
  };
  const [result = Number.NaN] = block(second).merge(0, block(first).result(0), []);
  return result;
}

describe("logsumexp over two blocks", () => {
  test.each([
    { first: [1e4], second: [1e4 - 1], expected: 1e4 + Math.log1p(Math.exp(-1)) },
    { first: [-1e4, -1e4], second: [-1e4], expected: -1e4 + Math.log(3) },
    { first: [1e4], second: [-1e4], expected: 1e4 },
    { first: [-inf, -inf], second: [-1e4], expected: -1e4 },
    { first: [-1e4], second: [-inf], expected: -1e4 },
    { first: [-inf], second: [-inf], expected: -inf },
    { first: [inf], second: [3], expected: inf },
    { first: [3], second: [inf], expected: inf },
  ])("$first and $second", ({ first, second, expected }) => {
    const actual = merged(first, second);
    if (Number.isFinite(expected)) expect(Math.abs(actual - expected) / Math.abs(expected)).toBeLessThan(1e-15);
    else expect(actual).toBe(expected);
  });

  test("a NaN in either block is the result", () => {
    expect([merged([Number.NaN], [1]), merged([1], [Number.NaN])]).toEqual([Number.NaN, Number.NaN]);
  });
});
