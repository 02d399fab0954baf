/**
 * What may be dropped and made again on the way back, in the order of what it saves for what it costs. First what costs no
 * contraction: values that sources make. Then sources, by floating-point operations for bytes and for how long they are not held.
 */
import { type Id, type Node, valueIn } from "../../graph/graph.js";
import type { OpName } from "../../graph/op-table.js";
import { type Forward, isPlain, isPointwise, type Reads } from "./forward.js";
import type { Sources } from "./sources.js";
import { nominalBytes, nominalFlops } from "./weights.js";

/** Values that are dropped together, and the contractions that are made again for them, if no rung before has done so. */
export type Rung = { readonly values: readonly Node[]; readonly contractions: readonly Node<"dot">[] };

/** What is smaller than the largest source by this factor is not worth a rung: numbers per row, the last layer's one row. */
const SMALL = 64;

/** What one value is made of, down to sources and to what only a sum or a search makes. */
type Recipe = { readonly reads: readonly Id[]; readonly contractions: readonly Node<"dot">[] };

export function rungsOf(forward: Forward, sources: Sources): readonly Rung[] {
  const recipes = new Map<Id, Recipe>();
  const recipeOf = (id: Id): Recipe => {
    const known = recipes.get(id) ?? findRecipe(forward, sources, id);
    recipes.set(id, known);
    return known;
  };
  const largest = Math.max(0, ...sources.ids.map((id) => nominalBytes(valueIn(forward.nodes, id).type)));
  return [...pointwise(forward, sources, recipeOf), ...new Climb(forward, sources, recipeOf).rungs()].filter(
    ({ values }) => values.reduce((sum, { type }) => sum + nominalBytes(type), 0) * SMALL >= largest,
  );
}

function findRecipe(forward: Forward, sources: Sources, root: Id): Recipe {
  const reads = new Set<Id>();
  const contractions: Node<"dot">[] = [];
  const seen = new Set<Id>();
  const stack = [root];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    const node = forward.nodes.get(id);
    if (node === undefined || isPlain(node) || seen.has(id)) continue;
    seen.add(id);
    if (id !== root && isKept(sources, node as Node)) reads.add(id);
    else {
      if (node.op === "dot") contractions.push(node);
      stack.push(...(node as Node).ins);
    }
  }
  return { reads: [...reads], contractions };
}

/** Sources, and what only a sum or a search makes, which is mostly small, are read on the way back; all else is made again. */
export const isKept = (sources: Sources, node: Node): boolean => sources.has(node.id) || !(isPointwise(node) || node.op === "dot");

/** What is stored if its readers do not make it: the others are made where they are read in any case. */
// biome-ignore format: a list of names
const dear: ReadonlySet<OpName> = new Set<OpName>([
  "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "sigmoid", "softplus", "pow", "mod", "random",
]);

/** Saved values that have the same sources are dropped together: one alone would leave the other and the sources both. */
function pointwise(forward: Forward, sources: Sources, recipeOf: (id: Id) => Recipe): readonly Rung[] {
  const groups = new Map<string, Id[]>();
  for (const id of forward.saved.keys()) {
    if (isKept(sources, valueIn(forward.nodes, id))) continue;
    const key = recipeOf(id)
      .reads.toSorted((a, b) => a - b)
      .join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [id]);
    else group.push(id);
  }
  const known = new Map<Id, boolean>();
  const isDear = (id: Id): boolean => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const node = forward.nodes.get(id);
    const within = node !== undefined && !isPlain(node) && !isKept(sources, node as Node);
    const found = within && (dear.has((node as Node).op) || (node as Node).ins.some(isDear));
    known.set(id, found);
    return found;
  };
  return [...groups.values()]
    .filter((ids) => ids.some(isDear))
    .map((ids): Rung => ({ values: ids.map((id) => valueIn(forward.nodes, id)), contractions: [] }));
}

/** Sources, one after the other: each time the one that costs least for what it still saves. */
class Climb {
  readonly #forward: Forward;
  readonly #recipeOf: (id: Id) => Recipe;
  readonly #dropped = new Set<Id>();
  readonly #made = new Set<Id>();
  /** Last to first, as the way back meets them. */
  readonly #backwards: readonly Id[];
  readonly #reads: ReadonlyMap<Id, Reads>;
  readonly #candidates: readonly Id[];

  constructor(forward: Forward, sources: Sources, recipeOf: (id: Id) => Recipe) {
    this.#forward = forward;
    this.#recipeOf = recipeOf;
    const reads = new Map<Id, Reads>();
    const read = (id: Id, { first, last }: Reads): void => {
      const known = reads.get(id);
      reads.set(id, known === undefined ? { first, last } : { first: Math.min(first, known.first), last: Math.max(last, known.last) });
    };
    for (const [id, own] of forward.saved) {
      if (sources.has(id)) read(id, own);
      else for (const source of recipeOf(id).reads) read(source, own);
    }
    this.#reads = reads;
    this.#backwards = [...reads.keys()].sort((a, b) => (forward.at.get(b) ?? 0) - (forward.at.get(a) ?? 0));
    this.#candidates = sources.ids.filter((id) => {
      const node = valueIn(forward.nodes, id);
      return reads.has(id) && (isPointwise(node) || node.op === "dot") && recipeOf(id).contractions.length > 0;
    });
  }

  rungs(): readonly Rung[] {
    const waiting = new Map(this.#candidates.map((id) => [id, Number.NEGATIVE_INFINITY]));
    const rungs: Rung[] = [];
    let held = this.#held();
    while (waiting.size > 0) {
      const [id] = [...waiting].reduce((best, next) => (next[1] < best[1] ? next : best));
      this.#dropped.add(id);
      const after = this.#held();
      this.#dropped.delete(id);
      const saves = held.area - after.area;
      const price = saves > this.#least(id) ? this.#cost(id) / saves : Number.POSITIVE_INFINITY;
      const next = Math.min(...[...waiting].flatMap(([other, known]) => (other === id ? [] : [known])));
      if (price !== Number.POSITIVE_INFINITY && price > next) waiting.set(id, price);
      else {
        waiting.delete(id);
        if (price === Number.POSITIVE_INFINITY || after.peak > held.peak) continue;
        this.#dropped.add(id);
        const contractions = this.#recipeOf(id).contractions.filter((node) => !this.#made.has(node.id));
        for (const node of contractions) this.#made.add(node.id);
        rungs.push({ values: [valueIn(this.#forward.nodes, id)], contractions });
        held = after;
      }
    }
    return rungs;
  }

  #cost(id: Id): number {
    return this.#recipeOf(id).contractions.reduce(
      (sum, node) => (this.#made.has(node.id) ? sum : sum + nominalFlops(this.#forward.nodes, node)),
      0,
    );
  }

  #bytes(id: Id): number {
    return nominalBytes(valueIn(this.#forward.nodes, id).type);
  }

  /** What is held again after so short a while that nothing is gained: a sixteenth of the program. */
  #least(id: Id): number {
    return (this.#bytes(id) * this.#forward.at.size) / 16;
  }

  /**
   * Bytes times how long they are held, over all sources, and the most that are held at once. What is made again is needed as early
   * as the first that is made of it, and what it is made of is held until then: so a chain through block after block saves nothing,
   * and is not begun.
   */
  #held(): { readonly area: number; readonly peak: number } {
    const first = new Map<Id, number>();
    const last = new Map<Id, number>();
    const change = new Float64Array(this.#forward.at.size + 1);
    const hold = (bytes: number, from: number, to: number): void => {
      change[from] = (change[from] ?? 0) + bytes;
      change[to] = (change[to] ?? 0) - bytes;
    };
    for (const id of this.#backwards) {
      const reads = this.#reads.get(id) ?? { first: 0, last: 0 };
      const from = Math.min(reads.first, first.get(id) ?? Number.POSITIVE_INFINITY);
      const to = Math.max(reads.last, last.get(id) ?? 0);
      const at = this.#forward.at.get(id) ?? 0;
      if (!this.#dropped.has(id)) {
        hold(this.#bytes(id), at, to);
        continue;
      }
      hold(this.#bytes(id), at, this.#forward.lastRead(id));
      hold(this.#bytes(id), from, to);
      for (const below of this.#recipeOf(id).reads) {
        first.set(below, Math.min(from, first.get(below) ?? Number.POSITIVE_INFINITY));
        last.set(below, Math.max(from, last.get(below) ?? 0));
      }
    }
    let [area, peak, held] = [0, 0, 0];
    for (const bytes of change) {
      held += bytes;
      area += held;
      peak = Math.max(peak, held);
    }
    return { area, peak };
  }
}
