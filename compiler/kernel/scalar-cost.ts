import type { ScalarOp } from "./kernel.js";

// biome-ignore format: one line per price reads as the table that it is
/**
 * What an op costs next to an addition, by the throughput of vector units: cheap expressions are computed again where they are
 * read, dear ones once. Cast and compare are counted although they often vanish.
 */
export const scalarCost = {
  neg: 1, abs: 1, sign: 1, floor: 1, not: 1, cast: 1,
  add: 1, sub: 1, mul: 1, maximum: 1, minimum: 1, select: 1,
  eq: 1, ne: 1, lt: 1, le: 1, gt: 1, ge: 1, and: 1, or: 1,
  div: 4, mod: 8, sqrt: 8, rsqrt: 8,
  exp: 8, expm1: 8, log: 8, log1p: 8, sin: 8, cos: 8, tanh: 8, erf: 8, sigmoid: 8, softplus: 16, pow: 16, random: 64,
} as const satisfies Record<ScalarOp, number>;

/**
 * An expression over stored values and indices up to this cost is computed where it is read, any number of times: that is less
 * than storing and loading an element from beyond the caches.
 */
export const CHEAP = 6;
