import type { Dims } from "../../compiler/bind.js";

/** Beyond any batch that could be meant, and small enough for exact products of its size. */
const LARGEST = 2 ** 40;

/**
 * The largest batch sizes that fit, all in the proportion of `dims`; null where not even 1 does.
 * Peak bytes grow with the batch, so halving finds the edge.
 */
export function largestBatch(dims: Dims, fits: (dims: Dims) => boolean): Dims | null {
  const base = Math.max(...Object.values(dims));
  if (!Number.isFinite(base)) return null;
  const at = (size: number): Dims =>
    Object.fromEntries(Object.entries(dims).map(([id, value]) => [id, Math.max(1, Math.round((value / base) * size))]));
  // Begun at the batch that is asked about: the edge is mostly near.
  let [low, high] = fits(dims) ? [base, base * 2] : [0, base];
  while (low > 0 && high <= LARGEST && fits(at(high))) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(at(middle))) low = middle;
    else high = middle;
  }
  return low === 0 ? null : at(low);
}
