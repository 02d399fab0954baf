/** Programs at their edges against the oracle: huge logits, rows that are masked altogether, equal rows, NaN and infinity. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Template } from "../../../../compiler/compile.js";
import { createNativeEngine } from "../../../../runtime/engines/native/engine.js";
import { evaluateGraph } from "../../../../runtime/engines/reference/evaluate.js";
import { missing } from "../../../conformance/subjects.js";
import { expectAllClose } from "../../../support/close.js";
import { compileText, readPipelineFile } from "../../../support/compile-text.js";
import { randomFrom } from "../../../support/random.js";
import { planFor, runLoaded, type Value } from "../../../support/run-engine.js";
import { templateInputs } from "../../../support/template-inputs.js";
import { loadTogether, type Together } from "../../../support/together.js";

const reason = missing.find(({ name }) => name === "native")?.reason ?? null;
const pipelines = ["siglip", "clip", "multi_positive", "hard_negatives", "vse", "supcon"] as const;
const width = 7;
const dims = { n: 19, m: 19 };
/** Odd ones, the last of each direction shorter. */
const blocks = { i: 8, j: 5 };

type Change = (inputs: Map<string, Value>) => void;
const each = (inputs: Map<string, Value>, rank: number, change: (data: Float64Array, shape: readonly number[]) => void): void => {
  for (const { shape, data } of inputs.values()) if (shape.length === rank) change(data, shape);
};
const set =
  (rank: number, at: number, value: number): Change =>
  (inputs) =>
    each(inputs, rank, (data) => void (data[at] = value));

const cases: Readonly<Record<string, Change>> = {
  "logits of ±1e4": (inputs) => inputs.set("t_prime", { shape: [], data: Float64Array.of(Math.log(1e4)) }),
  // Every pair is positive: no negative is left to choose from.
  "one id for all": (inputs) => each(inputs, 1, (data) => void data.fill(3)),
  "no two ids alike": (inputs) => each(inputs, 1, (data, [n = 0]) => data.set(data.map((_, k) => k + n))),
  "equal rows": (inputs) => each(inputs, 2, (data) => data.set(data.map((_, k) => data[k % width] ?? 0))),
  "rows of zeros": (inputs) => each(inputs, 2, (data) => void data.fill(0, width, 3 * width)),
  "one NaN": set(2, 3 * width + 2, Number.NaN),
  "one infinity": set(2, 4 * width + 1, Number.POSITIVE_INFINITY),
  "a NaN for a temperature": (inputs) => inputs.set("t_prime", { shape: [], data: Float64Array.of(Number.NaN) }),
};

function inputsOf(template: Template): Map<string, Value> {
  const random = randomFrom(17);
  return templateInputs(template, dims.n, ({ dtype, shape }) =>
    dtype === "i32" ? random.below(6) : shape.length === 0 ? 1 : random.normal(),
  );
}

describe.skipIf(reason !== null)("native f64", () => {
  let templates: ReadonlyMap<string, Template>;
  let loaded: Together;
  beforeAll(async () => {
    const engine = await createNativeEngine({ guardBytes: 64 });
    const compiled = (name: string): Template =>
      compileText(readPipelineFile(`${name}.sig`)?.text ?? "", { target: engine.target("f64"), sets: { width: String(width) } }).template;
    templates = new Map(pipelines.map((name) => [name, compiled(name)]));
    loaded = await loadTogether(engine, [...templates.values()]);
  }, 120_000);

  for (const [what, change] of Object.entries(cases))
    test.each(pipelines)(`${what}: %s`, async (name) => {
      const template = templates.get(name) ?? expect.fail("no template");
      const inputs = inputsOf(template);
      change(inputs);
      const used = new Map(
        [...inputs].filter(([input]) => template.graph.nodes.some((node) => node.op === "input" && node.attrs.name === input)),
      );
      const plan = planFor(template, dims, blocks);
      const actual = await runLoaded(loaded.runOf(template), template, plan, used);
      // A logit of 1e4 is known to 1e4 · 2⁻⁵³ whoever computes it.
      const tolerance = what.startsWith("logits") ? 1e-12 + 1e4 * 2 ** -53 : 1e-12;
      expectAllClose(actual, evaluateGraph(template.graph, used, dims, { blocks }), tolerance, 1e-3);
    });
});

if (reason !== null) test("native is not here", ({ skip }) => skip(reason));
