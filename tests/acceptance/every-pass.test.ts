/** The text of the graph after each step of the compiler is the program: it reads back, and means what the program meant. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileProgram, differentiable } from "../../compiler/compile.js";
import { type Graph, isTile, type Node } from "../../compiler/graph/graph.js";
import { parseGraph } from "../../compiler/graph/parse.js";
import { printGraph } from "../../compiler/graph/print.js";
import { evaluateSize } from "../../compiler/graph/size.js";
import type { StepResult } from "../../compiler/passes/pipeline.js";
import { slicing, stepNames } from "../../compiler/passes/pipeline.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../runtime/engines/reference/value.js";
import { expectClose } from "../support/close.js";
import { graphTarget, lowerText } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";

type Case = { readonly pipeline: string; readonly sets: Readonly<Record<string, string>>; readonly dims: Readonly<Record<string, number>> };

/** No block of 4 divides a size. */
const cases: readonly Case[] = [
  { pipeline: "siglip", sets: { width: "5" }, dims: { n: 11 } },
  { pipeline: "clip", sets: { width: "5" }, dims: { n: 11 } },
  { pipeline: "hard_negatives", sets: { width: "5", k: "3" }, dims: { n: 11, m: 9 } },
  { pipeline: "barlow_twins", sets: {}, dims: { n: 13, d: 7 } },
  // Towers: here there is something to make again.
  {
    pipeline: "siglip_towers",
    sets: {
      side: "4",
      patch: "2",
      vocab: "7",
      length: "3",
      heads: "2",
      width: "4",
      depth: "1",
      hidden: "6",
      text_width: "4",
      text_depth: "1",
      text_hidden: "5",
    },
    dims: { n: 5 },
  },
];
const block = 4;
const tolerance = 1e-12;
/** Below this, values are compared absolutely: gradients that cancel have no relative accuracy. */
const floor = 1e-3;

function inputsOf(graph: Graph, dims: Case["dims"], seed: number): ReadonlyMap<string, Value> {
  const random = randomFrom(seed);
  const inputs = graph.nodes.filter((node): node is Node<"input"> => !isTile(node) && node.op === "input");
  return new Map(
    inputs.map(({ attrs: { name }, type: { dtype, shape } }) => {
      const extents = shape.map((size) => evaluateSize(size, dims));
      const length = extents.reduce((a, b) => a * b, 1);
      // Few ids, so that some pairs match.
      const data = Float64Array.from({ length }, () => (dtype === "i32" ? random.below(4) : random.normal()));
      return [name, { shape: extents, data }];
    }),
  );
}

const blocksOf = (graph: Graph): Readonly<Record<string, number>> =>
  Object.fromEntries(graph.nodes.filter(isTile).flatMap(({ loops }) => loops.map(({ name }) => [name, block])));

for (const { pipeline, sets, dims } of cases)
  describe(`${pipeline}, ${JSON.stringify(dims)}`, () => {
    const program = lowerText(readFileSync(new URL(`../../pipelines/${pipeline}.sig`, import.meta.url), "utf8"), sets);
    const steps: StepResult[] = [];
    const gradients = differentiable(program);
    compileProgram(program, { target: graphTarget, gradients, recompute: 1e9, microBatch: true, onStep: (step) => void steps.push(step) });
    const inputs = inputsOf(program.graph, dims, 7);
    const source = evaluateGraph(program.graph, inputs, dims);
    const differentiated = steps.find(({ name }) => name === "gradients")?.graph ?? program.graph;
    const expected = new Map([...evaluateGraph(differentiated, inputs, dims), ...source]);

    test("every named step is shown, and the last tiles", () => {
      expect(steps.map(({ name }) => name)).toEqual([...stepNames, "recompute", ...slicing.map(({ name }) => name)]);
      expect(steps.at(-1)?.graph.nodes.some(isTile)).toBe(true);
      expect([...expected.keys()].sort()).toEqual(expect.arrayContaining(["loss", ...gradients.map((name) => `grad.${name}`)]));
    });

    test.each(steps.map((step) => [step.name, step.graph] as const))("after %s", (name, graph) => {
      const text = printGraph(graph);
      const read = parseGraph(text);
      expect(printGraph(read)).toBe(text);
      const actual = evaluateGraph(read, inputs, dims, { blocks: blocksOf(read) });
      const from = steps.findIndex((step) => step.name === "gradients");
      const due = steps.findIndex((step) => step.name === name) < from ? [...source.keys()] : [...expected.keys()];
      expect([...actual.keys()].sort()).toEqual(due.sort());
      for (const output of due) expectClose(output, actual.get(output), expected.get(output), tolerance, floor);
    });
  });
