/** Template + batch sizes + budget → plan: block sizes, lifetimes, offsets. Pure and quick: a partial last batch is another bind. */
import { type Diagnostic, diagnose } from "../grammar/diagnostic.js";
import type { Template } from "./compile.js";
import { isTile } from "./graph/graph.js";
import { batchesOf, type BatchId, evaluateSize, printSize, product } from "./graph/size.js";
import { humanBytes } from "./plan/human-bytes.js";
import { chooseKept } from "./plan/choose-kept.js";
import { chooseTiles, smallestTiles } from "./plan/choose-tiles.js";
import { graphFlops } from "./plan/graph-flops.js";
import { KernelPlanner } from "./plan/kernel-planner.js";
import { mostAlive } from "./plan/live-bytes.js";
import { lowerOps } from "./plan/lower-ops.js";
import { messages } from "./plan/messages.js";
import type { Plan, TileChoice } from "./plan/plan.js";
import { verifyPlan } from "./plan/verify-plan.js";
import type { Target } from "./target.js";

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
  const { target } = template;
  const budget = budgetFor(target, options.memoryBytes);
  const keeps = template.schedule?.keeps ?? [];
  const planner = plannerOf(template)(dims);
  const tiles = tilesWithin(budget, template, dims, planner);
  const fitsBeside = () => {
    // Unasked, tiles are kept in what is left of the scratch.
    const unasked = (): number => planner.peakBytes(tiles) + Math.max(target.defaultScratchBytes - planner.blockBytes(tiles), 0);
    const limit = options.memoryBytes === undefined ? Math.min(unasked(), budget) : budget;
    return (counts: readonly number[]): boolean => planner.leastBytes(tiles, counts) <= limit && planner.peakBytes(tiles, counts) <= limit;
  };
  const kept = keeps.length === 0 ? [] : chooseKept(keeps, dims, planner.totals(tiles), fitsBeside());
  const plan = planner.plan(tiles, kept);
  if (target.granularity === "kernel") verifyPlan(plan, template.kernels);
  if (plan.peakBytes <= budget) return { plan, diagnostics: [] };
  return { plan: null, diagnostics: [overBudget(plan, budget, options.memoryBytes === budget)] };
}

const budgetFor = (target: Target, memoryBytes: number | undefined): number =>
  Math.min(memoryBytes ?? Number.POSITIVE_INFINITY, target.maxBytes ?? Number.POSITIVE_INFINITY);

/** Whether `bind` would find a plan, for one template at many sizes: no plan is made. */
export function fitter(template: Template, memoryBytes: number): (dims: Dims) => boolean {
  const budget = budgetFor(template.target, memoryBytes);
  const plannerAt = plannerOf(template);
  return (dims) => {
    if (unusableSizes(template, dims).length > 0) return false;
    const planner = plannerAt(dims);
    const smallest = smallestTiles(template.graph, dims, template.target.blockUnit);
    if (planner.leastBytes(smallest) > budget) return false;
    return planner.peakBytes(smallest) <= budget || planner.peakBytes(tilesWithin(budget, template, dims, planner)) <= budget;
  };
}

function tilesWithin(budget: number, { graph, target, schedule }: Template, dims: Dims, planner: Planner): readonly TileChoice[] {
  const tied = (schedule?.keeps ?? []).map(({ tiles }) => tiles);
  return chooseTiles(graph, dims, tied, target.defaultScratchBytes, Number.isFinite(budget) ? budget : null, planner, target.blockUnit);
}

/** The plan for given blocks, whatever it needs. `kept`: how many tiles of each of the schedule's keeps stay; none where left out. */
export const planWith = (template: Template, dims: Dims, tiles: readonly TileChoice[], kept: readonly number[] = []): Plan =>
  plannerOf(template)(dims).plan(tiles, kept);

type Planner = Pick<KernelPlanner, "plan" | "peakBytes" | "leastBytes" | "blockBytes" | "totals">;

function plannerOf(template: Template): (dims: Dims) => Planner {
  const { target, schedule, kernels } = template;
  if (target.granularity !== "kernel") return (dims) => opPlanner(template, dims);
  if (schedule === null) throw new Error("the template has no schedule");
  const first = new KernelPlanner(schedule, kernels, target, {});
  return (dims) => first.at(dims);
}

function opPlanner({ target, graph }: Template, dims: Dims): Planner {
  const common = { target, dims, kept: [], arenaBytes: 0, flops: graphFlops(graph, dims) };
  const made = new Map<string, Plan>();
  const plan = (tiles: readonly TileChoice[]): Plan => {
    const key = JSON.stringify(tiles);
    const lowered = () => (target.granularity === "op" ? lowerOps(graph, dims, tiles) : nothingPlanned);
    const known = made.get(key) ?? { ...common, tiles, ...lowered() };
    made.set(key, known);
    return known;
  };
  return {
    plan,
    peakBytes: (tiles) => plan(tiles).peakBytes,
    leastBytes: () => 0,
    blockBytes: (tiles) => mostAlive(plan(tiles).buffers.filter(({ role }) => role === "block")),
    totals: () => [],
  };
}

const nothingPlanned = { buffers: [], statements: [], inputs: [], outputs: [], peakBytes: 0, peakAt: 0 };

// Refusals -----------------------------------------------------------------------------------------------------------

/** A size that is missing or no count, and a value whose bytes no double counts exactly: offsets would be wrong without a word. */
function unusableSizes({ graph }: Template, dims: Dims): readonly Diagnostic[] {
  const checked = new Set<BatchId>();
  const missing: Diagnostic[] = [];
  for (const node of graph.nodes)
    for (const id of (isTile(node) ? node.loops.map(({ extent }) => extent) : node.type.shape).flatMap(batchesOf)) {
      if (checked.has(id)) continue;
      checked.add(id);
      const size = dims[id];
      if (size === undefined || !Number.isSafeInteger(size) || size < 1)
        missing.push(diagnose(messages.noBatchSize, node.span, { batch: id, size: size ?? "not given" }));
    }
  if (missing.length > 0) return missing;
  const tooLarge = graph.nodes.find(
    (node) => !isTile(node) && !Number.isSafeInteger(node.type.shape.reduce((count, size) => count * evaluateSize(size, dims), 8)),
  );
  if (tooLarge === undefined || isTile(tooLarge)) return [];
  return [diagnose(messages.tooLarge, tooLarge.span, { size: printSize(product(tooLarge.type.shape)) })];
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
