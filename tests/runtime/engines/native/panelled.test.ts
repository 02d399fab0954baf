/** Matrices that one contraction leaves in panels for the next: as rows, as columns, in edge blocks with room and without. */
import { describe, expect, test } from "vitest";
import { isTile } from "../../../../compiler/graph/graph.js";
import { parseGraph } from "../../../../compiler/graph/parse.js";
import { panelledBuffers } from "../../../../runtime/engines/native/panelled.js";
import { createReferenceEngine } from "../../../../runtime/engines/reference/engine.js";
import { evaluateGraph } from "../../../../runtime/engines/reference/evaluate.js";
import { expectAllClose } from "../../../support/close.js";
import { compileText, readPipelineFile } from "../../../support/compile-text.js";
import { randomFrom } from "../../../support/random.js";
import { planFor, runOn } from "../../../support/run-engine.js";
import { runGraph, subjects, templateFor } from "../../../conformance/subjects.js";

const matrix = (rows: number, columns: number) => {
  const random = randomFrom(rows * 31 + columns);
  return { shape: [rows, columns], data: Float64Array.from({ length: rows * columns }, () => Math.fround(random.uniform() - 0.5)) };
};

describe.each(subjects.filter(({ name }) => name === "native"))("$name $precision", (subject) => {
  // 48 columns are whole panels of every instruction set; more of k than one block; rows that end within a register tile.
  test.each([
    [48, 96, true],
    [24, 1728, true],
    [1728, 48, true],
    [50, 96, false],
    [13, 7, false],
  ])("a product of %i by %i, then its rows and its columns in two others", async (rows, columns, panels) => {
    const inner = 20;
    const graph = parseGraph(`%0 = input "x" : f32[${rows}, ${inner}]
%1 = input "y" : f32[${columns}, ${inner}]
%2 = input "z" : f32[${columns}, 70]
%3 = input "w" : f32[${rows}, 30]
%4 = dot %0, %1 {contract = [[1, 1]]} : f32[${rows}, ${columns}]
%5 = dot %4, %2 {contract = [[1, 0]]} : f32[${rows}, 70]
%6 = dot %4, %3 {contract = [[0, 0]]} : f32[${columns}, 30]
output "rows" = %5
output "columns" = %6
`);
    const inputs = new Map([
      ["x", matrix(rows, inner)],
      ["y", matrix(columns, inner)],
      ["z", matrix(columns, 70)],
      ["w", matrix(rows, 30)],
    ]);
    const { outputs, plan } = await runGraph(subject, graph, inputs, {}, {});
    const { kernels } = templateFor(graph, subject.engine.target(subject.precision));
    if (panels) expect(panelledBuffers(plan, kernels).size).toBe(1);
    expectAllClose(outputs, evaluateGraph(graph, inputs, {}, {}), subject.tolerance, 1);
  });

  test.each(["siglip", "clip"])("%s in blocks of 96, the last ones smaller", async (name) => {
    const text = readPipelineFile(`${name}.sig`)?.text ?? "";
    const compiled = (target: ReturnType<typeof subject.engine.target>) => compileText(text, { target, sets: { width: "40" } }).template;
    const template = compiled(subject.engine.target(subject.precision));
    const reference = createReferenceEngine();
    const oracle = compiled(reference.target("f64"));
    for (const n of [192, 200, 245]) {
      const inputs = new Map(
        template.graph.nodes.flatMap((node, k) => {
          if (isTile(node) || node.op !== "input") return [];
          const { name } = node.attrs;
          return [[name, node.type.shape.length === 2 ? matrix(n, 40) : { shape: [], data: Float64Array.of(0.5 + k / 8) }] as const];
        }),
      );
      const plan = planFor(template, { n, m: n }, { i: 96, j: 96 });
      expect(panelledBuffers(plan, template.kernels).size).toBe(1);
      expectAllClose(
        await runOn(subject.engine, template, plan, inputs),
        await runOn(reference, oracle, planFor(oracle, { n, m: n }, null), inputs),
        subject.tolerance,
        1e-2,
      );
    }
  });
});
