/** Pieces of a concat are written where it wants them; what somebody else reads, or no kernel stores, is copied. */
import { expect, test } from "vitest";
import type { Engine } from "../../../runtime/engine.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { createReferenceEngine } from "../../../runtime/engines/reference/engine.js";
import { expectAllClose } from "../../support/close.js";
import { compileText } from "../../support/compile-text.js";
import { kernelCalls } from "../../support/kernel-calls.js";
import { randomFrom } from "../../support/random.js";
import { planFor, runOn } from "../../support/run-engine.js";
import { templateInputs } from "../../support/template-inputs.js";

const program = (results: string): string => `pipeline p {
  batch n
  input p: f32[n, 2, 3, 4]
  input v: f32[n, 2, 4, 6]
  input x: f32[n, 3, 5]
  input w: f32[5, 7]
  input u: f32[19, 8]
  heads = rearrange(p @ v, "n h t d -> n t (h d)")
  ${results}
}`;

const [product, layer] = ["contract 5 3 2 6 4", "contract 15 7 5"];

test.each<[string, string, readonly string[]]>([
  ["heads beside a layer", "output z = concat([heads, x @ w], axis: 2) @ u", [product, layer, "contract 15 8 19"]],
  ["an output is such a value too", "output z = concat([exp(x @ w), heads], axis: 2)", [product, layer]],
  [
    "what is read twice is copied",
    "y = x @ w\n  output z = concat([heads, y], axis: 2) @ u\n  output s = sum(y ** 3)",
    [product, layer, "map 15 7", "contract 15 8 19"],
  ],
  ["twice by the concat itself", "y = x @ w\n  output z = concat([y, y], axis: 1)", [layer, "map 5 21", "map 5 21"]],
  ["an input is copied", "output z = concat([heads, x], axis: 2)", [product, "map 15 5"]],
])("%s", (_, results, calls) => expect(kernelCalls(program(results))).toEqual(calls));

test.each([
  "loss = sum((concat([heads, x @ w], axis: 2) @ u) ** 3)",
  "loss = sum(concat([exp(-(x @ w) ** 2), heads], axis: 2) ** 3)",
  "y = x @ w\n  loss = sum((concat([heads, y], axis: 2) @ u) ** 3) + sum(y ** 2)",
  'y = rearrange(p @ v, "n h t d -> h t n d")\n  loss = sum(concat([y, exp(-(y ** 2))], axis: 1) ** 3)',
  // Cotangents of slices that follow each other, that overlap, and that leave a gap.
  "y = x @ w\n  loss = sum(y[:, :, :2] ** 2) + sum(y[:, :, 2:4] ** 3) + sum(y[:, :, 4:] ** 4)",
  "y = x @ w\n  loss = sum(y[:, :, :3] ** 2) + sum(y[:, :, 2:] ** 3)",
  "y = x @ w\n  loss = sum(y[:, :, :2] ** 2) + sum(y[:, :, 3:5] ** 3) + sum(y[:, :, 5:6] ** 4)",
])("the same values and gradients: %s", async (result) => {
  const on = (engine: Engine) => {
    const { template } = compileText(program(result), { target: engine.target("f64"), gradients: true });
    return runOn(engine, template, planFor(template, { n: 3 }, null), templateInputs(template, 3, randomFrom(5).normal));
  };
  expectAllClose(await on(createPlanrefEngine()), await on(createReferenceEngine()), 1e-12);
});
