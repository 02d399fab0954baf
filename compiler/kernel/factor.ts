import type { Factor } from "./kernel.js";

/** The kernel dims that a factor changes with, rising. */
export function factorDims({ scalars }: Factor): readonly number[] {
  const named = scalars.flatMap((scalar) => (scalar.kind === "load" ? scalar.access : scalar.kind === "index" ? [scalar.dim] : []));
  return [...new Set(named)].sort((a, b) => a - b);
}
