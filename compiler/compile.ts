/** Program → template: everything that does not depend on batch sizes. Pure; the stages in the order of the folders. */
import type { Diagnostic } from "../grammar/diagnostic.js";
import { differentiate } from "./autodiff/backward.js";
import type { Graph, Id, Node } from "./graph/graph.js";
import { indexNodes, isTile } from "./graph/graph.js";
import { verify } from "./graph/verify.js";
import type { Kernel } from "./kernel/kernel.js";
import type { LoweredProgram } from "./lower/program.js";
import type { PassNote } from "./passes/pass.js";
import { afterGradients, beforeGradients, remaking, runSteps, slicing, type StepResult } from "./passes/pipeline.js";
import { type Ladder, ladderOf } from "./passes/saved/ladder.js";
import { type MadeAgain, madeAgain } from "./passes/saved/made-again.js";
import type { IndexBound } from "./plan/plan.js";
import { scheduleGraph } from "./plan/schedule.js";
import type { Schedule } from "./plan/symbolic-plan.js";
import type { Target } from "./target.js";

/**
 * A compiled program: model sizes are baked in, batch sizes stay open. `bind` makes a plan of it.
 */
export type Template = {
  readonly name: string;
  readonly target: Target;
  /** Differentiated, fused into tiles, verified. */
  readonly graph: Graph;
  /** Kernels of a `kernel` target, in the order in which the plan's calls name them; empty otherwise. */
  readonly kernels: readonly Kernel[];
  /** What a `kernel` target runs, sizes still open; null otherwise. */
  readonly schedule: Schedule | null;
  readonly indexBounds: readonly IndexBound[];
};

export type TileOptions = {
  /** The inputs and parameters whose gradients are wanted as outputs `grad.<name>`; none where empty. */
  readonly gradients: readonly string[];
  /** Appends the optimiser's update to the differentiated graph. */
  readonly update?: (differentiated: Graph) => Graph;
  /** Called after each step: for dumps and timing. */
  readonly onStep?: (step: StepResult) => void;
};

export type FinishOptions = {
  readonly target: Target;
  /**
   * How many rungs of values to make again on the way back instead of holding them, cheapest first: `TiledProgram.rungs` says how
   * many there are. Default 0.
   */
  readonly recompute?: number;
  /** Runs what is made row by row in slices, at the price of the towers' forward pass once more. Default false. */
  readonly microBatch?: boolean;
};

export type CompileOptions = TileOptions & FinishOptions;

type Refused = { readonly template: null; readonly notes: readonly PassNote[]; readonly diagnostics: readonly Diagnostic[] };

export type Compiled = { readonly template: Template; readonly notes: readonly PassNote[]; readonly diagnostics: readonly [] } | Refused;

/** A program before the choices that a budget makes: `finish` gives a template of it, any number of times. */
export type TiledProgram = {
  /** How many rungs of values there are that can be made again: see `recompute`. */
  readonly rungs: () => number;
  /** What the first so many rungs make again. */
  readonly madeAgain: (rungs: number) => readonly MadeAgain[];
  readonly finish: (options: FinishOptions) => Extract<Compiled, { readonly diagnostics: readonly [] }>;
};

/** The float inputs and parameters of a program: what `--grad` covers. */
export function differentiable(program: LoweredProgram): readonly string[] {
  const floats = [
    ...program.params.map(({ path, type }) => [path, type] as const),
    ...program.inputs.map(({ name, type }) => [name, type] as const),
  ];
  return floats.filter(([, type]) => type.dtype !== "bool" && type.dtype !== "i32" && type.dtype !== "u32").map(([name]) => name);
}

/** What compiling reads of a program. */
export type Compilable = Pick<LoweredProgram, "name" | "graph">;

export function compileProgram(program: Compilable, options: CompileOptions): Compiled {
  const tiled = tileProgram(program, options);
  return "finish" in tiled ? tiled.finish(options) : tiled;
}

export function tileProgram(program: Compilable, options: TileOptions): TiledProgram | Refused {
  const notes: PassNote[] = [];
  const gather =
    (into: PassNote[]) =>
    (step: StepResult): void => {
      into.push(...step.notes.filter((note) => !into.some((known) => sameNote(known, note))));
      options.onStep?.(step);
    };
  const onStep = gather(notes);
  verify(program.graph, "source");
  const prepared = runSteps(program.graph, beforeGradients, onStep);
  let whole = prepared;
  if (options.gradients.length > 0) {
    const result = differentiate(prepared, { of: "loss", wrt: options.gradients });
    if (result.graph === null) return { template: null, notes, diagnostics: result.diagnostics };
    whole = options.update === undefined ? result.graph : options.update(result.graph);
    verify(whole, "source");
  }
  onStep({
    name: "gradients",
    summary: "appends gradients and the optimiser's update",
    graph: whole,
    notes: [],
    changed: whole !== prepared,
  });
  const tiled = runSteps(whole, afterGradients, onStep);
  const results = program.graph.outputs.map(({ name }) => name);
  let known: Ladder | null = null;
  const ladder = (graph: Graph): Ladder => (known ??= ladderOf(graph, results));
  const finish = ({ target, recompute = 0, microBatch = false }: FinishOptions) => {
    const own = [...notes];
    const steps = [...(recompute > 0 ? remaking(ladder, recompute) : []), ...(microBatch ? slicing : [])];
    const template = templateOf(program, runSteps(tiled, steps, gather(own)), target);
    return { template, notes: own, diagnostics: [] as const };
  };
  return {
    rungs: () => ladder(tiled).rungs.length,
    madeAgain: (count) => madeAgain(ladder(tiled).forward.nodes, ladder(tiled).rungs.slice(0, count)),
    finish,
  };
}

function templateOf(program: Compilable, graph: Graph, target: Target): Template {
  const formed = target.granularity === "kernel" ? scheduleGraph(graph, target) : null;
  return {
    name: program.name,
    target,
    graph,
    kernels: formed?.kernels ?? [],
    schedule: formed?.schedule ?? null,
    indexBounds: indexBounds(program.graph),
  };
}

const sameNote = (a: PassNote, b: PassNote): boolean =>
  a.kind === b.kind &&
  a.reason === b.reason &&
  a.spans.length === b.spans.length &&
  a.spans.every((span, k) => span.start === b.spans[k]?.start && span.end === b.spans[k]?.end);

/** Integer inputs that index a table of known size, seen through layout ops. */
function indexBounds(graph: Graph): readonly IndexBound[] {
  const nodes = indexNodes(graph);
  const bounds: IndexBound[] = [];
  for (const node of graph.nodes) {
    if (isTile(node) || node.op !== "gather") continue;
    const table = nodes.get(node.ins[0] ?? -1);
    const input = inputBehind(nodes, node.ins[1] ?? -1);
    if (table === undefined || isTile(table) || input === null) continue;
    bounds.push({ input: input.attrs.name, below: table.type.shape[node.attrs.axis] ?? [], span: node.span });
  }
  return bounds;
}

function inputBehind(nodes: ReadonlyMap<Id, { readonly op: string }>, id: Id): Node<"input"> | null {
  const node = nodes.get(id) as Node | undefined;
  if (node === undefined) return null;
  if (node.op === "input") return node;
  const passes = node.op === "broadcast" || node.op === "reshape" || node.op === "transpose" || node.op === "slice";
  return passes ? inputBehind(nodes, node.ins[0] ?? -1) : null;
}
