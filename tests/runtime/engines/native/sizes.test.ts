/**
 * Steps of every awkward size, as a program runs: f32 beside f64 of the same engine, f64 beside the oracle where that is quick enough, and
 * the same bits for any number of threads, at every run, from a cold cache and a warm one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Template } from "../../../../compiler/compile.js";
import type { Engine } from "../../../../runtime/engine.js";
import { createNativeEngine } from "../../../../runtime/engines/native/engine.js";
import { createReferenceEngine } from "../../../../runtime/engines/reference/engine.js";
import { matrixError } from "../../../support/close.js";
import { compileText, readPipelineFile } from "../../../support/compile-text.js";
import { randomFrom } from "../../../support/random.js";
import { planFor, runOn, type Value } from "../../../support/run-engine.js";
import { templateInputs } from "../../../support/template-inputs.js";
import { missing } from "../../../conformance/subjects.js";

const reason = missing.find(({ name }) => name === "native")?.reason ?? null;
const scratch = mkdtempSync(join(tmpdir(), "sig-sizes-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const text = (name: string): string => readPipelineFile(`${name}.sig`)?.text ?? "";
const compiled = (name: string, engine: Engine, precision: "f32" | "f64", width: number): Template =>
  compileText(text(name), { target: engine.target(precision), sets: { width: String(width) } }).template;

/**
 * Floats are f32 numbers away from 0, so that both precisions start from the same ones and no norm is tiny; ids meet now and then.
 * Of these draws no row's 64th logit is within f32's rounding of its 65th: which of the two is a hard negative is not a question of
 * precision here.
 */
function inputsOf(template: Template, n: number): ReadonlyMap<string, Value> {
  const random = randomFrom(n + 7);
  return templateInputs(template, n, ({ dtype }) =>
    dtype === "i32" ? random.below(n) : Math.fround((random.below(2) - 0.5) * (1 + 2 * random.uniform())),
  );
}
const dimsOf = (n: number): Readonly<Record<string, number>> => ({ n, m: n });

async function run(engine: Engine, template: Template, n: number): Promise<ReadonlyMap<string, Value>> {
  return runOn(engine, template, planFor(template, dimsOf(n), null), inputsOf(template, n));
}

function expectClose(actual: ReadonlyMap<string, Value>, expected: ReadonlyMap<string, Value>, tolerance: number, what: string): void {
  for (const [name, value] of expected) {
    const found = actual.get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    // By the contract numbers are measured against the terms that they are sums of: logits and losses of size one here. A
    // gradient through the norm of one component is 0, of terms of size one too.
    const isSum = value.shape.length === 0 || value.shape.at(-1) === 1;
    expect(matrixError(found, value, isSum ? 1 : 1e-3), `${name}, ${what}`).toBeLessThan(tolerance);
  }
}

describe.skipIf(reason !== null)("native", () => {
  const sizes = [1, 2, 13, 223, 1000, 1025];

  for (const [name, widths] of [
    ["siglip", [1, 5, 48, 96, 768]],
    ["clip", [5, 96]],
    ["hard_negatives", [48]],
  ] as const)
    for (const width of widths)
      test(`${name}, d = ${width}, n = ${sizes.join(", ")}`, { timeout: 120_000 }, async () => {
        const engine = await createNativeEngine({ guardBytes: 64 });
        const [narrow, wide] = [compiled(name, engine, "f32", width), compiled(name, engine, "f64", width)];
        const reference = createReferenceEngine();
        const oracle = compiled(name, reference, "f64", width);
        for (const n of sizes) {
          const exact = await run(engine, wide, n);
          if (n <= 223 && n * width <= 50_000) expectClose(exact, await run(reference, oracle, n), 1e-12, `f64 and reference, n = ${n}`);
          expectClose(await run(engine, narrow, n), exact, 1e-5, `f32 and f64, n = ${n}`);
        }
      });

  test("n = 4096, d = 768", { timeout: 120_000 }, async () => {
    const engine = await createNativeEngine();
    const exact = await run(engine, compiled("siglip", engine, "f64", 768), 4096);
    expectClose(await run(engine, compiled("siglip", engine, "f32", 768), 4096), exact, 1e-5, "f32 and f64");
  });

  for (const name of ["siglip", "clip", "hard_negatives"])
    test(`${name}: the same bits for 1, 2, 3 and 5 threads, twice each, from a cold and a warm cache`, { timeout: 120_000 }, async () => {
      let expected: ReadonlyMap<string, Value> | null = null;
      const before = process.env["SIG_CACHE_DIR"];
      process.env["SIG_CACHE_DIR"] = join(scratch, name);
      try {
        for (const threads of [1, 2, 3, 5, 1]) {
          const engine = await createNativeEngine({ threads });
          const template = compiled(name, engine, "f32", 48);
          const results = await run(engine, template, 777);
          expected ??= results;
          for (const [output, { data }] of expected) expect(results.get(output)?.data, `${output}, ${threads} threads`).toEqual(data);
        }
      } finally {
        if (before === undefined) delete process.env["SIG_CACHE_DIR"];
        else process.env["SIG_CACHE_DIR"] = before;
      }
    });
});

if (reason !== null) test("native is not here", ({ skip }) => skip(reason));
