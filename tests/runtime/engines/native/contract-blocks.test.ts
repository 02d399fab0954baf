/** Products that do not fit into one block of packed panels: a block that is packed past its room writes over the other side's. */
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
