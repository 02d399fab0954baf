/** Making values again changes nothing: random programs and two towers, however many rungs are dropped, to the bit. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bind } from "../../compiler/bind.js";
import { differentiable, tileProgram } from "../../compiler/compile.js";
import { parseGraph } from "../../compiler/graph/parse.js";
import { printGraph } from "../../compiler/graph/print.js";
import { verify } from "../../compiler/graph/verify.js";
import { afterGradients, runSteps, slicing } from "../../compiler/passes/pipeline.js";
import { recompute } from "../../compiler/passes/recompute.js";
import { ladderOf } from "../../compiler/passes/saved/ladder.js";
import { createNativeEngine } from "../../runtime/engines/native/engine.js";
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { drawInputs, pairProgram } from "../support/arbitrary-graph.js";
import { expectAllClose } from "../support/close.js";
import { lowerText } from "../support/compile-text.js";
import { whyNoNative } from "../support/native-missing.js";
import { planOf, runPlan, templateOf } from "../support/plan-graph.js";
import { quickly } from "../support/quickly.js";
import { randomFrom } from "../support/random.js";
import { runLoaded, type Value } from "../support/run-engine.js";
import { templateInputs } from "../support/template-inputs.js";
import { loadTogether } from "../support/together.js";
import { withGradients } from "../support/with-gradients.js";

const quiet = (): void => {};
const noNative = await whyNoNative();
const seed = Number(process.env.SIG_SEED ?? 7);

describe(`40 random pair programs, seed ${seed}`, () => {
  test("whatever is dropped, the interpreter's bits are the same, and the plan's values", async () => {
    let dropped = 0;
    for (let k = 0; k < 40; k++) {
      const program = pairProgram(seed + k, { outputs: true });
      const random = randomFrom(seed + k);
      const differentiated = withGradients(program.graph, program.wrt);
      const whole = runSteps(differentiated, afterGradients, quiet);
      const ladder = ladderOf(
        whole,
        program.graph.outputs.map(({ name }) => name),
      );
      const count = 1 + random.below(ladder.rungs.length + 1);
      const { graph } = recompute(() => ladder, count).run(whole);
      dropped += Math.min(count, ladder.rungs.length);
      verify(graph, "tiled");
      const dims = { n: 1 + random.below(13), m: 1 + random.below(13) };
      const blocks = { i: 1 + random.below(7), j: 1 + random.below(7), r: 1 + random.below(7) };
      const inputs = drawInputs(program, dims, seed + k);
      try {
        const text = printGraph(graph);
        expect(printGraph(parseGraph(text))).toBe(text);
        const expected = evaluateGraph(whole, inputs, dims, { blocks });
        expect(evaluateGraph(graph, inputs, dims, { blocks })).toEqual(expected);
        const template = templateOf(graph);
        expectAllClose(await runPlan(template, planOf(template, dims, blocks), inputs), expected, 1e-11, 1e-3);
        expectAllClose(evaluateGraph(runSteps(graph, slicing, quiet), inputs, dims, { blocks }), expected, 1e-11, 1e-3);
      } catch (error) {
        throw new Error(`program ${seed + k}, ${JSON.stringify({ dims, blocks, count })}\n${printGraph(graph, { spans: false })}`, {
          cause: error,
        });
      }
    }
    expect(dropped).toBeGreaterThan(10);
  });
});

describe("towers of pictures and texts, a batch of 5", () => {
  const text = readFileSync(new URL("../bench/programs/train_step.sig", import.meta.url), "utf8")
    .replaceAll("32, 32, 3", "6, 6, 3")
    .replace("patch: 4", "patch: 2")
    .replace("n, 16", "n, 5")
    .replace("depth: 6", "depth: 2")
    .replace("depth: 4", "depth: 2")
    .replace("vocab: 4096", "vocab: 30");
  const program = lowerText(text, { width: "12" });
  const tiled = tileProgram(program, { gradients: differentiable(program) });
  if (!("finish" in tiled)) throw new Error("not differentiable");
  const rungs = tiled.rungs();
  const { normal, below } = randomFrom(11);
  const dims = { n: 5 };
  const inputs = templateInputs(tiled.finish({ target: createPlanrefEngine().target("f64") }).template, dims.n, normal);
  const tokens = inputs.get("tokens");
  if (tokens !== undefined) inputs.set("tokens", { ...tokens, data: tokens.data.map(() => below(30)) });

  test("there is much to drop, and the plan holds less and less of it", () => {
    const target = createPlanrefEngine().target("f32");
    const peaks = [0, Math.ceil(rungs / 3), Math.ceil(rungs / 2), rungs].map((count) => {
      const { plan } = bind(tiled.finish({ target, recompute: count }).template, { n: 512 });
      return plan?.peakBytes ?? Number.NaN;
    });
    expect(rungs).toBeGreaterThan(12);
    expect(peaks.toSorted((a, b) => b - a)).toEqual(peaks);
    expect(peaks[3]).toBeLessThan((peaks[0] ?? 0) / 2);
  });

  test("values, operations and bytes that are made again are told by their lines", () => {
    const told = tiled.madeAgain(rungs);
    const source = (file: string) => readFileSync(new URL(`../../pipelines/${file}`, import.meta.url), "utf8");
    expect(told.map(({ span }) => span.file).every((file) => file === "test.sig" || source(file).length > 0)).toBe(true);
    expect(tiled.madeAgain(1)).toMatchObject([{ values: 2, flops: [] }]);
    expect(told.reduce((sum, { values }) => sum + values, 0)).toBeGreaterThan(rungs);
  });

  test.for([
    { name: "planref", precision: "f64", missing: null, counts: [0, 1, 9, Math.ceil(rungs / 2), rungs] },
    { name: "native", precision: "f32", missing: noNative, counts: [0, rungs] },
  ] as const)(
    "$name $precision: the loss and every gradient have the bits of what was kept",
    { timeout: 240_000 },
    async (on, { skip }) => {
      if (on.missing !== null) skip(on.missing);
      const engine = on.name === "planref" ? createPlanrefEngine() : await createNativeEngine({ extraFlags: quickly });
      const templates = on.counts.map((recompute) => tiled.finish({ target: engine.target(on.precision), recompute }).template);
      const { runOf, dispose } = await loadTogether(engine, templates);
      const results: ReadonlyMap<string, Value>[] = [];
      for (const template of templates)
        results.push(await runLoaded(runOf(template), template, planOf(template, dims, { i: 3, j: 3 }), inputs));
      dispose();
      const [kept] = results;
      expect(Number.isFinite(kept?.get("loss")?.data[0])).toBe(true);
      // Where a kernel has other operands its dims may fold otherwise, and then it adds up a parameter's gradient in another order.
      const exact = (name: string): boolean => on.name === "planref" || !name.startsWith("grad.txt.");
      const bitsOf = (values: typeof kept) => new Map([...(values ?? [])].filter(([name]) => exact(name)));
      on.counts.forEach((count, k) => {
        expect([count, bitsOf(results[k])]).toEqual([count, bitsOf(kept)]);
        expectAllClose(results[k] ?? new Map(), kept ?? new Map(), 1e-5, 1e-2);
      });
    },
  );
});
