/** Heads put side by side are a view of the product that made them; values that somebody else reads in order lie in order. */
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
  input w: f32[12, 7]
  heads = p @ v
  ${results}
}`;

const sideBySide = 'rearrange(heads, "n h t d -> n t (h d)")';
const transposed = 'rearrange(heads, "n h t d -> n d (h t)")';
const product = "contract 5 3 2 6 4";

test.each<[string, string, readonly string[]]>([
  ["heads side by side", `output z = ${sideBySide} @ w`, [product, "contract 15 7 12"]],
  [
    "and what is made of them on the way",
    `s = exp(heads)\n  output z = rearrange(s, "n h t d -> n t (h d)") @ w`,
    [product, "contract 15 7 12"],
  ],
  ["rows that become columns", `output z = sum(${transposed}, axis: 1)`, ["contract 5 6 2 3 4", "reduce 5 6 6"]],
  [
    "two readers that agree",
    `output z = ${sideBySide} @ w\n  output s = sum(${sideBySide}, axis: 1)`,
    [product, "contract 15 7 12", "reduce 5 3 12"],
  ],
  [
    "but not where they do not",
    `output z = ${sideBySide} @ w\n  output s = sum(${transposed} ** 3, axis: 1)`,
    ["contract 10 3 6 4", "map 5 3 2 6", "contract 15 7 12", "reduce 5 6 6"],
  ],
  [
    "nor where the product is asked for as it is",
    `output z = ${sideBySide} @ w\n  output heads`,
    ["contract 10 3 6 4", "map 5 3 2 6", "contract 15 7 12"],
  ],
])("%s", (_, results, calls) => expect(kernelCalls(program(results))).toEqual(calls));

test.each([
  `loss = sum((${sideBySide} @ w) ** 3) + sum(exp(-(${sideBySide} ** 2)))`,
  `loss = sum((${transposed}) ** 3) + sum(heads ** 2)`,
  `s = exp(-(heads ** 2))\n  loss = sum((rearrange(s, "n h t d -> n t (h d)") @ w) ** 3) + sum(heads ** 4, axis: [1, 3])[0, 1]`,
])("the same values and gradients: %s", async (result) => {
  const on = (engine: Engine) => {
    const { template } = compileText(program(result), { target: engine.target("f64"), gradients: true });
    return runOn(engine, template, planFor(template, { n: 3 }, null), templateInputs(template, 3, randomFrom(5).normal));
  };
  expectAllClose(await on(createPlanrefEngine()), await on(createReferenceEngine()), 1e-12);
});
