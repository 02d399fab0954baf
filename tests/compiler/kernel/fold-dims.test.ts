/** Dims that lie as one along every operand are one: what a kernel's points are is seen in its call. */
import { expect, test } from "vitest";
import { kernelCalls } from "../../support/kernel-calls.js";

const callsOf = (value: string): readonly string[] =>
  kernelCalls(`pipeline p {
  batch n
  input x: f32[n, 3, 4]
  input y: f32[n, 3, 4]
  input row: f32[n]
  input w: f32[4, 6]
  input heads: f32[n, 3, 2, 4]
  output z = ${value}
}`);

const hasCalls = (_: string, value: string, calls: readonly string[]): void => expect(callsOf(value)).toEqual(calls);

test.each<[string, string, readonly string[]]>([
  ["all of an elementwise value", "exp(x) + y", ["map 60"]],
  ["rows of a matrix product", "x @ w", ["contract 15 6 4"]],
  ["what is summed, and what is not", "sum(x * y, axis: [1, 2])", ["reduce 5 12"]],
  ["rows of a product with one position of an axis", "x[:, 1:2] @ w", ["contract 5 6 4"]],
  ["but one row where there is but one", "x[2:3, 1:2] @ w", ["contract 1 6 4"]],
  ["a sum over the rows of all", "sum(x @ w, axis: [0, 1])", ["contract 15 6 4"]],
])("%s", hasCalls);

test.each<[string, string, readonly string[]]>([
  ["an operand that one of two dims repeats", "exp(x) * row[:, None, None]", ["map 5 12"]],
  ["an index of one of them", "where(arange(4) > 1, x, y)", ["map 15 4"]],
  ["batches of products", "heads @ transpose(heads, (0, 1, 3, 2))", ["contract 15 2 2 4"]],
  ["every second axis", 'exp(rearrange(heads, "n a b c -> n b a c"))', ["map 5 2 3 4"]],
])("but not %s", hasCalls);
