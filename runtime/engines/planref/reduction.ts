/** Points that meet in one element of a result: a block's partial result, then its merge into what is there. */
import type { Merge } from "../../../compiler/graph/graph.js";
import type { DType } from "../../../compiler/graph/type.js";
import { wrapTo } from "./integers.js";
import { falling, highest, lowest, NO_INDEX, type Ranked } from "./order.js";

/** Partial results, one per kept position. `key`: the value that an index travels with. */
export type Partial = {
  readonly take: (position: number, value: number, key: number) => void;
  /** All of a position: one number, or the k best. */
  readonly result: (position: number) => readonly number[];
  /** Joins what is stored (its keys too, for an index) with the block's. */
  readonly merge: (position: number, stored: readonly number[], storedKeys: readonly number[]) => readonly number[];
};

function fold(count: number, start: number, join: (a: number, b: number) => number): Partial {
  const totals = new Float64Array(count).fill(start);
  return {
    take: (p, value) => {
      totals[p] = join(totals[p] ?? 0, value);
    },
    result: (p) => [totals[p] ?? 0],
    merge: (p, [stored = 0]) => [join(stored, totals[p] ?? 0)],
  };
}

const logAddExp = (a: number, b: number): number => {
  const [low, high] = a < b ? [a, b] : [b, a];
  return high === Number.NEGATIVE_INFINITY || high === Number.POSITIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
};

/** Running maximum and the sum of exponentials below it: one pass, no overflow. */
function logSumExp(count: number): Partial {
  const high = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(count);
  const result = (p: number): number => {
    const h = high[p] ?? 0;
    return Math.abs(h) === Number.POSITIVE_INFINITY ? h : h + Math.log(sum[p] ?? 0);
  };
  return {
    take: (p, value) => {
      const before = high[p] ?? 0;
      const s = sum[p] ?? 0;
      if (value > before) {
        sum[p] = (before === Number.NEGATIVE_INFINITY ? 0 : s * Math.exp(before - value)) + 1;
        high[p] = value;
      } else if (value !== value) [high[p], sum[p]] = [value, value];
      else if (value !== Number.NEGATIVE_INFINITY) sum[p] = s + (value === before ? 1 : Math.exp(value - before));
    },
    result: (p) => [result(p)],
    merge: (p, [stored = 0]) => [logAddExp(stored, result(p))],
  };
}

/** The k best as (value, index); shows the values or the indices. */
function ranks(
  count: number,
  k: number,
  missing: Ranked,
  show: (best: Ranked) => number,
  split: (value: number, key: number, order: number) => Ranked,
): Partial {
  const lists: Ranked[][] = Array.from({ length: count }, () => []);
  const best = (list: readonly Ranked[]): readonly Ranked[] => list.toSorted(falling).slice(0, k);
  const padded = (list: readonly Ranked[]): readonly number[] => Array.from({ length: k }, (_, rank) => show(list[rank] ?? missing));
  return {
    take: (p, value, key) => {
      const list = lists[p] ?? [];
      list.push(split(value, key, list.length));
      if (list.length >= 4 * k + 16) lists[p] = [...best(list)];
    },
    result: (p) => padded(best(lists[p] ?? [])),
    merge: (p, stored, storedKeys) =>
      padded(best([...stored.map((value, rank) => split(value, storedKeys[rank] ?? 0, rank)), ...(lists[p] ?? [])])),
  };
}

const byKey = (value: number, key: number): Ranked => ({ value: key, index: value });
const byValue = (value: number): Ranked => ({ value, index: 0 });

/** `dtype`: of the result. `k`: 1 but for topk. */
export const partials = {
  none: (count) => fold(count, 0, (_, value) => value),
  sum: (count, dtype) => {
    const round = wrapTo(dtype);
    return fold(count, 0, (a, b) => round(a + b));
  },
  max: (count, dtype) => fold(count, lowest(dtype), Math.max),
  min: (count, dtype) => fold(count, highest(dtype), Math.min),
  logsumexp: (count) => logSumExp(count),
  argmax: (count) => ranks(count, 1, { value: 0, index: NO_INDEX }, ({ index }) => index, byKey),
  topk: (count, dtype, k) => ranks(count, k, { value: lowest(dtype), index: NO_INDEX }, ({ value }) => value, byValue),
  topk_index: (count, _, k) => ranks(count, k, { value: 0, index: NO_INDEX }, ({ index }) => index, byKey),
} as const satisfies Record<Merge, (count: number, dtype: DType, k: number) => Partial>;
