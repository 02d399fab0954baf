/**
 * When each buffer's bytes are needed. The order of the statements tells it, whatever the sizes; only which results take over an
 * operand's bytes depends on sizes that agree. So a schedule is traced once, and each choice of blocks asks `handoversOf`.
 */
import { type Size, sameSize } from "../graph/size.js";
import type { SymbolicCall, SymbolicView } from "../kernel/call.js";
import type { Kernel, KernelOf } from "../kernel/kernel.js";
import type { BlockNumbers } from "./block-numbers.js";
import type { BufferId, LoopId } from "./plan.js";
import type { SymbolicBuffer, SymbolicStatement } from "./symbolic-plan.js";

/** First and last statement that touch it, by number; `end`: the last one inside the last. All inclusive. */
export type Life = { readonly first: number; readonly last: number; readonly end: number };

/** A result that may take over the bytes of one of these operands, which die in the statement that makes it. */
type Takeover = { readonly result: BufferId; readonly operands: readonly Taken[] };

/** `alike`: the two windows are the same at all sizes; others may be at some. */
type Taken = { readonly buffer: BufferId; readonly read: SymbolicView; readonly write: SymbolicView; readonly alike: boolean };

export type Trace = {
  /** By buffer; null where no statement of its loops touches it. Statements are numbered in their flat order, without frees. */
  readonly lives: readonly (Life | null)[];
  /** After which statement they die. */
  readonly dying: ReadonlyMap<number, readonly BufferId[]>;
  readonly takeovers: readonly Takeover[];
  /** The buffers of blocks, with their lives. */
  readonly blocks: readonly (Life & { readonly buffer: SymbolicBuffer })[];
  /** Length of the flat order. */
  readonly steps: number;
};

const noBuffers: readonly BufferId[] = [];

/** `statements` hold no choice that is already made; buffers that are `gone` are none. */
export function traceLives(
  statements: readonly SymbolicStatement[],
  buffers: readonly SymbolicBuffer[],
  gone: ReadonlySet<BufferId>,
  kernels: readonly Kernel[],
): Trace {
  const homes = new Map<string, BufferId[]>();
  for (const [id, { loops }] of buffers.entries()) if (!gone.has(id)) homes.set(loops.join(), [...(homes.get(loops.join()) ?? []), id]);
  const lives: (Life | null)[] = buffers.map(() => null);
  const dying = new Map<number, readonly BufferId[]>();
  const takeovers: Takeover[] = [];
  let steps = 0;

  /** Says what the list touches. */
  const walk = (list: readonly SymbolicStatement[], loops: readonly LoopId[]): ReadonlySet<BufferId> => {
    const first = new Map<BufferId, number>();
    const last = new Map<BufferId, number>();
    const ends = new Map<number, number>();
    const calls = new Map<number, Extract<SymbolicStatement, { kind: "call" }>>();
    for (const statement of list) {
      const at = steps++;
      for (const buffer of within(statement, loops)) {
        if (!first.has(buffer)) first.set(buffer, at);
        last.set(buffer, at);
      }
      ends.set(at, steps - 1);
      if (statement.kind === "call") calls.set(at, statement);
    }
    const mine = homes.get(loops.join()) ?? noBuffers;
    const born = new Map<number, BufferId[]>();
    const dead = new Map<number, BufferId[]>();
    for (const id of mine) {
      const [f, l] = [first.get(id), last.get(id)];
      if (f === undefined || l === undefined) continue;
      lives[id] = { first: f, last: l, end: ends.get(l) ?? l };
      const role = buffers[id]?.role;
      if (role === "given") continue;
      listAt(born, f).push(id);
      if (role !== "result") listAt(dead, l).push(id);
    }
    for (const [at, { kernel, call }] of calls) {
      const operands = (dead.get(at) ?? noBuffers).filter((id) => first.get(id) !== at);
      for (const result of born.get(at) ?? noBuffers) {
        const mayTake = operands.flatMap((operand) => takeover(call, kernels[kernel], operand, result, buffers) ?? []);
        if (mayTake.length > 0) takeovers.push({ result, operands: mayTake });
      }
    }
    for (const [at, ids] of dead) dying.set(at, ids);
    return new Set(first.keys());
  };
  const within = (statement: SymbolicStatement, loops: readonly LoopId[]): Iterable<BufferId> => {
    switch (statement.kind) {
      case "for":
        return walk(statement.body, [...loops, statement.loop]);
      case "choose":
        steps += 2;
        return [statement.early, statement.late].flatMap((branch) => [...within(branch, loops)]);
      case "call":
        return statement.call.operands.map(({ buffer }) => buffer);
    }
  };
  walk(statements, []);
  const blocks = buffers.flatMap((buffer, id) => {
    const life = lives[id] ?? null;
    return buffer.role === "block" && life !== null ? [{ ...life, buffer }] : [];
  });
  return { lives, dying, takeovers, blocks, steps };
}

function listAt<K>(lists: Map<K, BufferId[]>, at: K): BufferId[] {
  const known = lists.get(at);
  if (known !== undefined) return known;
  const list: BufferId[] = [];
  lists.set(at, list);
  return list;
}

/** result → operand whose bytes it takes over, at the statement that reads the one and writes the other element by element. */
export function handoversOf({ takeovers }: Trace, bytes: readonly number[], numbers: BlockNumbers): ReadonlyMap<BufferId, BufferId> {
  const taken = new Set<BufferId>();
  const handovers = new Map<BufferId, BufferId>();
  for (const { result, operands } of takeovers) {
    const operand = operands.find(
      ({ buffer, read, write, alike }) =>
        !taken.has(buffer) && bytes[buffer] === bytes[result] && (alike || sameWindow(read, write, (a, b) => numbers.agree(a, b))),
    );
    if (operand === undefined) continue;
    taken.add(operand.buffer);
    handovers.set(result, operand.buffer);
  }
  return handovers;
}

/** `same`: of the sizes of two windows, at all batch sizes or at given ones. */
const sameWindow = (a: SymbolicView, b: SymbolicView, same: (a: Size, b: Size) => boolean): boolean =>
  a.bases.length === b.bases.length &&
  a.dims.length === b.dims.length &&
  same(a.offset, b.offset) &&
  a.bases.every(({ loop, stride }, k) => loop === b.bases[k]?.loop && same(stride, b.bases[k].stride)) &&
  a.dims.every(({ size, stride }, k) => same(stride, b.dims[k]?.stride ?? []) && same(size, b.dims[k]?.size ?? []));

/** An engine may reduce to other dims in another pass over the points. */
function visitsOnce(kernel: Kernel | undefined): kernel is KernelOf<"map" | "reduce"> {
  if (kernel?.form === "map") return true;
  if (kernel?.form !== "reduce") return false;
  const kept = kernel.outs.filter(({ access }) => access.length < kernel.dims).map(({ access }) => access.toSorted((a, b) => a - b).join());
  return new Set(kept).size === 1;
}

/**
 * Whether every read of the operand is of the very element that is written, through windows that must then be the same, and no
 * point is visited twice.
 */
function takeover(
  { operands }: SymbolicCall,
  kernel: Kernel | undefined,
  operand: BufferId,
  result: BufferId,
  buffers: readonly SymbolicBuffer[],
): Taken | null {
  if (!visitsOnce(kernel) || buffers[operand]?.dtype !== buffers[result]?.dtype) return null;
  const windows = (id: BufferId): readonly number[] => operands.flatMap(({ buffer }, k) => (buffer === id ? [k] : []));
  const [[read = -1, ...otherReads], [write = -1, ...otherWrites]] = [windows(operand), windows(result)];
  const [from, to] = [operands[read], operands[write]];
  if (from === undefined || to === undefined || otherReads.length + otherWrites.length > 0) return null;
  const [out, ...others] = kernel.outs.filter((o) => o.operand === write);
  if (out === undefined || others.length > 0 || out.merge !== "none" || out.access.length !== kernel.dims) return null;
  const atItsElement = kernel.scalars.every((scalar) => {
    if (scalar.kind === "window") return scalar.operand !== read;
    return scalar.kind !== "load" || scalar.operand !== read || scalar.access.join() === out.access.join();
  });
  return atItsElement ? { buffer: operand, read: from, write: to, alike: sameWindow(from, to, sameSize) } : null;
}
