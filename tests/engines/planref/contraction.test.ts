/** Contractions whose batch, free and contracted axes lie in any order: every axis must find its own loop. */
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { AxisPairs } from "../../../compiler/graph/op-table.js";
import { constant } from "../../../compiler/graph/size.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { expectAllClose } from "../../support/close.js";
import { planOf, runPlan, templateOf } from "../../support/plan-graph.js";
import { randomFrom } from "../../support/random.js";

type Case = { readonly x: readonly number[]; readonly y: readonly number[]; readonly contract: AxisPairs; readonly batch: AxisPairs };

/** Equal sizes within a case, where a mix-up would keep the shapes; unequal ones, where it would run out of bounds. */
const cases: readonly Case[] = [
  { x: [3, 3, 3], y: [3, 3, 3], contract: [[2, 2]], batch: [[0, 0]] },
  { x: [2, 3, 4], y: [2, 5, 4], contract: [[2, 2]], batch: [[0, 0]] },
  { x: [4, 3, 2], y: [5, 2, 4], contract: [[0, 2]], batch: [[2, 1]] },
  { x: [3, 3, 3, 3], y: [3, 3, 3], contract: [[1, 2]], batch: [[3, 0]] },
  {
    x: [2, 3, 4, 5],
    y: [5, 2, 6, 4],
    contract: [
      [2, 3],
      [3, 0],
    ],
    batch: [[0, 1]],
  },
  {
    x: [2, 3, 4],
    y: [3, 2, 4],
    contract: [[2, 2]],
    batch: [
      [0, 1],
      [1, 0],
    ],
  },
  { x: [3, 4], y: [5, 6], contract: [], batch: [] },
];

test.each(cases)("x $x, y $y, contracting $contract, batch $batch", async ({ x, y, contract, batch }) => {
  const random = randomFrom(17);
  const b = new GraphBuilder({ file: "test.sig", start: 0, end: 0 });
  const inputs = new Map<string, Value>();
  const input = (name: string, shape: readonly number[]) => {
    inputs.set(name, { shape, data: Float64Array.from({ length: shape.reduce((p, q) => p * q, 1) }, random.normal) });
    return b.emit("input", [], { name, role: "data", type: { dtype: "f32", shape: shape.map(constant) } });
  };
  const graph = b.finish([{ name: "r", value: b.dot(input("x", x), input("y", y), contract, batch) }]);
  const template = templateOf(graph);
  const actual = await runPlan(template, planOf(template, {}), inputs);
  expectAllClose(actual, evaluateGraph(graph, inputs, {}), 1e-12);
  expect(actual.get("r")?.data.some((value) => value !== 0)).toBe(true);
});
