/** The convolutional tower: its block against loops, its gradients against its slope, native f32 against the oracle. */
import { describe, expect, test } from "vitest";
import { createNativeEngine } from "../../runtime/engines/native/engine.js";
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import { createReferenceEngine } from "../../runtime/engines/reference/engine.js";
import type { Engine } from "../../runtime/engine.js";
import { expectAllClose, expectClose } from "../support/close.js";
import { compileText } from "../support/compile-text.js";
import { expectGradient } from "../support/finite-difference.js";
import { whyNoNative } from "../support/native-missing.js";
import { randomFrom } from "../support/random.js";
import { planFor, runOn, type Value } from "../support/run-engine.js";
import { templateInputs } from "../support/template-inputs.js";

const tower = `import { conv_tower } from "std/conv.sig"
pipeline p {
  batch n
  input image: f32[n, 8, 8, 3]
  encoder img = conv_tower(10, channels: 4, first: 1, second: 2, third: 1, kernel: 3, scale: 1)
  z = l2_normalize(img(image))
  t[i, j] = 10 * dot(z[i], z[j])
  loss = mean[i](logsumexp[j](t[i, j]) - t[i, i])
  output z
}`;

/** Exact in f32; parameters small enough for a forward pass of about 1. */
function drawn(template: Parameters<typeof templateInputs>[0], n: number, seed: number): Map<string, Value> {
  const { normal } = randomFrom(seed);
  const inputs = templateInputs(template, n, () => normal());
  for (const [name, { shape, data }] of inputs) {
    if (name === "image") continue;
    const fan = name.endsWith("weight") ? shape.slice(0, -1).reduce((a, b) => a * b, 1) : 4;
    const shift = name.endsWith("norm.scale") || name.endsWith("last.scale") || name.endsWith("gamma.scale") ? 1 : 0;
    inputs.set(name, { shape, data: data.map((x) => Math.fround(shift + x / Math.sqrt(fan))) });
  }
  return inputs;
}

const noNative = await whyNoNative();

async function run(engine: Engine, precision: "f32" | "f64", how: { readonly microBatch?: boolean; readonly r?: number } = {}) {
  const { template } = compileText(tower, { target: engine.target(precision), ...(how.microBatch === true ? { microBatch: true } : {}) });
  const blocks = { i: 4, j: 4, ...(how.r === undefined ? {} : { r: how.r }) };
  return runOn(engine, template, planFor(template, { n: 5 }, blocks), drawn(template, 5, 3));
}

describe("a tower of three stages", () => {
  test("native f32 gives the oracle's vectors, loss and every gradient", { timeout: 240_000 }, async ({ skip }) => {
    if (noNative !== null) skip(noNative);
    const [expected, found] = [
      await run(createReferenceEngine(), "f64"),
      await run(await createNativeEngine({ extraFlags: ["-O1"] }), "f32"),
    ];
    // Gradients through normalised vectors cancel: they are measured by the largest of their kind.
    expectAllClose(found, expected, 1e-4, 1e-2);
    expect(found.size).toBe(expected.size);
  });

  test("in slices of the batch it is the same tower", async () => {
    const engine = createPlanrefEngine();
    const [whole, sliced] = [await run(engine, "f64"), await run(engine, "f64", { microBatch: true, r: 2 })];
    expectAllClose(sliced, whole, 1e-11, 1e-3);
    expect(sliced.get("z")).toEqual(whole.get("z"));
  });

  test("its gradients are its slope", () => {
    const { template, program } = compileText(tower);
    const wrt = [...program.params.map(({ path }) => path), "image"];
    expectGradient({ graph: template.graph, wrt, inputs: drawn(template, 3, 5), dims: { n: 3 }, seed: 7 });
  });

  test("its parameters are where a checkpoint looks for them", () => {
    const paths = compileText(tower).program.params.map(({ path }) => path);
    expect(paths).toHaveLength(2 + 2 + 4 * 9 + 2 * 4 + 2 + 2);
    expect(paths).toContain("img.stage2.1.depthwise.weight");
    expect(paths).toContain("img.stage2.1.mlp.down.bias");
    expect(paths).toContain("img.stage3.0.gamma.scale");
    expect(paths).toContain("img.down1.reduce.weight");
  });
});

test("a block is x + scale * mlp(layer_norm(depthwise convolution)), place by place", async () => {
  const engine = createReferenceEngine();
  const text = `import { convnext_block } from "std/conv.sig"
pipeline p {
  batch n
  input x: f32[n, 4, 5, 3]
  encoder b = convnext_block(3, kernel: 3, hidden: 4, activation: "gelu_tanh")
  output y = b(x)
}`;
  const { template } = compileText(text, { target: engine.target("f64"), gradients: false });
  const { normal } = randomFrom(9);
  const inputs = templateInputs(template, 2, normal);
  const of = (name: string, at: number): number => inputs.get(name)?.data[at] ?? expect.fail(`${name} ${at}`);
  const y = Float64Array.from({ length: 2 * 4 * 5 * 3 }, (_, at) => {
    const [c, column, row, picture] = [at % 3, Math.floor(at / 3) % 5, Math.floor(at / 15) % 4, Math.floor(at / 60)];
    const around = [0, 1, 2].map((channel) => {
      let sum = of("b.depthwise.bias", channel);
      for (let p = -1; p <= 1; p++)
        for (let q = -1; q <= 1; q++)
          if (row + p >= 0 && row + p < 4 && column + q >= 0 && column + q < 5)
            sum +=
              of("x", ((picture * 4 + row + p) * 5 + column + q) * 3 + channel) *
              of("b.depthwise.weight", ((p + 1) * 3 + q + 1) * 3 + channel);
      return sum;
    });
    const mean = around.reduce((a, b) => a + b) / 3;
    const deviation = Math.sqrt(around.reduce((a, b) => a + (b - mean) ** 2, 0) / 3 + 1e-6);
    const normed = around.map((v, k) => ((v - mean) / deviation) * of("b.norm.scale", k) + of("b.norm.shift", k));
    const hidden = [0, 1, 2, 3].map((h) => {
      const v = normed.reduce((sum, u, k) => sum + u * of("b.mlp.up.weight", k * 4 + h), of("b.mlp.up.bias", h));
      return (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
    });
    const mixed = hidden.reduce((sum, v, h) => sum + v * of("b.mlp.down.weight", h * 3 + c), of("b.mlp.down.bias", c));
    return of("x", at) + mixed * of("b.gamma.scale", c);
  });
  const found = await runOn(engine, template, planFor(template, { n: 2 }, null), inputs);
  expectClose("y", found.get("y"), { shape: [2, 4, 5, 3], data: y }, 1e-12);
});
