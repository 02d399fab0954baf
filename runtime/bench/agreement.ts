/** A peer that computes something else is none: its loss and gradients are held to ours. */
import { type HostArray, values } from "../data/host-array.js";

/** Both sides round in f32, and neither in the other's order. A formula that differs differs by far more. */
const TOLERANCE = 1e-3;

export type Norms = ReadonlyMap<string, number>;

/** The L2 norm of each. */
export const normsOf = (arrays: ReadonlyMap<string, HostArray>): Norms =>
  new Map([...arrays].map(([name, array]) => [name, norm(array)] as const));

function norm(array: HostArray): number {
  let sum = 0;
  for (const value of values(array)) sum += value * value;
  return Math.sqrt(sum);
}

/** The first of theirs that ours does not have like this; null where they agree. */
export function disagreement(theirs: Norms, ours: Norms): string | null {
  for (const [name, norm] of theirs) {
    const expected = ours.get(name);
    if (expected === undefined) return `it gives ${name}, and we do not`;
    if (!(Math.abs(norm - expected) <= TOLERANCE * Math.max(norm, expected)))
      return `its ${name} has the norm ${norm}, and ours ${expected}`;
  }
  return theirs.size === 0 ? "it gives nothing" : null;
}
