/** A million pairs a side: planned quickly, without a buffer of n×n, and with one that names its line where the program asks for it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bind } from "../../compiler/bind.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { escapes } from "../../compiler/plan/verify-plan.js";
import type { Target } from "../../compiler/target.js";
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import { compileText, graphTarget } from "../support/compile-text.js";

const n = 1_048_576;
const siglip = readFileSync(new URL("../../pipelines/siglip.sig", import.meta.url), "utf8");
const whole = siglip.replace("  loss =", "  output logits\n  loss =");

const planref = createPlanrefEngine();
const targets: readonly (readonly [string, Target])[] = [
  ["kernels, f32", { ...planref.target("f32"), maxBytes: null }],
  ["kernels, f64", { ...planref.target("f64"), maxBytes: null }],
  ["ops, f32", { ...graphTarget, engine: "tfjs", granularity: "op", precision: "f32" }],
];

function planOf(text: string, onTarget: Target): { readonly plan: Plan; readonly ms: number } {
  const { template } = compileText(text, { target: onTarget });
  const started = performance.now();
  const { plan, diagnostics } = bind(template, { n });
  const ms = performance.now() - started;
  if (plan === null) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return { plan, ms };
}

describe.each(targets)(`siglip.sig with gradients at n = ${n}: %s`, (name, onTarget) => {
  test("no buffer of batch degree 2, and an answer at once", () => {
    const { plan, ms } = planOf(siglip, onTarget);
    process.stdout.write(`bind, ${name}: ${ms.toFixed(0)} ms, ${(plan.peakBytes / 2 ** 30).toFixed(1)} GiB\n`);
    expect(escapes(plan)).toEqual([]);
    // Two embeddings and their gradients: a plan that needs less has forgotten something, one that needs 16 times that hides a square.
    const embeddings = 4 * n * 768 * (onTarget.precision === "f64" ? 8 : 4);
    expect(plan.peakBytes).toBeGreaterThan(embeddings);
    expect(plan.peakBytes).toBeLessThan(16 * embeddings);
    // The promise is a second; a laden machine gets five.
    expect(ms).toBeLessThan(5000);
  });

  test("`output logits` makes one appear, on its line", () => {
    const { plan } = planOf(whole, onTarget);
    const found = escapes(plan);
    expect(found.length).toBeGreaterThan(0);
    const lines = found.map(({ span }) => whole.slice(0, span.start).split("\n").length);
    const line = whole.split("\n").findIndex((text) => text.trimStart().startsWith("logits[i, j]")) + 1;
    expect(new Set(lines)).toEqual(new Set([line]));
    expect(plan.peakBytes).toBeGreaterThan(n * n * 4);
  });
});
