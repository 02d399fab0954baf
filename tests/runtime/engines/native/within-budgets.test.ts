/** `--memory` from ample down to an eighth of it: two small towers, one step, the same results in what was planned. */
import { beforeAll, describe, expect, test } from "vitest";
import { bind } from "../../../../compiler/bind.js";
import type { Template } from "../../../../compiler/compile.js";
import type { Plan } from "../../../../compiler/plan/plan.js";
import { createNativeEngine } from "../../../../runtime/engines/native/engine.js";
import type { Engine } from "../../../../runtime/engine.js";
import { expectClose } from "../../../support/close.js";
import { compileText } from "../../../support/compile-text.js";
import { whyNoNative } from "../../../support/native-missing.js";
import { quickly } from "../../../support/quickly.js";
import { randomFrom } from "../../../support/random.js";
import { hostInputs, type Value } from "../../../support/run-engine.js";
import { templateInputs } from "../../../support/template-inputs.js";
import { loadTogether, type Together } from "../../../support/together.js";

const text = `import { vit } from "std/vision.sig"
import { text_transformer } from "std/text.sig"
pipeline two_towers {
  batch n
  input image: f32[n, 24, 24, 3]
  input tokens: i32[n, 11]
  encoder img = vit(48, 2, 3, 4)
  encoder txt = text_transformer(64, 48, 2, 3)
  param t_prime: f32 = log(10)
  param bias: f32 = -10
  zi = l2_normalize(img(image))
  zt = l2_normalize(txt(tokens))
  logits[i, j] = exp(t_prime) * dot(zi[i], zt[j]) + bias
  label[i, j] = where(i == j, 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n
  output zi
  output zt
}`;

/** The f32 engines' share of the numerics contract. */
const tolerance = 1e-5;
const n = 75;
const reason = await whyNoNative();

type Run = { readonly plan: Plan; readonly measured: number; readonly values: ReadonlyMap<string, Value> };

describe.skipIf(reason !== null)("two towers within budgets", () => {
  let engine: Engine;
  let whole: Template;
  let cut: Template;
  let loaded: Together;
  let inputs: ReadonlyMap<string, Value>;
  let ample: Run;
  beforeAll(async () => {
    engine = await createNativeEngine({ extraFlags: quickly, guardBytes: 64, threads: 2 });
    const target = engine.target("f32");
    whole = compileText(text, { target }).template;
    cut = compileText(text, { target, microBatch: true }).template;
    loaded = await loadTogether(engine, [whole, cut]);
    const random = randomFrom(7);
    inputs = templateInputs(whole, n, ({ dtype }) => (dtype === "i32" ? random.below(64) : Math.fround(0.3 * random.normal())));
    ample = await run(whole, bind(whole, { n }).plan);
  }, 600_000);

  async function run(template: Template, plan: Plan | null): Promise<Run> {
    if (plan === null) return expect.fail("no plan");
    const { outputs, stats } = await loaded.runOf(template)(plan, { inputs: hostInputs(template, plan, inputs) });
    const values = new Map([...outputs].map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data as Float32Array) }]));
    return { plan, measured: stats.measuredPeakBytes, values };
  }

  function expectAsAmple(values: Run["values"]): void {
    expect([...values.keys()]).toEqual([...ample.values.keys()]);
    for (const rows of ["zi", "zt"]) expect(values.get(rows), rows).toEqual(ample.values.get(rows));
    for (const [name, value] of ample.values) {
      // A key's bias moves all scores of a row alike, which softmax does not see: its gradient is 0, as a sum of terms like the weight's.
      const terms = name.endsWith(".k.bias") ? (ample.values.get(name.replace(/bias$/, "weight"))?.data ?? []) : [];
      expectClose(name, values.get(name), value, tolerance, Math.max(0, ...terms.map(Math.abs)));
    }
  }

  /** What a share of the ample plan's bytes comes to, the engine's own workspace apart: that is the same whatever the program. */
  function budget(share: number): number {
    const own = ample.plan.target.workspaceBytes ?? 0;
    return Math.floor(own + share * (ample.plan.peakBytes - own));
  }

  test.each([1, 3 / 4, 1 / 2, 1 / 4, 1 / 8])(
    "%f of the memory: same rows in bits, same loss and gradients, planned = measured",
    async (share) => {
      const memoryBytes = budget(share);
      const fits = bind(whole, { n }, { memoryBytes }).plan;
      const { plan, measured, values } = await run(fits === null ? cut : whole, fits ?? bind(cut, { n }, { memoryBytes }).plan);
      expect(plan.peakBytes).toBeLessThanOrEqual(memoryBytes);
      expect(measured).toBe(plan.peakBytes);
      expectAsAmple(values);
    },
  );

  test("less than the least is refused with places and what would do, and that does", async () => {
    const [refusal] = bind(cut, { n }, { memoryBytes: budget(1 / 100) }).diagnostics;
    if (refusal === undefined) return expect.fail("it fits");
    expect(refusal.code).toBe("SIG5001");
    expect(refusal.related.length).toBeGreaterThan(0);
    for (const { span } of refusal.related) expect(span.end).toBeGreaterThan(span.start);
    const advised = /--memory ([\d.]+)MiB/.exec(refusal.help.join())?.[1];
    const memoryBytes = Math.floor(Number(advised) * 2 ** 20);
    const { plan, measured, values } = await run(cut, bind(cut, { n }, { memoryBytes }).plan);
    expect([plan.peakBytes <= memoryBytes, measured]).toEqual([true, plan.peakBytes]);
    // A hundredth less does not do, so that the advice is no more than is needed.
    expect(bind(cut, { n }, { memoryBytes: Math.floor(plan.peakBytes * 0.99) }).plan).toBeNull();
    expectAsAmple(values);
  });
});

if (reason !== null) test("native is not here", ({ skip }) => skip(reason));
