/** The order of work as a list: each step is verified, can be dumped (`sigc ir --after NAME`) and timed. */
import { type Graph, indexNodes, isTile } from "../graph/graph.js";
import { printType } from "../graph/type.js";
import { type Stage, verify } from "../graph/verify.js";
import { agreeWithLeaves } from "./agree-with-leaves.js";
import { canonicalise } from "./canonicalise.js";
import { cse } from "./cse.js";
import { dce } from "./dce.js";
import { decomposeAll, decomposePairs } from "./decompose.js";
import { diagonalsToLeaves } from "./diagonals-to-leaves.js";
import { dropStopGradient } from "./drop-stop-gradient.js";
import { formSweeps } from "./form-sweeps.js";
import { hoistFactors } from "./hoist-factors.js";
import { joinContractions } from "./join-contractions.js";
import { microBatch } from "./micro-batch.js";
import { orderContractions } from "./order-contractions.js";
import { orientPairs } from "./orient-pairs.js";
import type { Pass, PassNote } from "./pass.js";
import { productsToContractions } from "./products-to-contractions.js";
import { recompute } from "./recompute.js";
import type { Ladder } from "./saved/ladder.js";
import { slicesToLeaves } from "./slices-to-leaves.js";
import { stabilise } from "./stabilise.js";
import { transposesToLeaves } from "./transposes-to-leaves.js";

/** A pass at its place. `name` is unique: the second run of a pass is `canonicalise-2`. */
export type Step = { readonly name: string; readonly pass: Pass; readonly stage: Stage };

/** What a finished step shows. `gradients` and `train-step` are steps without a pass. */
export type StepResult = {
  readonly name: string;
  readonly summary: string;
  readonly graph: Graph;
  readonly notes: readonly PassNote[];
  readonly changed: boolean;
};

/** One similarity must have one cotangent, and a diagonal none over pairs: so the walks to the leaves run before gradients. */
const beforeGradientsPasses = [
  canonicalise,
  slicesToLeaves,
  stabilise,
  productsToContractions,
  orderContractions,
  joinContractions,
  decomposePairs,
  transposesToLeaves,
  orientPairs,
  diagonalsToLeaves,
  canonicalise,
  cse,
  dce,
];

/** A stopped gradient has done its work. */
const doneWithGradientsPasses = [dropStopGradient];

/**
 * Gradients bring new transposes and one-hots, so the walks run again. Factors leave before sweeps are formed, because
 * a factor that stays inside can cost a sweep.
 */
const afterGradientsPasses = [
  decomposeAll,
  canonicalise,
  cse,
  transposesToLeaves,
  orientPairs,
  diagonalsToLeaves,
  canonicalise,
  cse,
  dce,
  agreeWithLeaves,
  hoistFactors,
  canonicalise,
  cse,
  dce,
];

/** Only sweeps and what tidies up after them. */
const tilingPasses = [formSweeps, dce];

/** Only where the budget asks for it. */
const slicingPasses = [microBatch, dce];

const { beforeGradients, doneWithGradients, core, tiling, slicing } = number({
  beforeGradients: { passes: beforeGradientsPasses, stage: "source" },
  doneWithGradients: { passes: doneWithGradientsPasses, stage: "source" },
  core: { passes: afterGradientsPasses, stage: "core" },
  tiling: { passes: tilingPasses, stage: "tiled" },
  slicing: { passes: slicingPasses, stage: "tiled" },
});

function number<K extends string>(
  lists: Readonly<Record<K, { readonly passes: readonly Pass[]; readonly stage: Stage }>>,
): Readonly<Record<K, readonly Step[]>> {
  const times = new Map<string, number>();
  const result = {} as Record<K, readonly Step[]>;
  for (const key of Object.keys(lists) as K[])
    result[key] = lists[key].passes.map((pass) => {
      const time = (times.get(pass.name) ?? 0) + 1;
      times.set(pass.name, time);
      return { name: time === 1 ? pass.name : `${pass.name}-${time}`, pass, stage: lists[key].stage };
    });
  return result;
}

export { beforeGradients, slicing };
export const afterGradients: readonly Step[] = [...doneWithGradients, ...core, ...tiling];

/** Only where the budget asks for it. */
export const remaking = (ladderOf: (graph: Graph) => Ladder, count: number): readonly Step[] => [
  { name: "recompute", pass: recompute(ladderOf, count), stage: "tiled" },
];

/** Names of all steps in order, the two without a pass included. */
export const stepNames: readonly string[] = [
  ...beforeGradients.map((step) => step.name),
  "gradients",
  ...afterGradients.map((step) => step.name),
];

/** Runs steps in order; each result that is new is verified, so a fault is found at the pass that made it. */
export function runSteps(graph: Graph, steps: readonly Step[], onStep: (result: StepResult) => void): Graph {
  let current = graph;
  let verifiedAs: Stage | null = null;
  for (const { name, pass, stage } of steps) {
    const before = current;
    const { graph: after, notes } = pass.run(before);
    if (after !== before || stage !== verifiedAs) verify(after, stage);
    if (after !== before) givesTheSame(name, before, after);
    verifiedAs = stage;
    current = after;
    onStep({ name, summary: pass.summary, graph: after, notes, changed: after !== before });
  }
  return current;
}

/** A pass may move and split what a program makes, never change what it gives. */
function givesTheSame(name: string, before: Graph, after: Graph): void {
  const [were, are] = [outputTypes(before), outputTypes(after)];
  for (const [output, type] of were)
    if (are.get(output) !== type) throw new Error(`${name} made ${output} ${are.get(output)}, not ${type}`);
}

function outputTypes(graph: Graph): ReadonlyMap<string, string> {
  const nodes = indexNodes(graph);
  return new Map(
    graph.outputs.map(({ name, value }) => {
      const node = nodes.get(value);
      return [name, node === undefined || isTile(node) ? "nothing" : printType(node.type)];
    }),
  );
}
