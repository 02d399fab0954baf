/** The dims of a contraction, by what they are to it. */
import type { Factor, KernelOf, Scalar } from "./kernel.js";
import { windowDims } from "./window.js";

/** The kernel dims that an entry names itself. */
export function scalarDims(scalar: Scalar): readonly number[] {
  switch (scalar.kind) {
    case "load":
      return scalar.access;
    case "window":
      return windowDims(scalar.axes);
    case "index":
      return [scalar.dim];
    default:
      return [];
  }
}

/** The kernel dims that a factor changes with, rising. */
export function factorDims({ scalars }: Factor): readonly number[] {
  return [...new Set(scalars.flatMap(scalarDims))].sort((a, b) => a - b);
}

/** The dims that a contraction adds up over: its last ones. */
export const innerDims = ({ dims, inner }: KernelOf<"contract">): readonly number[] =>
  Array.from({ length: inner }, (_, k) => dims - inner + k);
