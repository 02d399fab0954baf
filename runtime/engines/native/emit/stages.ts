/**
 * A scalar DAG cut where long functions begin and end. One exponential after the other waits for itself: its dozens of steps follow
 * one another, and a core looks no further ahead than to the next point. So a stage goes over several points before the next one
 * begins, and the chains of different points overlap.
 */
import type { Scalar, ScalarOp } from "../../../../compiler/kernel/kernel.js";
import type { CText } from "./c-text.js";
import { isLong } from "./scalar-ops.js";

export type Stage = {
  readonly lines: CText;
  /** Entries that earlier stages have computed and this one reads. */
  readonly takes: readonly number[];
  /** Entries of this stage that later ones read. */
  readonly leaves: readonly number[];
};

type Innermost = {
  /** Whether an entry is computed at each point. */
  readonly has: (at: number) => boolean;
  readonly lines: (at: number) => CText;
  /** Entries that are used from outside: in the last stage. */
  readonly wanted: readonly number[];
};

export function stagesOf(scalars: readonly Scalar[], { has, lines, wanted }: Innermost): readonly Stage[] {
  const ops: readonly Op[] = scalars.flatMap((scalar, at) =>
    scalar.kind === "op" && has(at) ? [{ at, op: scalar.op, ins: scalar.ins.filter(has) }] : [],
  );
  const stage = new Map<number, number>();
  for (const { at, op, ins } of ops) {
    const behind = ins.map((operand) => {
      const before = stage.get(operand);
      const maker = scalars[operand];
      return before === undefined ? 0 : before + (isLong.has(op) || (maker?.kind === "op" && isLong.has(maker.op)) ? 1 : 0);
    });
    stage.set(at, Math.max(0, ...behind));
  }
  sink(ops, stage);
  const last = Math.max(0, ...stage.values());
  const reads = Array.from({ length: last + 1 }, (_, s) => {
    const mine = ops.filter(({ at }) => stage.get(at) === s).flatMap(({ ins }) => ins);
    return [...new Set(s === last ? [...mine, ...wanted.filter(has)] : mine)].sort((a, b) => a - b);
  });
  return reads.map((read, s) => ({
    // What only lies in memory is loaded again where it is read.
    lines: scalars.flatMap((_, at) => (stage.get(at) === s || (read.includes(at) && !stage.has(at)) ? lines(at) : [])),
    takes: read.filter((at) => (stage.get(at) ?? s) < s),
    leaves: ops.flatMap(({ at }) => (stage.get(at) === s && reads.slice(s + 1).some((later) => later.includes(at)) ? [at] : [])),
  }));
}

type Op = { readonly at: number; readonly op: ScalarOp; readonly ins: readonly number[] };

/** What is made of one entry alone waits for the first stage that reads it: that entry is kept in its place, and mostly was anyway. */
function sink(ops: readonly Op[], stage: Map<number, number>): void {
  for (const { at, op, ins } of ops.toReversed()) {
    const own = stage.get(at) ?? 0;
    if (isLong.has(op) || new Set(ins).size > 1) continue;
    const readers = ops.filter((reader) => reader.ins.includes(at)).map((reader) => stage.get(reader.at) ?? own);
    if (readers.length > 0) stage.set(at, Math.max(own, Math.min(...readers)));
  }
}
