/** Towers that drop: what a training step leaves out, that every engine and slice leaves out the same, and that nothing else does. */
import { describe, expect, test } from "vitest";
import { compileProgram, type Template } from "../../compiler/compile.js";
import { isTile } from "../../compiler/graph/graph.js";
import { printSize } from "../../compiler/graph/size.js";
import { stepKey } from "../../compiler/kernel/philox.js";
import { randomInput } from "../../compiler/lower/draws.js";
import type { Engine } from "../../runtime/engine.js";
import { createNativeEngine } from "../../runtime/engines/native/engine.js";
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import { expectClose } from "../support/close.js";
import { compileText, graphTarget, lowerText } from "../support/compile-text.js";
import { expectGradient, type Inputs } from "../support/finite-difference.js";
import { whyNoNative } from "../support/native-missing.js";
import { randomFrom } from "../support/random.js";
import { planFor, runOn } from "../support/run-engine.js";
import { templateInputs } from "../support/template-inputs.js";

const noNative = await whyNoNative();
const [DROP, PATCH_DROP] = [0.2, 0.5];
const programOf = (image: string, text: string): string => `import { text_transformer } from "std/text.sig"
import { vit } from "std/vision.sig"
pipeline p {
  batch n
  input image: f32[n, 8, 8, 2]
  input tokens: i32[n, 5]
  encoder img = vit(8, depth: 1, heads: 2, patch: 2, hidden: 12${image})
  encoder txt = text_transformer(vocab: 11, width: 8, depth: 1, heads: 2, hidden: 12${text})
  zi = img(image)
  zt = txt(tokens)
  loss = mean(square(zi @ zt.T))
  output zi
  output zt
}`;
const drops = programOf(`, pool: "cls", drop: ${DROP}, patch_drop: ${PATCH_DROP}`, `, drop: ${DROP}`);
const wrt = (text: string) => ["image", ...lowerText(text).params.map(({ path }) => path)];

function stepOf(text: string, target = graphTarget, microBatch = false) {
  const { template } = compileProgram(lowerText(text, {}, true), { target, gradients: wrt(text), microBatch });
  return template ?? expect.fail("not compiled");
}

const n = 6;
const inputsOf = (template: Template): Inputs => {
  const random = randomFrom(8);
  const drawn = templateInputs(template, n, ({ dtype }) => (dtype === "i32" ? random.below(11) : random.normal()));
  return new Map([...drawn, [randomInput, { shape: [2], data: Float64Array.from(stepKey(11, 2)) }]]);
};
const runStep = (text: string, engine: Engine, precision: "f32" | "f64", rows: number | null) => {
  const template = stepOf(text, engine.target(precision), rows !== null);
  if (rows !== null) expect(template.graph.nodes.some(isTile)).toBe(true);
  return runOn(engine, template, planFor(template, { n }, rows === null ? null : { r: rows }), inputsOf(template));
};

/** A key's bias moves all scores of a row alike, which softmax does not see: its gradient is 0, as a sum of terms like the weight's. */
const floorOf = (values: Inputs, name: string): number =>
  name.endsWith(".k.bias") ? Math.max(...(values.get(name.replace(/bias$/, "weight"))?.data ?? []).map(Math.abs)) : 0;

describe("in a training step", () => {
  test("the blocks run on what is left of the patches", () => {
    const shapes = (text: string): ReadonlySet<string> => {
      const { nodes } = lowerText(text, {}, true).graph;
      return new Set(nodes.flatMap((node) => (isTile(node) || node.op !== "gelu" ? [] : [node.type.shape.map(printSize).join(" ")])));
    };
    const of = (...sizes: readonly number[]) => ["n", ...sizes].join(" ");
    const [kept, seen] = [8, 16];
    expect(shapes(drops)).toContain(of(kept + 1, 12));
    expect(shapes(drops.replace(`, patch_drop: ${PATCH_DROP}`, ""))).toContain(of(seen + 1, 12));
    expect(shapes(drops.replace('pool: "cls", ', ""))).toContain(of(kept, 12));
    expect(shapes(drops.replace(`patch_drop: ${PATCH_DROP}`, "patch_drop: 0.99"))).toContain(of(1 + 1, 12));
  });

  test("gradients are the slope of the loss", () => {
    const template = stepOf(drops);
    expectGradient({ graph: template.graph, wrt: wrt(drops), inputs: inputsOf(template), dims: { n }, seed: 5 });
  });

  test("slices of the batch give what the whole batch gives", async () => {
    const planref = createPlanrefEngine();
    const whole = await runStep(drops, planref, "f64", null);
    const parts = await runStep(drops, planref, "f64", 4);
    for (const [name, value] of whole) expectClose(name, parts.get(name), value, 1e-12, floorOf(whole, name));
  });

  // Whole towers take the C compiler a minute, and what they add to this is run by every engine in other tests.
  test("the native engine leaves out the same", { timeout: 120_000 }, async ({ skip }) => {
    if (noNative !== null) skip(noNative);
    const layer = `pipeline p {
  batch n
  input image: f32[n, 8, 8, 2]
  param pos: f32[16, 8] ~ normal(1)
  patches = rearrange(image, "n (h p) (w q) c -> n (h w) (p q c)", p: 2, q: 2)
  y = keep_random(dropout(patches + pos, ${DROP}), axis: 1, count: 8)
  loss = sum(tanh(y))
  output y
}`;
    const expected = await runStep(layer, createPlanrefEngine(), "f64", null);
    const native = await createNativeEngine({ threads: 2 });
    const found = await runStep(layer, native, "f32", null);
    for (const [name, value] of expected) expectClose(name, found.get(name), value, 1e-4);
    native.dispose();
  });
});

describe("anywhere else", () => {
  test("the graph is that of towers that drop nothing", () => {
    const ops = (text: string) => compileText(text).template.graph.nodes.map(({ op }) => op);
    expect(ops(drops.replace('pool: "cls", ', ""))).toEqual(ops(programOf("", "")));
  });

  test("rates of 0 draw nothing in a step either", () => {
    const none = programOf(', pool: "cls", drop: 0, patch_drop: 0', ", drop: 0");
    const ops = (text: string) => lowerText(text, {}, true).graph.nodes.map(({ op }) => op);
    expect(ops(none)).toEqual(ops(programOf(', pool: "cls"', "")));
    expect(ops(none)).not.toContain("random");
  });
});
