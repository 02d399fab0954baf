/**
 * Products that do not fit into one block of packed panels: a block that is packed past its room writes over the other side's.
 * And left factors that are read where they lie, along products or along rows, where rows are whole panels; else they are packed.
 */
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../../compiler/graph/graph.js";
import { parseGraph } from "../../../../compiler/graph/parse.js";
import { matrixError } from "../../../support/close.js";
import { randomFrom } from "../../../support/random.js";
import { runGraph, subjects } from "../../../conformance/subjects.js";

const product = (rows: number, inner: number, columns: number): Graph =>
  parseGraph(`%0 = input "x" : f32[${rows}, ${inner}]
%1 = input "y" : f32[${columns}, ${inner}]
%2 = dot %0, %1 {contract = [[1, 1]]} : f32[${rows}, ${columns}]
output "result" = %2
`);

describe.each(subjects.filter(({ name }) => name === "native"))("$name $precision", (subject) => {
  test.each([
    ["more of k than one block", 530, 3100, 70],
    ["more of all three", 601, 1700, 545],
    ["more rows and columns", 2100, 40, 1300],
  ])("%s", async (_, rows, inner, columns) => {
    const random = randomFrom(rows);
    const values = (count: number): Float64Array => Float64Array.from({ length: count }, () => Math.fround(random.uniform() - 0.5));
    const inputs = new Map([
      ["x", { shape: [rows, inner], data: values(rows * inner) }],
      ["y", { shape: [columns, inner], data: values(columns * inner) }],
    ]);
    const graph = product(rows, inner, columns);
    const actual = (await runGraph(subject, graph, inputs, {}, {})).outputs.get("result");
    if (actual === undefined) throw new Error("no result");
    expect(matrixError(actual, plainProduct(inputs.get("x")?.data ?? [], inputs.get("y")?.data ?? [], rows, inner, columns))).toBeLessThan(
      subject.tolerance,
    );
  });
});

/**
 * Rows of both, as many as panels have and one more; the left factor's lines run along the products, and along the rows, once so far
 * apart that they would drive one another out of a cache.
 */
describe.each(subjects.filter(({ name }) => name === "native"))("$name $precision, a left factor as it lies", (subject) => {
  test.each([
    [24, 40],
    [25, 150],
    [104, 330],
    [48, 1700],
    [128, 70],
  ])("%i rows of %i", async (rows, inner) => {
    const random = randomFrom(rows * inner);
    const [points, columns] = [2, 30];
    const values = (shape: readonly number[]) => ({
      shape,
      data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.fround(random.uniform() - 0.5)),
    });
    const inputs = new Map([
      ["along", values([rows, points, inner])],
      ["across", values([inner, points, rows])],
      ["right", values([points, inner, columns])],
    ]);
    const graph = parseGraph(`%0 = input "along" : f32[${rows}, ${points}, ${inner}]
%1 = input "across" : f32[${inner}, ${points}, ${rows}]
%2 = input "right" : f32[${points}, ${inner}, ${columns}]
%3 = dot %0, %2 {batch = [[1, 0]], contract = [[2, 1]]} : f32[${points}, ${rows}, ${columns}]
%4 = dot %1, %2 {batch = [[1, 0]], contract = [[0, 1]]} : f32[${points}, ${rows}, ${columns}]
output "along" = %3
output "across" = %4
`);
    const { outputs } = await runGraph(subject, graph, inputs, {}, {});
    const [along = [], across = [], right = []] = [...inputs.values()].map(({ data }): ArrayLike<number> => data);
    const expected = (left: (point: number, row: number, k: number) => number) => {
      const data = new Float64Array(points * rows * columns);
      for (let point = 0; point < points; point++)
        for (let row = 0; row < rows; row++)
          for (let k = 0; k < inner; k++)
            for (let column = 0; column < columns; column++) {
              const to = (point * rows + row) * columns + column;
              data[to] = (data[to] ?? 0) + left(point, row, k) * (right[(point * inner + k) * columns + column] ?? 0);
            }
      return { shape: [points, rows, columns], data };
    };
    const error = (name: string, values: ReturnType<typeof expected>): number =>
      matrixError(outputs.get(name) ?? { shape: [], data: [] }, values);
    expect(
      error(
        "along",
        expected((point, row, k) => along[(row * points + point) * inner + k] ?? 0),
      ),
    ).toBeLessThan(subject.tolerance);
    expect(
      error(
        "across",
        expected((point, row, k) => across[(k * points + point) * rows + row] ?? 0),
      ),
    ).toBeLessThan(subject.tolerance);
  });
});

/**
 * One factor is the same for all points, which are no rows of it: in a part of a thread's own, in panels that all threads share, and
 * point after point, where a result is summed over all points.
 */
describe.each(subjects.filter(({ name }) => name === "native"))("$name $precision, a factor that all points share", (subject) => {
  test.each([
    [5, 16, 40, 70],
    [1, 16, 200, 190],
    [7, 21, 200, 190],
    [3, 130, 310, 50],
    [2, 40, 1700, 30],
  ])("%i points, %i rows of %i, %i columns", async (points, rows, inner, columns) => {
    const random = randomFrom(points * rows * inner);
    const values = (...shape: readonly number[]) => ({
      shape,
      data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.fround(random.uniform() - 0.5)),
    });
    const [x, w, a, b] = [values(rows, points, inner), values(inner, columns), values(rows, inner), values(points, inner, columns)];
    const graph = parseGraph(`%0 = input "x" : f32[${rows}, ${points}, ${inner}]
%1 = input "w" : f32[${inner}, ${columns}]
%2 = transpose %0 {perm = [1, 0, 2]} : f32[${points}, ${rows}, ${inner}]
%3 = dot %2, %1 {contract = [[2, 0]]} : f32[${points}, ${rows}, ${columns}]
%4 = sum %3 {axes = [0, 1]} : f32[${columns}]
%5 = input "a" : f32[${rows}, ${inner}]
%6 = input "b" : f32[${points}, ${inner}, ${columns}]
%7 = dot %5, %6 {contract = [[1, 1]]} : f32[${rows}, ${points}, ${columns}]
output "right" = %3
output "sum" = %4
output "left" = %7
`);
    const { outputs } = await runGraph(subject, graph, new Map(Object.entries({ x, w, a, b })), {}, {});
    const right = { shape: [points, rows, columns], data: new Float64Array(points * rows * columns) };
    const left = { shape: [rows, points, columns], data: new Float64Array(points * rows * columns) };
    const sum = { shape: [columns], data: new Float64Array(columns) };
    for (let point = 0; point < points; point++)
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          let [one, other] = [0, 0];
          for (let k = 0; k < inner; k++) {
            one += (x.data[(row * points + point) * inner + k] ?? 0) * (w.data[k * columns + column] ?? 0);
            other += (a.data[row * inner + k] ?? 0) * (b.data[(point * inner + k) * columns + column] ?? 0);
          }
          right.data[(point * rows + row) * columns + column] = one;
          left.data[(row * points + point) * columns + column] = other;
          sum.data[column] = (sum.data[column] ?? 0) + one;
        }
    for (const [name, expected] of Object.entries({ right, left, sum }))
      expect(matrixError(outputs.get(name) ?? { shape: [], data: [] }, expected)).toBeLessThan(subject.tolerance);
  });
});

function plainProduct(x: ArrayLike<number>, y: ArrayLike<number>, rows: number, inner: number, columns: number) {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += (x[i * inner + k] ?? 0) * (y[j * inner + k] ?? 0);
      data[i * columns + j] = sum;
    }
  return { shape: [rows, columns], data };
}
