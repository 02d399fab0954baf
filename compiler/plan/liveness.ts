/** When each buffer's bytes are needed, and where they are given back. */
import type { Kernel, KernelOf } from "../kernel/kernel.js";
import type { DraftBuffer } from "./instantiate.js";
import { numberStatements } from "./logical-memory.js";
import type { BufferId, LoopId, PlanStatement } from "./plan.js";

type Call = Extract<PlanStatement, { kind: "call" }>;

/** First write and last read, in the flat order of the statements; inclusive. */
export type Lifetime = { readonly from: number; readonly to: number };

export type Lives = {
  /** With a `free` after each buffer's last use, in the list of the loops that it lives in. */
  readonly statements: readonly PlanStatement[];
  readonly lifetimes: ReadonlyMap<BufferId, Lifetime>;
  /** result → operand whose bytes it takes over, at the statement that reads the one and writes the other element by element. */
  readonly handovers: ReadonlyMap<BufferId, BufferId>;
  /** Length of the flat order. */
  readonly steps: number;
};

/** Buffers that a statement touches, all of its body included. */
export function touched(statement: PlanStatement): ReadonlySet<BufferId> {
  switch (statement.kind) {
    case "for":
      return new Set(statement.body.flatMap((inner) => [...touched(inner)]));
    case "choose":
      return new Set([...statement.early, ...statement.late].flatMap((inner) => [...touched(inner)]));
    case "call":
      return new Set(statement.operands.map(({ buffer }) => buffer));
    case "free":
      return new Set();
    case "op":
    case "cut":
    case "merge":
    case "join":
      throw new Error(`a kernel plan holds no ${statement.kind}`);
  }
}

export function analyseLives(statements: readonly PlanStatement[], buffers: readonly DraftBuffer[], kernels: readonly Kernel[]): Lives {
  const homes = new Map<string, DraftBuffer[]>();
  for (const buffer of buffers) {
    const home = homes.get(buffer.loops.join());
    if (home === undefined) homes.set(buffer.loops.join(), [buffer]);
    else home.push(buffer);
  }
  const handovers = new Map<BufferId, BufferId>();
  const lifetimes = new Map<BufferId, Lifetime>();
  let steps = 0;

  /** Inserts frees and numbers what comes out: one walk, since a list's frees depend on that list alone. */
  const walk = (list: readonly PlanStatement[], loops: readonly LoopId[]): readonly PlanStatement[] => {
    const mine = homes.get(loops.join()) ?? [];
    const first = new Map<BufferId, number>();
    const last = new Map<BufferId, number>();
    list.forEach((statement, at) => {
      for (const buffer of touched(statement)) {
        if (!first.has(buffer)) first.set(buffer, at);
        last.set(buffer, at);
      }
    });
    const dying = list.map((_, at) => mine.filter(({ id, role }) => last.get(id) === at && role !== "given" && role !== "result"));
    const begins: number[] = [];
    const ends: number[] = [];
    const out = list.flatMap((statement, at): readonly PlanStatement[] => {
      begins[at] = steps++;
      const walked = statement.kind === "for" ? { ...statement, body: walk(statement.body, [...loops, statement.loop]) } : statement;
      if (statement.kind === "choose") steps += numberStatements([statement]).size - 1;
      ends[at] = steps - 1;
      const dead = dying[at] ?? [];
      const taken = new Set<BufferId>();
      const kernel = walked.kind === "call" ? kernels[walked.kernel] : undefined;
      if (walked.kind === "call" && kernel !== undefined) {
        const born = mine.filter(({ id, role }) => first.get(id) === at && role !== "given");
        for (const result of born) {
          const operand = dead.find(
            (buffer) =>
              !taken.has(buffer.id) &&
              buffer.id !== result.id &&
              first.get(buffer.id) !== at &&
              mayTakeOver(walked, kernel, buffer, result),
          );
          if (operand === undefined) continue;
          taken.add(operand.id);
          handovers.set(result.id, operand.id);
        }
      }
      const frees = dead.filter(({ id }) => !taken.has(id)).map(({ id }): PlanStatement => ({ kind: "free", buffer: id }));
      steps += frees.length;
      return [walked, ...frees];
    });
    for (const { id, role } of mine) {
      const [f, l] = [first.get(id), last.get(id)];
      if (f === undefined || l === undefined) lifetimes.set(id, { from: 0, to: role === "given" ? Number.POSITIVE_INFINITY : 0 });
      else
        lifetimes.set(id, {
          from: role === "given" ? 0 : (begins[f] ?? 0),
          to: role === "given" || role === "result" ? Number.POSITIVE_INFINITY : (ends[l] ?? 0),
        });
    }
    return out;
  };
  const placed = walk(statements, []);
  const end = Math.max(steps - 1, 0);
  const finite = new Map([...lifetimes].map(([id, { from, to }]) => [id, { from, to: Math.min(to, end) }]));
  return { statements: placed, lifetimes: finite, handovers, steps };
}

/** An engine may reduce to other dims in another pass over the points. */
function visitsOnce(kernel: Kernel): kernel is KernelOf<"map" | "reduce"> {
  if (kernel.form === "map") return true;
  if (kernel.form !== "reduce") return false;
  const kept = kernel.outs.filter(({ access }) => access.length < kernel.dims).map(({ access }) => access.toSorted((a, b) => a - b).join());
  return new Set(kept).size === 1;
}

/**
 * Every read of the operand is of the very element that is written: same window, same dims along its axes; and no point is
 * visited twice.
 */
function mayTakeOver(call: Call, kernel: Kernel, operand: DraftBuffer, result: DraftBuffer): boolean {
  if (!visitsOnce(kernel) || operand.bytes !== result.bytes || operand.dtype !== result.dtype) return false;
  const windows = (id: BufferId): readonly number[] => call.operands.flatMap(({ buffer }, k) => (buffer === id ? [k] : []));
  const [[read, ...otherReads], [write, ...otherWrites]] = [windows(operand.id), windows(result.id)];
  if (read === undefined || write === undefined || otherReads.length + otherWrites.length > 0) return false;
  const text = (k: number): string => JSON.stringify({ ...call.operands[k], buffer: 0 });
  const [out, ...others] = kernel.outs.filter((o) => o.operand === write);
  if (out === undefined || others.length > 0 || out.merge !== "none" || text(read) !== text(write)) return false;
  if (out.access.length !== kernel.dims) return false;
  return kernel.scalars.every((scalar) => {
    if (scalar.kind === "window") return scalar.operand !== read;
    return scalar.kind !== "load" || scalar.operand !== read || scalar.access.join() === out.access.join();
  });
}
