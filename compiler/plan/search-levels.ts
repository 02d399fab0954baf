/**
 * Levels of several groups, each from 0, the coarsest, to `finest`: as coarse as a budget allows, in few measures. A measure of a
 * deep program takes milliseconds, and a walk of one level at a time would take hundreds.
 */
import { firstThat } from "./first-that.js";

export type Levels = readonly number[];

export type Costs = {
  /** Never more than the peak, and much sooner known. Falls with the levels. */
  readonly leastBytes: (levels: Levels) => number;
  /** Falls with the levels, but for what packing leaves between. */
  readonly peakBytes: (levels: Levels) => number;
};

/** None coarser than `start`. Where nothing fits, those of the lowest peak that was found. */
export function coarsestWithin(budgetBytes: number, start: Levels, finest: number, costs: Costs): Levels {
  const fits = (levels: Levels): boolean => costs.leastBytes(levels) <= budgetBytes && costs.peakBytes(levels) <= budgetBytes;
  if (fits(start)) return start;
  const all = start.map(() => finest);
  if (fits(all)) {
    const down = (count: number): Levels => start.map((level) => Math.min(level + count, finest));
    const count = firstThat((candidate) => fits(down(candidate)), 1, finest - Math.min(...start));
    return coarsened(down(count), start, fits);
  }
  const lowest = lowestPeak(all, start, budgetBytes, costs);
  return fits(lowest) ? coarsened(lowest, start, fits) : lowest;
}

/** What one group alone holds back is given back to the others: in long steps first, so that those of no weight are done at once. */
function coarsened(levels: Levels, start: Levels, fits: (levels: Levels) => boolean): Levels {
  let best = levels;
  const widest = Math.max(...levels.map((level, k) => level - (start[k] ?? 0)));
  for (let step = 2 ** Math.ceil(Math.log2(Math.max(widest, 1))); step >= 1; step /= 2)
    for (const [k, level] of best.entries()) {
      const coarser = Math.max(level - step, start[k] ?? 0);
      const candidate = best.with(k, coarser);
      if (coarser < level && fits(candidate)) best = candidate;
    }
  return best;
}

/**
 * Smaller blocks may pack worse, by a little. So where the smallest do not fit, one group after the other is tried at each of its
 * levels, until none helps or the budget is met.
 */
function lowestPeak(smallest: Levels, start: Levels, budgetBytes: number, { leastBytes, peakBytes }: Costs): Levels {
  let best = smallest;
  let peak = peakBytes(best);
  for (let improved = true; improved && peak > budgetBytes; ) {
    improved = false;
    for (const k of best.keys())
      for (let level = (best[k] ?? 0) - 1; level >= (start[k] ?? 0); level--) {
        const candidate = best.with(k, level);
        // Coarser ones have more alive still.
        if (leastBytes(candidate) >= peak) break;
        const own = peakBytes(candidate);
        if (own < peak) [best, peak, improved] = [candidate, own, true];
      }
  }
  return best;
}
