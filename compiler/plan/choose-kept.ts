import { type BatchId, evaluateSize } from "../graph/size.js";
import type { Plan } from "./plan.js";
import type { Keep } from "./symbolic-plan.js";

/** Multiply-adds of an element from which on storing and loading it is the cheaper way. */
const WORTH_KEEPING = 64;

/** How many tiles each keep holds: as many as the limit leaves room for, those that save most first. */
export function chooseKept(
  keeps: readonly Keep[],
  dims: Readonly<Record<BatchId, number>>,
  limitBytes: number,
  planAt: (counts: readonly number[]) => Pick<Plan, "peakBytes" | "kept">,
): readonly number[] {
  const worth = keeps.map(({ inner }) => evaluateSize(inner, dims));
  const order = [...keeps.keys()].filter((k) => (worth[k] ?? 0) >= WORTH_KEEPING).sort((a, b) => (worth[b] ?? 0) - (worth[a] ?? 0));
  let counts: readonly number[] = keeps.map(() => 0);
  for (const k of order) {
    const withCount = (count: number): readonly number[] => counts.map((other, at) => (at === k ? count : other));
    const fits = (count: number): boolean => planAt(withCount(count)).peakBytes <= limitBytes;
    const total = planAt(counts).kept[k]?.of ?? 0;
    let [low, high] = fits(total) ? [total, total] : [0, total - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle - 1;
    }
    counts = withCount(low);
  }
  return counts;
}
