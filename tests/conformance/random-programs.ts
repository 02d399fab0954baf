/** Random pair programs whole, with gradients in tiles of odd blocks, and in slices of rows too. Set SIG_SEED to look at one family again, SIG_PROGRAMS to take fewer or more. */
import { decompose } from "../../compiler/graph/decompose.js";
import type { Graph } from "../../compiler/graph/graph.js";
import { afterGradients, runSteps, slicing } from "../../compiler/passes/pipeline.js";
import { drawInputs, pairProgram } from "../support/arbitrary-graph.js";
import { randomFrom } from "../support/random.js";
import { withGradients } from "../support/with-gradients.js";
import { portTypes, rounded, type Subject } from "./subjects.js";

export const seed = Number(process.env["SIG_SEED"] ?? 20261126);
const programs = Number(process.env["SIG_PROGRAMS"] ?? 20);
const quiet = (): void => {};

export const ways = [
  "whole",
  "with gradients, in tiles of odd blocks",
  "with gradients, in tiles and slices of rows of odd blocks",
] as const;
type Way = (typeof ways)[number];

export type ProgramCase = {
  readonly way: Way;
  readonly seed: number;
  readonly graph: Graph;
  readonly inputs: ReturnType<typeof drawInputs>;
  readonly dims: { readonly n: number; readonly m: number };
  readonly blocks: Readonly<Record<string, number>>;
};

const compiled = new Map<string, Graph>();

/** Compiled once for all engines. */
function graphOf(k: number, way: Way): Graph {
  const known = compiled.get(`${k} ${way}`);
  if (known !== undefined) return known;
  const graph = way === "whole" ? decompose(pairProgram(k, { outputs: true }).graph) : tiledWithGradients(k, way !== ways[1]);
  compiled.set(`${k} ${way}`, graph);
  return graph;
}

function tiledWithGradients(k: number, micro: boolean): Graph {
  const program = pairProgram(k, { outputs: true });
  const differentiated = withGradients(program.graph, program.wrt);
  return runSteps(differentiated, micro ? [...afterGradients, ...slicing] : afterGradients, quiet);
}

export function programCases({ name, precision }: Subject): readonly ProgramCase[] {
  // Both precisions of the native engine print the same texts but for the element's type: each takes every other program.
  const seeds = Array.from({ length: programs }, (_, k) => seed + k).filter(
    (k) => name !== "native" || k % 2 === (precision === "f32" ? 0 : 1),
  );
  return ways.flatMap((way) =>
    seeds.map((k): ProgramCase => {
      const random = randomFrom(k);
      const dims = { n: 1 + random.below(23), m: 1 + random.below(19) };
      const blocks = way === "whole" ? {} : { i: 1 + random.below(11), j: 1 + random.below(11), r: 1 + random.below(9) };
      const graph = graphOf(k, way);
      const inputs = rounded(drawInputs(pairProgram(k, { outputs: true }), dims, k), portTypes(graph).inputs, precision);
      return { way, seed: k, graph, inputs, dims, blocks };
    }),
  );
}
