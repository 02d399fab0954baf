/**
 * Keeping tiles changes nothing but the work: whatever number of tiles a later sweep reads instead of computing them again, its
 * results have the same bits. Set SIG_SEED to look at one family again.
 */
import { describe, expect, test } from "vitest";
import { printStatements } from "../../compiler/plan/print-plan.js";
import { afterGradients, runSteps } from "../../compiler/passes/pipeline.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { drawInputs, pairProgram } from "../support/arbitrary-graph.js";
import { planOf, runPlan, templateOf } from "../support/plan-graph.js";
import { randomFrom } from "../support/random.js";
import { withGradients } from "../support/with-gradients.js";

const seed = Number(process.env["SIG_SEED"] ?? 20261126);
const programs = 150;
const chunk = 50;
const quiet = (): void => {};

describe(`${programs} random pair programs with gradients, seed ${seed}`, () => {
  let sweepsThatRead = 0;
  for (let from = 0; from < programs; from += chunk)
    test(`programs ${from} to ${from + chunk - 1}: no tile, some and all of them kept give the same bits`, async () => {
      for (let id = seed + from; id < seed + from + chunk; id++) {
        const program = pairProgram(id, { outputs: true });
        const differentiated = withGradients(program.graph, program.wrt);
        const template = templateOf(runSteps(differentiated, afterGradients, quiet));
        if ((template.schedule?.keeps.length ?? 0) === 0) continue;
        const random = randomFrom(id);
        const dims = { n: 1 + random.below(23), m: 1 + random.below(19) };
        const blocks = { i: 1 + random.below(9), j: 1 + random.below(9) };
        const inputs = drawInputs(program, dims, id);
        const plan = (counts: (of: number) => number): Plan => {
          const bare = planOf(template, dims, blocks);
          return planOf(
            template,
            dims,
            blocks,
            bare.kept.map(({ of }) => counts(of)),
          );
        };
        const plans = [plan(() => 0), plan((of) => random.below(of + 1)), plan((of) => of)] as const;
        const [none] = plans;
        const expected = await runPlan(template, none, inputs);
        for (const kept of plans.slice(1)) {
          sweepsThatRead += kept.kept.reduce((sum, { tiles, count }) => sum + (count > 0 ? tiles.length - 1 : 0), 0);
          try {
            expect(await runPlan(template, kept, inputs)).toEqual(expected);
            expect(kept.flops).toBeLessThanOrEqual(none.flops);
          } catch (error) {
            const text = printStatements(kept, template.kernels).join("\n");
            throw new Error(`program ${id}, ${JSON.stringify({ dims, blocks, kept: kept.kept })}\n${text}`, { cause: error });
          }
        }
      }
    });

  test("the programs did read kept tiles", () => {
    expect(sweepsThatRead).toBeGreaterThan(programs / 10);
  });
});
