/** Template + batch sizes + budget → plan: block sizes, lifetimes, offsets. Pure and quick: a partial last batch is another bind. */
import { type Diagnostic, diagnose } from "../grammar/diagnostic.js";
import type { Span } from "../grammar/span.js";
import type { Template } from "./compile.js";
import { isTile } from "./graph/graph.js";
import { batchesOf, type BatchId, evaluateSize, printSize, product } from "./graph/size.js";
import { packArena } from "./plan/arena.js";
import { humanBytes } from "./plan/human-bytes.js";
import { chooseKept } from "./plan/choose-kept.js";
import { chooseTiles, type Footprint } from "./plan/choose-tiles.js";
import { countFlops } from "./plan/flops.js";
import { graphFlops } from "./plan/graph-flops.js";
import { instantiate } from "./plan/instantiate.js";
import { analyseLives } from "./plan/liveness.js";
import { lowerOps } from "./plan/lower-ops.js";
import { messages } from "./plan/messages.js";
import type { Plan, PlanBuffer, TileChoice } from "./plan/plan.js";
import type { Schedule } from "./plan/symbolic-plan.js";
import { verifyPlan } from "./plan/verify-plan.js";

export type Dims = Readonly<Record<BatchId, number>>;
export type BindOptions = {
  /** The most bytes that the plan may hold at once. */
  readonly memoryBytes?: number;
};
export type Bound =
  | { readonly plan: Plan; readonly diagnostics: readonly [] }
  | { readonly plan: null; readonly diagnostics: readonly Diagnostic[] };

export function bind(template: Template, dims: Dims, options: BindOptions = {}): Bound {
  const refused = unusableSizes(template, dims);
  if (refused.length > 0) return { plan: null, diagnostics: refused };
  const { graph, target } = template;
  const budget = Math.min(options.memoryBytes ?? Number.POSITIVE_INFINITY, target.maxBytes ?? Number.POSITIVE_INFINITY);
  const keeps = template.schedule?.keeps ?? [];
  const measure = (tiles: readonly TileChoice[]): Footprint => {
    const plan = planWith(template, dims, tiles);
    return { peakBytes: plan.peakBytes, blockBytes: blockBytes(plan) };
  };
  const tied = keeps.map(({ tiles }) => tiles);
  const tiles = chooseTiles(
    graph,
    dims,
    tied,
    target.defaultScratchBytes,
    Number.isFinite(budget) ? budget : null,
    measure,
    target.blockUnit,
  );
  const { peakBytes, blockBytes: scratch } = measure(tiles);
  // Unasked, tiles are kept in what is left of the scratch.
  const unasked = peakBytes + Math.max(target.defaultScratchBytes - scratch, 0);
  const limit = options.memoryBytes === undefined ? Math.min(unasked, budget) : budget;
  const kept = chooseKept(keeps, dims, limit, (counts) => planWith(template, dims, tiles, counts));
  const plan = planWith(template, dims, tiles, kept);
  if (target.granularity === "kernel") verifyPlan(plan, template.kernels);
  if (plan.peakBytes <= budget) return { plan, diagnostics: [] };
  return { plan: null, diagnostics: [overBudget(plan, budget, options.memoryBytes === budget)] };
}

/** The plan for given blocks, whatever it needs. `kept`: how many tiles of each of the schedule's keeps stay; none where left out. */
export function planWith(template: Template, dims: Dims, tiles: readonly TileChoice[], kept: readonly number[] = []): Plan {
  const { target, graph, names, schedule } = template;
  const common = { target, dims, tiles, kept: [] };
  switch (target.granularity) {
    case "kernel":
      if (schedule === null) throw new Error("the template has no schedule");
      return { ...common, ...planKernels(template, schedule, dims, tiles, kept) };
    case "op":
      return { ...common, ...lowerOps(graph, names, dims, tiles), arenaBytes: 0, flops: graphFlops(graph, dims) };
    case "graph":
      return {
        ...common,
        buffers: [],
        statements: [],
        inputs: [],
        outputs: [],
        arenaBytes: 0,
        peakBytes: 0,
        peakAt: 0,
        flops: graphFlops(graph, dims),
      };
  }
}

function planKernels(
  { target, kernels }: Template,
  schedule: Schedule,
  dims: Dims,
  tiles: readonly TileChoice[],
  counts: readonly number[],
): Omit<Plan, "target" | "dims" | "tiles"> {
  const draft = instantiate(schedule, dims, tiles, counts);
  const { statements, lifetimes, handovers, steps } = analyseLives(draft.statements, draft.buffers, kernels);
  const lifeOf = (id: number) => lifetimes.get(id) ?? { from: 0, to: 0 };
  const tenants = draft.buffers.filter(({ role }) => role !== "given").map(({ id, bytes }) => ({ id, bytes, ...lifeOf(id) }));
  const arena = packArena(tenants, handovers, target.alignment, target.guardBytes);
  const buffers = draft.buffers.map(({ id, name, role, dtype, shape, bytes, size, degree, span }): PlanBuffer => {
    return { id, name, role, dtype, shape, bytes, size, degree, span, ...lifeOf(id), offset: arena.offsets.get(id) ?? null };
  });
  const given = buffers.reduce((sum, { role, bytes }) => (role === "given" ? sum + bytes : sum), 0);
  return {
    kept: draft.kept,
    buffers,
    statements,
    inputs: schedule.inputs,
    outputs: schedule.outputs,
    arenaBytes: arena.bytes,
    peakBytes: given + arena.bytes + (target.workspaceBytes ?? 0),
    peakAt: busiestStep(buffers, steps),
    flops: countFlops(statements, kernels),
  };
}

/** Live bytes at each step, by differences. */
function liveBytes(buffers: readonly PlanBuffer[], steps: number): Float64Array {
  const change = new Float64Array(steps + 1);
  for (const { from, to, bytes } of buffers) {
    change[from] = (change[from] ?? 0) + bytes;
    change[Math.min(to, steps - 1) + 1] = (change[Math.min(to, steps - 1) + 1] ?? 0) - bytes;
  }
  for (let k = 1; k < change.length; k++) change[k] = (change[k] ?? 0) + (change[k - 1] ?? 0);
  return change.subarray(0, steps);
}

const stepsOf = (buffers: readonly PlanBuffer[]): number => buffers.reduce((end, { to }) => Math.max(end, to + 1), 1);

function busiestStep(buffers: readonly PlanBuffer[], steps: number): number {
  const live = liveBytes(buffers, Math.max(steps, 1));
  return live.reduce((best, bytes, step) => (bytes > (live[best] ?? 0) ? step : best), 0);
}

function blockBytes({ buffers }: Plan): number {
  return Math.max(
    ...liveBytes(
      buffers.filter(({ role }) => role === "block"),
      stepsOf(buffers),
    ),
  );
}

// Refusals -----------------------------------------------------------------------------------------------------------

/** A size that is missing or no count, and a value whose bytes no double counts exactly: offsets would be wrong without a word. */
function unusableSizes(template: Template, dims: Dims): readonly Diagnostic[] {
  const first = new Map<BatchId, Span>();
  const shapes = template.graph.nodes.flatMap((node) =>
    isTile(node) ? [[node.span, node.loops.map(({ extent }) => extent)] as const] : [[node.span, node.type.shape] as const],
  );
  for (const [span, shape] of shapes) for (const id of shape.flatMap(batchesOf)) if (!first.has(id)) first.set(id, span);
  const missing = [...first].flatMap(([id, span]) => {
    const size = dims[id];
    return size !== undefined && Number.isSafeInteger(size) && size >= 1
      ? []
      : [diagnose(messages.noBatchSize, span, { batch: id, size: size ?? "not given" })];
  });
  if (missing.length > 0) return missing;
  const tooLarge = template.graph.nodes.flatMap((node) =>
    isTile(node) || Number.isSafeInteger(8 * evaluateSize(product(node.type.shape), dims)) ? [] : [node],
  );
  return tooLarge.slice(0, 1).map((node) => diagnose(messages.tooLarge, node.span, { size: printSize(product(node.type.shape)) }));
}

function overBudget(plan: Plan, budget: number, byUser: boolean): Diagnostic {
  const alive = plan.buffers.filter(({ from, to }) => from <= plan.peakAt && plan.peakAt <= to).sort((a, b) => b.bytes - a.bytes);
  const largest = alive.slice(0, 3);
  const values = {
    needed: humanBytes(plan.peakBytes),
    flag: humanBytes(plan.peakBytes).replace(" ", ""),
    budget: humanBytes(budget),
    engine: plan.target.engine,
    largest: largest.map(({ name, size, bytes }) => `\`${name}\` ${printSize(size)} elements, ${humanBytes(bytes)}`).join("; "),
  };
  const [first] = largest;
  if (first === undefined) throw new Error("an empty plan is over its budget");
  const related = largest.map(({ span, name, bytes }) => ({ span, message: `\`${name}\` takes ${humanBytes(bytes)}` }));
  return diagnose(byUser ? messages.overBudget : messages.overEngineLimit, first.span, values, related);
}
