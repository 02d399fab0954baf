/** A slice from 0 is read without a start, as the whole is; its points are not the whole's. */
import { expect, test } from "vitest";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { createReferenceEngine } from "../../../runtime/engines/reference/engine.js";
import { expectAllClose } from "../../support/close.js";
import { compileText } from "../../support/compile-text.js";
import { planFor, runOn, type Value } from "../../support/run-engine.js";

const x: Value = { shape: [3, 4, 5], data: Float64Array.from({ length: 60 }, (_, k) => Math.sin(k + 1)) };
const token: Value = { shape: [5], data: Float64Array.of(0.5, -1, 2, 0.25, -0.75) };

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
  const pos: Value = { shape: [5, 5], data: Float64Array.from({ length: 25 }, (_value, k) => Math.cos(k)) };
  const inputs = new Map([...Object.entries({ x, token, pos })]);
  const on = (engine: ReturnType<typeof createPlanrefEngine>) => {
    const { template } = compileText(text, { target: engine.target("f64"), gradients: results.includes("loss") });
    return runOn(engine, template, planFor(template, { n: 3 }, null), inputs);
  };
  const expected = await on(createReferenceEngine());
  expect(expected.size).toBeGreaterThan(0);
  expectAllClose(await on(createPlanrefEngine()), expected, 1e-12);
});
