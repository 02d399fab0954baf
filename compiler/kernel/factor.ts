/** The dims of a contraction, by what they are to it. */
import type { Factor, KernelOf } from "./kernel.js";

/** The kernel dims that a factor changes with, rising. */
export function factorDims({ scalars }: Factor): readonly number[] {
  const named = scalars.flatMap((scalar) => (scalar.kind === "load" ? scalar.access : scalar.kind === "index" ? [scalar.dim] : []));
  return [...new Set(named)].sort((a, b) => a - b);
}

/** The dims that a contraction adds up over: its last ones. */
export const innerDims = ({ dims, inner }: KernelOf<"contract">): readonly number[] =>
  Array.from({ length: inner }, (_, k) => dims - inner + k);
