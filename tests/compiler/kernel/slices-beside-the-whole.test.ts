/** A slice from 0 is read without a start, as the whole is; its points are not the whole's. */
import { expect, test } from "vitest";
import type { Engine } from "../../../runtime/engine.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { createReferenceEngine } from "../../../runtime/engines/reference/engine.js";
import { expectAllClose } from "../../support/close.js";
import { compileText } from "../../support/compile-text.js";
import { randomFrom } from "../../support/random.js";
import { planFor, runOn } from "../../support/run-engine.js";
import { templateInputs } from "../../support/template-inputs.js";

test.each([
  ["a sum beside a sum", "output a = sum(y, axis: 0)\n  output b = sum(y[:, :1], axis: [0, 1])"],
  ["elements beside all", "output a = y\n  output b = exp(y[:, :2])"],
  ["elements beside a sum", "output a = sum(y, axis: 2)\n  output b = exp(y[:, :2]) * 2"],
  ["a product of both", "output a = y @ token\n  output b = exp(y @ token)[:, :1]"],
  ["the gradient of a piece of a concat", "loss = sum((concat([zeros((n, 1, 5)) + token, x], axis: 1) + pos) ** 3)"],
])("%s", async (_, results) => {
  const text = `pipeline p {
  batch n
  input x: f32[n, 4, 5]
  input token: f32[5]
  input pos: f32[5, 5]
  y = exp(x)
  ${results}
}`;
  const on = (engine: Engine) => {
    const { template } = compileText(text, { target: engine.target("f64"), gradients: results.includes("loss") });
    const inputs = templateInputs(template, 3, randomFrom(5).normal);
    return runOn(engine, template, planFor(template, { n: 3 }, null), inputs);
  };
  const expected = await on(createReferenceEngine());
  expect(expected.size).toBeGreaterThan(0);
  expectAllClose(await on(createPlanrefEngine()), expected, 1e-12);
});
