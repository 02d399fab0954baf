/** Every spelling on every engine against its closed form: 1e-12 where the engine computes in f64, 1e-5 in f32. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Template } from "../../compiler/compile.js";
import { missing, subjects } from "../conformance/subjects.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { expectAllClose } from "../support/close.js";
import { compileText } from "../support/compile-text.js";
import { planFor, runLoaded } from "../support/run-engine.js";
import { loadTogether, type Together } from "../support/together.js";
import { draw, expectClosedForm, inputsOf, programOf, scalar } from "./case.js";
import { lossScale, selfSimilarity, spellings, twoTemperatures } from "./programs.js";
import type { Parameters } from "./similarity.js";

/** Edges in both directions, a tile larger than the batch, one pair. */
const cases = [
  { n: 13, m: 9, blocks: { i: 5, j: 4 } },
  { n: 7, m: 11, blocks: { i: 7, j: 64 } },
  { n: 1, m: 1, blocks: { i: 1, j: 1 } },
] as const;

const start: Parameters = { tPrime: Math.fround(Math.log(10)), bias: -10 };
/** Logits of thousands. */
const extreme: Parameters = { tPrime: Math.fround(Math.log(4096)), bias: 0 };
/** A logit of size L is known to L·2⁻²⁴ in f32 whoever computes it, and a sigmoid near 0 passes a quarter of that on. */
const conditioning = 4096 * 2 ** -24;

for (const { name, reason } of missing) test(`${name} is not here: ${reason}`, ({ skip }) => skip(reason));

const unrelated = [lossScale, selfSimilarity, twoTemperatures];

for (const { name, engine, precision, tolerance } of subjects)
  describe(`${name} ${precision} within ${tolerance}`, () => {
    const templates = new Map(
      [...spellings, ...unrelated].map((one) => [one.name, compileText(programOf(one), { target: engine.target(precision) }).template]),
    );
    const templateOf = (spelling: string): Template => templates.get(spelling) ?? expect.fail(`no template of ${spelling}`);
    let loaded: Together;
    beforeAll(async () => {
      loaded = await loadTogether(engine, [...templates.values()]);
    }, 300_000);
    afterAll(() => loaded.dispose());

    for (const spelling of spellings)
      test(spelling.name, async () => {
        const template = templateOf(spelling.name);
        for (const { n, m, blocks } of cases)
          for (const parameters of [start, extreme]) {
            // One pair with a logit of −4096: the sum of softplus itself is below the least f32.
            if (parameters === extreme && n === 1 && precision === "f32") continue;
            const allowed = parameters === extreme && precision === "f32" ? tolerance + conditioning : tolerance;
            const drawn = draw(n, spelling.rectangular ? m : n, 7 * n + m);
            const dims = { n, m: drawn.y.rows };
            const actual = await runLoaded(loaded.runOf(template), template, planFor(template, dims, blocks), inputsOf(drawn, parameters));
            expectClosedForm(spelling, drawn, actual, allowed, parameters);
          }
      });

    // Their closed forms are held by the oracle in regions.test.ts; here the engine is held to the oracle.
    for (const { name: row } of unrelated)
      test(row, async () => {
        const template = templateOf(row);
        const drawn = draw(13, 13, 5);
        const extra = [["s", 0.25] as const, ["u_prime", Math.fround(Math.log(3))] as const, ["offset", 0.5] as const];
        const inputs = new Map([...inputsOf(drawn, start), ...extra.map(([input, value]) => [input, scalar(value)] as const)]);
        const actual = await runLoaded(loaded.runOf(template), template, planFor(template, { n: 13 }, { i: 5, j: 4 }), inputs);
        expectAllClose(actual, evaluateGraph(template.graph, inputs, { n: 13 }), tolerance, 1e-3);
      });
  });
