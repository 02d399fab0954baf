import { type BatchId, evaluateSize } from "../graph/size.js";
import type { Keep } from "./symbolic-plan.js";

/** Multiply-adds of an element from which on storing and loading it is the cheaper way. */
const WORTH_KEEPING = 64;

/** How many of its `totals` tiles each keep holds: as many as fit, those that save most first. */
export function chooseKept(
  keeps: readonly Keep[],
  dims: Readonly<Record<BatchId, number>>,
  totals: readonly number[],
  fit: (counts: readonly number[]) => boolean,
): readonly number[] {
  const worth = keeps.map(({ inner }) => evaluateSize(inner, dims));
  const order = [...keeps.keys()].filter((k) => (worth[k] ?? 0) >= WORTH_KEEPING).sort((a, b) => (worth[b] ?? 0) - (worth[a] ?? 0));
  let counts: readonly number[] = keeps.map(() => 0);
  for (const k of order) {
    const fits = (count: number): boolean => fit(counts.with(k, count));
    const total = totals[k] ?? 0;
    let [low, high] = fits(total) ? [total, total] : [0, total - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle - 1;
    }
    counts = counts.with(k, low);
  }
  return counts;
}
