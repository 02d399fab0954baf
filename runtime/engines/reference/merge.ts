/** How the results of blocks become one: the algebra behind `Merge`. */
import type { Merge, TileOut } from "../../../compiler/graph/graph.js";
import type { DType } from "../../../compiler/graph/type.js";
import { wrapTo } from "./integers.js";
import { highest, lowest, NO_INDEX, precedes } from "./order.js";
import { logAddExp } from "./special-functions.js";
import { offsetsOf, others, pick, walksOf } from "./strides.js";
import type { Value } from "./value.js";

/** What merging starts from: the result over no block at all. */
export const identityOf = {
  none: () => 0,
  sum: () => 0,
  max: lowest,
  min: highest,
  argmax: () => NO_INDEX,
  logsumexp: () => Number.NEGATIVE_INFINITY,
  topk: lowest,
  topk_index: () => NO_INDEX,
} as const satisfies Record<Merge, (dtype: DType) => number>;

/** One result of a tile: all of it so far, one block's part of it, and where each element of the part lies in the whole. */
export type BlockResult = {
  readonly out: TileOut;
  readonly dtype: DType;
  readonly whole: Value;
  readonly part: Value;
  readonly offsets: Int32Array;
};

type Ranked = { readonly value: number; readonly index: number };
const falling = (a: Ranked, b: Ranked): number => (precedes(a.value, a.index, b.value, b.index) ? -1 : 1);

const rules = {
  none: elementwise((_, part) => part),
  sum: elementwise((whole, part) => whole + part),
  max: elementwise(Math.max),
  min: elementwise(Math.min),
  logsumexp: elementwise(logAddExp),
  argmax: mergeIndices,
  topk: mergeTopk,
  topk_index: mergeIndices,
} as const satisfies Record<Merge, (result: BlockResult, all: readonly BlockResult[]) => void>;

/** Merges one block's results into the whole ones. Indices go first: they compare the values that they follow as those were. */
export function mergeBlock(results: readonly BlockResult[]): void {
  const follows = ({ out }: BlockResult): boolean => out.by !== null;
  for (const result of results.filter(follows)) rules[result.out.merge](result, results);
  for (const result of results.filter((r) => !follows(r))) rules[result.out.merge](result, results);
}

function elementwise(f: (whole: number, part: number) => number): (result: BlockResult) => void {
  return ({ whole, part, offsets, dtype }) => {
    const wrap = wrapTo(dtype);
    for (let i = 0; i < offsets.length; i++) {
      const at = offsets[i] ?? 0;
      whole.data[at] = wrap(f(whole.data[at] ?? 0, part.data[i] ?? 0));
    }
  };
}

/** Positions in the part that compete with each other: along the one axis that no loop runs over, or each alone. */
function contests({ part, out }: BlockResult): readonly (readonly number[])[] {
  if (out.merge === "argmax" || out.merge === "max") return Array.from(part.data, (_, i) => [i]);
  const axis = out.place.indexOf(null);
  const walks = walksOf(part.shape);
  const along = offsetsOf(pick(walks, [axis]));
  return Array.from(offsetsOf(pick(walks, others(part.shape.length, [axis]))), (start) => Array.from(along, (offset) => start + offset));
}

function mergeIndices(result: BlockResult, all: readonly BlockResult[]): void {
  const values = all[result.out.by ?? -1];
  if (values === undefined) throw new Error(`${result.out.merge} follows no result`);
  for (const positions of contests(result)) {
    const before = positions.map((p) => ({
      value: values.whole.data[values.offsets[p] ?? 0] ?? 0,
      index: result.whole.data[result.offsets[p] ?? 0] ?? 0,
    }));
    const now = positions.map((p) => ({ value: values.part.data[p] ?? 0, index: result.part.data[p] ?? 0 }));
    const best = [...before, ...now].sort(falling);
    positions.forEach((p, k) => {
      result.whole.data[result.offsets[p] ?? 0] = best[k]?.index ?? NO_INDEX;
    });
  }
}

function mergeTopk(result: BlockResult): void {
  const { whole, part, offsets } = result;
  for (const positions of contests(result)) {
    const before = positions.map((p) => whole.data[offsets[p] ?? 0] ?? 0);
    const now = positions.map((p) => part.data[p] ?? 0);
    const best = [...before, ...now].map((value, index) => ({ value, index })).sort(falling);
    positions.forEach((p, k) => {
      whole.data[offsets[p] ?? 0] = best[k]?.value ?? 0;
    });
  }
}
