/** Blocks that f32 would lose one after the other: 2²⁴ + 1 is 2²⁴ in f32, and so is every further step. */
import { expect, test } from "vitest";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { compileText } from "../../support/compile-text.js";
import { planOf, runPlan } from "../../support/plan-graph.js";

const text = `pipeline p {
  batch n, m
  input x: f32[n, 1]
  input y: f32[m, 1]
  pair[i, j] = maximum(dot(x[i], y[j]), 0)
  loss = sum[i, j](pair[i, j])
  metric row = max[i](sum[j](pair[i, j]))
}`;
const inputs = new Map([
  ["x", { shape: [5, 1], data: Float64Array.of(2 ** 24, 1, 1, 1, 1) }],
  ["y", { shape: [1, 1], data: Float64Array.of(1) }],
]);

test.each([
  [true, 2 ** 24 + 4],
  [false, 2 ** 24],
])("one number of a whole sweep is added up in f64: %s", async (wideSums, expected) => {
  const target = { ...createPlanrefEngine().target("f32"), wideSums };
  const { template } = compileText(text, { target, gradients: false });
  const plan = planOf(template, { n: 5, m: 1 }, { i: 1, j: 1 });
  const results = await runPlan(template, plan, inputs);
  expect(results.get("loss")?.data[0]).toBe(expected);
  expect(plan.buffers.filter(({ dtype }) => dtype === "f64").map(({ shape }) => shape)).toEqual(wideSums ? [[]] : []);
  // What is handed back is in the program's own dtype.
  expect(plan.outputs.every(({ buffer }) => plan.buffers[buffer]?.dtype === "f32")).toBe(true);
});
