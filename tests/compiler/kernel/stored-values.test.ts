/** What is stored and what is computed again: siglip's step at n = 32768 must fit in little more than its inputs and gradients. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bind } from "../../../compiler/bind.js";
import type { KernelOf } from "../../../compiler/kernel/kernel.js";
import type { BufferRole, Plan } from "../../../compiler/plan/plan.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { compileText } from "../../support/compile-text.js";

const target = { ...createPlanrefEngine().target("f32"), maxBytes: null };
const bytes = ({ buffers }: Plan, role: BufferRole): number => buffers.reduce((sum, b) => (b.role === role ? sum + b.bytes : sum), 0);

function planOf(text: string, dims: Readonly<Record<string, number>>, gradients = true) {
  const { template } = compileText(text, { target, gradients });
  const { plan } = bind(template, dims);
  if (plan === null) throw new Error("no plan");
  return { plan, kernels: template.kernels };
}
const contractions = (kernels: ReturnType<typeof planOf>["kernels"]): readonly KernelOf<"contract">[] =>
  kernels.filter((kernel) => kernel.form === "contract");
const pipeline = (name: string): string => readFileSync(new URL(`../../../pipelines/${name}.sig`, import.meta.url), "utf8");

test.each(["siglip", "clip", "multi_positive"])("%s: at most 4 MiB and the blocks beside inputs and results, n = 32768", (name) => {
  const { plan } = planOf(pipeline(name), { n: 32768, m: 32768 });
  const rest = plan.peakBytes - bytes(plan, "given") - bytes(plan, "result") - bytes(plan, "block");
  expect(rest).toBeLessThanOrEqual(4 * 2 ** 20);
  // Accumulators of a gradient lie in the bytes of the gradient: all else that is stored is a vector or a number.
  const grown = plan.buffers.filter(({ role, shape }) => role === "temporary" && shape.length > 1);
  const results = plan.buffers.filter(({ role }) => role === "result");
  for (const { offset, bytes } of grown) expect(results.some((result) => result.offset === offset && result.bytes === bytes)).toBe(true);
});

/** The logits of a program in which `z` is one factor. */
const withFactor = (z: string, more = ""): string => `pipeline p {
  batch n
  input x: f32[n, 8]
  input y: f32[n, 8]
  input k: i32[n]
  param w: f32[8, 8] = 0.1
  z = ${z}
  logits[i, j] = dot(z[i], y[j])
  loss = sum[i, j](softplus(logits[i, j]))
  ${more}
}`;

describe("a factor of a contraction", () => {
  const sizes = { n: 32 };
  const stored = (plan: Plan): readonly string[] =>
    plan.buffers.filter(({ role, shape }) => role === "temporary" && shape.length === 2).map(({ name }) => name);
  const ops = (text: string): readonly string[] =>
    contractions(planOf(text, sizes, false).kernels).map(({ left }) =>
      left.scalars.map((s) => (s.kind === "op" ? s.op : s.kind)).join(" "),
    );

  test("is computed at each element where that is cheap", () => {
    expect(ops(withFactor("x * 2 + 1"))).toEqual(["load const mul const add"]);
    expect(stored(planOf(withFactor("x * 2 + 1"), sizes, false).plan)).toEqual([]);
  });
  test("takes what is known per row from a vector: the division and the root are done once a row", () => {
    expect(ops(withFactor("l2_normalize(x)"))).toEqual(["load load mul"]);
  });
  test("is stored where it is dear", () => {
    expect(ops(withFactor("tanh(x)"))).toEqual(["load"]);
    expect(stored(planOf(withFactor("tanh(x)"), sizes, false).plan)).toEqual(["z"]);
  });
  test("takes its slope from the stored value: of tanh, 1 - tanh² is no second array", () => {
    const { plan, kernels } = planOf(withFactor("tanh(x)"), sizes);
    // tanh itself, and the sum of the sweep that becomes the gradient.
    expect(stored(plan)).toEqual(["z", "back.logits/sum"]);
    expect(kernels.flatMap((k) => ("scalars" in k ? k.scalars : [])).filter((s) => s.kind === "op" && s.op === "tanh").length).toBe(1);
  });
  test("is read from the result where the program wants it whole, and from memory where another reader needs its bytes", () => {
    expect(ops(withFactor("x * 2", "output z"))).toEqual(["load"]);
    expect(ops(withFactor("x * 2", "output taken = z[k]"))).toEqual(["load"]);
  });
  test("a tower's output is stored as the norm reads it, not once more normalised", () => {
    const { plan, kernels } = planOf(withFactor("l2_normalize(x @ w)"), sizes, false);
    expect(stored(plan).length).toBe(1);
    expect(contractions(kernels).map(({ left }) => left.scalars.length)).toEqual([1, 3]);
  });
});
