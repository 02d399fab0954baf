/**
 * A later sweep computes logits again and compares them with what an earlier one chose. Were one bit of them to depend on the
 * block, the place in a register tile or the kernel around it, a maximum would be found in no column, and a mask of the k best
 * would hold k − 1 or k + 1. Blocks of 1 … 70 rows and columns, an inner dim of any length.
 */
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Template } from "../../../../compiler/compile.js";
import type { Engine } from "../../../../runtime/engine.js";
import { createNativeEngine } from "../../../../runtime/engines/native/engine.js";
import { missing } from "../../../conformance/subjects.js";
import { compileText } from "../../../support/compile-text.js";
import { randomFrom } from "../../../support/random.js";
import { planFor, runLoaded, type Value } from "../../../support/run-engine.js";
import { loadTogether, type Together } from "../../../support/together.js";

const reason = missing.find(({ name }) => name === "native")?.reason ?? null;
const seed = Number(process.env["SIG_SEED"] ?? 20261126);
const k = 3;

/** `found`: how often each row's and each column's maximum is met again; `taken`: of how many columns the k best are. */
const program = (logits: string): string => `pipeline p {
  batch n, m, d
  input x: f32[n, d]
  input y: f32[m, d]
  input row: f32[n]
  param t: f32 = 0.7
  param bias: f32 = -10
  logits[i, j] = ${logits}
  high[i] = max[j](logits[i, j])
  below[j] = max[i](logits[i, j])
  hard[i, j] = in_top_k[j](logits[i, j], k: ${k})
  in_rows[i] = sum[j](where(logits[i, j] == high[i], 1, 0))
  in_columns[j] = sum[i](where(logits[i, j] == below[j], 1, 0))
  taken[i] = sum[j](where(hard[i, j], 1, 0))
  loss = sum[i, j](where(hard[i, j], logits[i, j], 0))
  output in_rows
  output in_columns
  output taken
}`;

const spellings = {
  "scaled and shifted": "exp(t) * dot(x[i], y[j]) + bias",
  "shifted by the row": "dot(x[i], y[j]) * exp(t) - row[i] * t",
  bent: "tanh(exp(t) * dot(x[i], y[j]) / 50) * 20 + bias",
  "a sum of two products": "t * dot(x[i], y[j]) + row[i] * bias",
} as const;

describe.skipIf(reason !== null).each(["f32", "f64"] as const)(`logits computed again, %s, seed ${seed}`, (precision) => {
  let engine: Engine;
  let loaded: Together;
  let templates: ReadonlyMap<string, Template>;
  beforeAll(async () => {
    engine = await createNativeEngine({ guardBytes: 64, threads: 3 });
    const target = engine.target(precision);
    templates = new Map(Object.entries(spellings).map(([name, logits]) => [name, compileText(program(logits), { target }).template]));
    loaded = await loadTogether(engine, [...templates.values()]);
  }, 120_000);

  test.each(Object.keys(spellings))("%s", async (name) => {
    const template = templates.get(name) ?? expect.fail("no template");
    const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
    const shapes = fc.record({ n: size(90), m: size(90), d: size(70), i: size(70), j: size(70), draw: size(1000) });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ n, m, d, i, j, draw }) => {
        const random = randomFrom(draw);
        const array = (...shape: number[]): Value => ({
          shape,
          data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.fround(random.normal())),
        });
        const number = (value: number): Value => ({ shape: [], data: Float64Array.of(Math.fround(value)) });
        const inputs = new Map([
          ["x", array(n, d)],
          ["y", array(m, d)],
          ["row", array(n)],
          ["t", number(0.7)],
          ["bias", number(-10)],
        ]);
        const results = await runLoaded(loaded.runOf(template), template, planFor(template, { n, m, d }, { i, j }), inputs);
        const all = (output: string): readonly number[] => [...(results.get(output)?.data ?? [])];
        expect(all("taken")).toEqual(Array.from({ length: n }, () => Math.min(k, m)));
        // Two logits may round to one number, so that a maximum is met twice; never not at all.
        for (const output of ["in_rows", "in_columns"]) expect(Math.min(...all(output)), output).toBeGreaterThanOrEqual(1);
      }),
      { seed, numRuns: 60 },
    );
  });
});

if (reason !== null) test("native is not here", ({ skip }) => skip(reason));
