/**
 * Every plan runs as the graph means it: random pair programs, whole and tiled with gradients, against the oracle.
 * Set SIG_SEED to look at one family again.
 */
import { describe, expect, test } from "vitest";
import { decompose } from "../../../compiler/graph/decompose.js";
import { type Graph, isTile } from "../../../compiler/graph/graph.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { afterGradients, runSteps, slicing } from "../../../compiler/passes/pipeline.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { drawInputs, type PairProgram, pairProgram } from "../../support/arbitrary-graph.js";
import { expectAllClose } from "../../support/close.js";
import type { Blocks } from "../../support/op-plan.js";
import { planOf, runPlan, templateOf } from "../../support/plan-graph.js";
import { randomFrom } from "../../support/random.js";
import { withGradients } from "../../support/with-gradients.js";

const seed = Number(process.env["SIG_SEED"] ?? 20261125);
const programs = 100;
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
    throw new Error(
      `program ${id}, n = ${dims.n}, m = ${dims.m}, blocks ${JSON.stringify(blocks)}\n${printGraph(graph, { spans: false })}`,
      { cause: error },
    );
  }
}

const chunk = 20;

describe(`${programs} random pair programs, seed ${seed}`, () => {
  const sizes = (random: ReturnType<typeof randomFrom>) => ({ n: 1 + random.below(23), m: 1 + random.below(19) });
  let tiles = 0;

  for (let from = 0; from < programs; from += chunk) {
    const ids = Array.from({ length: chunk }, (_, k) => seed + from + k);
    const some = `programs ${from} to ${from + chunk - 1}`;

    test(`whole, ${some}: the plan computes what the graph means`, async () => {
      for (const id of ids) {
        const program = pairProgram(id, { outputs: true });
        await expectSame(decompose(program.graph), program, sizes(randomFrom(id)), {}, id);
      }
    });

    test(`with gradients in tiles, and in slices of rows too, of odd blocks, ${some}: the plan computes what the graph means`, async () => {
      for (const id of ids) {
        const program = pairProgram(id, { outputs: true });
        const random = randomFrom(id);
        const differentiated = withGradients(program.graph, program.wrt);
        const tiled = runSteps(differentiated, afterGradients, quiet);
        tiles += tiled.nodes.filter(isTile).length;
        const blocks = { i: 1 + random.below(11), j: 1 + random.below(11) };
        await expectSame(tiled, program, sizes(random), blocks, id);
        await expectSame(runSteps(tiled, slicing, quiet), program, sizes(random), blocks, id);
      }
    });
  }

  test("the programs did form tiles", () => {
    expect(tiles).toBeGreaterThan(programs / 2);
  });
});
