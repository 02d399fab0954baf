/**
 * Every plan runs as the graph means it: random pair programs, whole and tiled with gradients, against the oracle.
 * Set SIG_SEED to look at one family again.
 */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { decompose } from "../../../compiler/graph/decompose.js";
import { type Graph, isTile } from "../../../compiler/graph/graph.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { afterGradients, beforeGradients, runSteps, slicing } from "../../../compiler/passes/pipeline.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { drawInputs, type PairProgram, pairProgram } from "../../support/arbitrary-graph.js";
import { expectAllClose } from "../../support/close.js";
import { type Blocks, planOf, runPlan, templateOf } from "../../support/plan-graph.js";
import { randomFrom } from "../../support/random.js";

const seed = Number(process.env["SIG_SEED"] ?? 20261125);
const programs = 120;
const quiet = (): void => {};

async function expectSame(graph: Graph, program: PairProgram, dims: { n: number; m: number }, blocks: Blocks, id: number): Promise<void> {
  try {
    const inputs = drawInputs(program, dims, id);
    const template = templateOf(graph);
    const over: number[] = [];
    const audit = ({ statement, plannedBytes, actualBytes }: { statement: number; plannedBytes: number; actualBytes: number }): void => {
      if (actualBytes > plannedBytes) over.push(statement);
    };
    const outputs = await runPlan(template, planOf(template, dims, blocks), inputs, { audit });
    expect(over, "statements at which more bytes live than planned").toEqual([]);
    expectAllClose(outputs, evaluateGraph(graph, inputs, dims, { blocks }), 1e-12, 1e-3);
  } catch (error) {
    throw new Error(`program ${id}, n = ${dims.n}, m = ${dims.m}, blocks ${JSON.stringify(blocks)}\n${printGraph(graph, { spans: false })}`, { cause: error });
  }
}

describe(`${programs} random pair programs, seed ${seed}`, () => {
  const sizes = (random: ReturnType<typeof randomFrom>) => ({ n: 1 + random.below(23), m: 1 + random.below(19) });

  test("whole: the plan computes what the graph means", async () => {
    for (let k = 0; k < programs; k++) {
      const program = pairProgram(seed + k, { outputs: true });
      await expectSame(decompose(program.graph), program, sizes(randomFrom(seed + k)), {}, seed + k);
    }
  });

  for (const micro of [false, true])
    test(`with gradients, in tiles${micro ? " and slices of rows" : ""} of odd blocks: the plan computes what the graph means`, async () => {
      let tiles = 0;
      for (let k = 0; k < programs; k++) {
        const program = pairProgram(seed + k, { outputs: true });
        const random = randomFrom(seed + k);
        const differentiated = differentiate(runSteps(program.graph, beforeGradients, quiet), { of: "loss", wrt: program.wrt });
        if (differentiated.graph === null) throw new Error("not differentiable");
        const graph = runSteps(differentiated.graph, micro ? [...afterGradients, ...slicing] : afterGradients, quiet);
        tiles += graph.nodes.filter(isTile).length;
        await expectSame(graph, program, sizes(random), { i: 1 + random.below(11), j: 1 + random.below(11), row: 1 + random.below(9) }, seed + k);
      }
      expect(tiles).toBeGreaterThan(programs / 2);
    });
});
