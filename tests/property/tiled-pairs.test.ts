/**
 * Tile invariance, the property that everything else rests on: random pair programs and their gradients give the same
 * values tiled as untiled, whatever the sizes and blocks. Set SIG_SEED to look at one family again.
 */
import { describe, expect, test } from "vitest";
import { isTile } from "../../compiler/graph/graph.js";
import { printGraph } from "../../compiler/graph/print.js";
import { afterGradients, runSteps, type Step } from "../../compiler/passes/pipeline.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { drawInputs, pairProgram } from "../support/arbitrary-graph.js";
import { expectAllClose } from "../support/close.js";
import { randomFrom } from "../support/random.js";
import { withGradients } from "../support/with-gradients.js";

const programs = 500;
const seed = Number(process.env.SIG_SEED ?? 20261124);
const quiet = (): void => {};

const tilingAt = afterGradients.findIndex((step: Step) => step.name === "form-sweeps");
const untiled = afterGradients.slice(0, tilingAt);
const tiling = afterGradients.slice(tilingAt);

/** Odd sizes three times out of four. */
function oddSize(random: ReturnType<typeof randomFrom>, most: number): number {
  const size = 1 + random.below(most);
  return size % 2 === 0 && random.below(4) > 0 ? size - 1 : size;
}

describe(`${programs} random pair programs with gradients, seed ${seed}`, () => {
  const chunk = 50;
  let tiles = 0;
  for (let from = 0; from < programs; from += chunk)
    test(`programs ${from} to ${from + chunk - 1}: tiled equals untiled to 1e-12`, () => {
      for (let k = from; k < from + chunk; k++) {
        const random = randomFrom(seed + k);
        const program = pairProgram(seed + k, { outputs: true });
        const dims = { n: oddSize(random, 67), m: oddSize(random, 67) };
        const blocks = { i: oddSize(random, 70), j: oddSize(random, 70) };
        const inputs = drawInputs(program, dims, seed + k);
        const differentiated = withGradients(program.graph, program.wrt);
        const flat = runSteps(differentiated, untiled, quiet);
        const tiled = runSteps(flat, tiling, quiet);
        tiles += tiled.nodes.filter(isTile).length;
        try {
          expectAllClose(evaluateGraph(tiled, inputs, dims, { blocks }), evaluateGraph(flat, inputs, dims), 1e-12, 1e-3);
        } catch (error) {
          throw new Error(
            `program ${seed + k}, n = ${dims.n}, m = ${dims.m}, blocks ${blocks.i} × ${blocks.j}\n${printGraph(tiled, { spans: false })}`,
            { cause: error },
          );
        }
      }
    });

  test("the programs did form tiles", () => {
    expect(tiles).toBeGreaterThan(programs);
  });
});
