/**
 * Whole programs on every engine: random pair programs with their gradients, tiled with odd blocks,
 * against the oracle, and every byte against the plan. Set SIG_SEED to look at one family again.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { differentiate } from "../../compiler/autodiff/backward.js";
import { decompose } from "../../compiler/graph/decompose.js";
import type { Graph } from "../../compiler/graph/graph.js";
import { isTile } from "../../compiler/graph/graph.js";
import { printGraph } from "../../compiler/graph/print.js";
import { afterGradients, beforeGradients, runSteps, slicing } from "../../compiler/passes/pipeline.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { drawInputs, type PairProgram, pairProgram } from "../support/arbitrary-graph.js";
import { expectAllClose } from "../support/close.js";
import { randomFrom } from "../support/random.js";
import { loadGraphs, portTypes, type Runs, rounded, type Subject, subjects } from "./subjects.js";

const seed = Number(process.env["SIG_SEED"] ?? 20261126);
const programs = 20;
const quiet = (): void => {};

type Dims = { readonly n: number; readonly m: number };

async function expectSame(
  subject: Subject,
  loaded: Runs,
  graph: Graph,
  program: PairProgram,
  dims: Dims,
  blocks: Readonly<Record<string, number>>,
  id: number,
): Promise<void> {
  try {
    const inputs = rounded(drawInputs(program, dims, id), portTypes(graph).inputs, subject.precision);
    const expected = evaluateGraph(graph, inputs, dims, { blocks });
    const wrong: string[] = [];
    const { outputs, plan, peakBytes } = await loaded.run(graph, inputs, dims, blocks, ({ statement, plannedBytes, actualBytes }) => {
      if (plannedBytes !== actualBytes) wrong.push(`statement ${statement}: ${actualBytes} bytes, planned ${plannedBytes}`);
    });
    expect(wrong).toEqual([]);
    // Planned without running every block, measured at every statement.
    expect(peakBytes).toBe(plan.peakBytes);
    expectAllClose(outputs, expected, subject.tolerance, 1e-2);
  } catch (error) {
    throw new Error(
      `program ${id}, n = ${dims.n}, m = ${dims.m}, blocks ${JSON.stringify(blocks)}\n${printGraph(graph, { spans: false })}`,
      { cause: error },
    );
  }
}

const compiled = new Map<string, Graph>();

/** Compiled once for all engines. */
function tiledWithGradients(k: number, micro: boolean): Graph {
  const known = compiled.get(`${k} ${micro}`);
  if (known !== undefined) return known;
  const program = pairProgram(k, { outputs: true });
  const differentiated = differentiate(runSteps(program.graph, beforeGradients, quiet), { of: "loss", wrt: program.wrt });
  if (differentiated.graph === null) throw new Error("not differentiable");
  const graph = runSteps(differentiated.graph, micro ? [...afterGradients, ...slicing] : afterGradients, quiet);
  compiled.set(`${k} ${micro}`, graph);
  return graph;
}

/** The plan's own interpreter has more of these in its own tests. */
const others = subjects.filter(({ name }) => name !== "planref");

/** Both precisions of the native engine print the same texts but for the element's type: each takes every other program. */
const seedsOf = ({ name, precision }: Subject): readonly number[] =>
  Array.from({ length: programs }, (_, k) => seed + k).filter((k) => name !== "native" || k % 2 === (precision === "f32" ? 0 : 1));

describe.each(others)(`$name $precision: ${programs} random pair programs, seed ${seed}`, (subject) => {
  const seeds = seedsOf(subject);
  const sizes = (random: ReturnType<typeof randomFrom>): Dims => ({ n: 1 + random.below(23), m: 1 + random.below(19) });
  const whole = new Map(seeds.map((k) => [k, decompose(pairProgram(k, { outputs: true }).graph)]));
  let loaded: Runs;
  beforeAll(async () => {
    const tiled = seeds.flatMap((k) => [tiledWithGradients(k, false), tiledWithGradients(k, true)]);
    loaded = await loadGraphs(subject, [...whole.values(), ...tiled]);
  }, 300_000);
  afterAll(() => loaded.dispose());

  test("whole", async () => {
    for (const [k, graph] of whole)
      await expectSame(subject, loaded, graph, pairProgram(k, { outputs: true }), sizes(randomFrom(k)), {}, k);
  });

  for (const micro of [false, true])
    test(`with gradients, in tiles${micro ? " and slices of rows" : ""} of odd blocks`, async () => {
      let tiles = 0;
      for (const k of seeds) {
        const program = pairProgram(k, { outputs: true });
        const random = randomFrom(k);
        const graph = tiledWithGradients(k, micro);
        tiles += graph.nodes.filter(isTile).length;
        await expectSame(
          subject,
          loaded,
          graph,
          program,
          sizes(random),
          { i: 1 + random.below(11), j: 1 + random.below(11), r: 1 + random.below(9) },
          k,
        );
      }
      expect(tiles).toBeGreaterThan(seeds.length / 2);
    });
});
