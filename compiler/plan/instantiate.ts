/** A schedule with numbers in it: sizes and blocks evaluated, frees and offsets still missing. */
import { type BatchId, constant, degree, evaluateSize, product, type Size, substituteSize } from "../graph/size.js";
import { dtypeBytes } from "../graph/type.js";
import { loopOf, type SymbolicView } from "../kernel/call.js";
import type { Extent, KeptTiles, LoopId, PlanBuffer, PlanStatement, TileChoice, View } from "./plan.js";
import { type Keep, keptCount, paddedExtent, type Schedule, type SymbolicStatement } from "./symbolic-plan.js";

export type DraftBuffer = Omit<PlanBuffer, "from" | "to" | "offset"> & { readonly loops: readonly LoopId[] };

export type Draft = {
  readonly statements: readonly PlanStatement[];
  readonly buffers: readonly DraftBuffer[];
  readonly kept: readonly KeptTiles[];
};

/** `counts`: how many tiles of each of the schedule's keeps stay; as many as there are where it asks for more. */
export function instantiate(
  schedule: Schedule,
  dims: Readonly<Record<BatchId, number>>,
  tiles: readonly TileChoice[],
  counts: readonly number[],
): Draft {
  const blocks: Record<BatchId, number> = {};
  const ranges = schedule.loops.map(({ tile, index }, loop) => {
    const range = tiles.find((choice) => choice.tile === tile)?.loops[index];
    if (range === undefined) throw new Error(`no block is chosen for loop ${index} of tile %${tile}`);
    blocks[`@${loop}`] = range.block;
    return range;
  });
  const turns = ({ extent, block }: (typeof ranges)[number]): number => Math.ceil(extent / block);
  for (const [loop, range] of ranges.entries()) blocks[paddedExtent(loop)] = turns(range) * range.block;
  const totals = schedule.keeps.map(({ loops }) => loops.reduce((product, loop) => product * turns(ranges[loop] ?? raise(loop)), 1));
  const kept = schedule.keeps.map((keep, k) => (haveEqualBlocks(keep, tiles) ? Math.min(counts[k] ?? 0, totals[k] ?? 0) : 0));
  for (const [keep, count] of kept.entries()) blocks[keptCount(keep)] = count;
  /** Where nothing is kept there is no buffer, and those behind it move up. */
  const gone = new Set(schedule.keeps.flatMap(({ buffer }, keep) => (kept[keep] === 0 ? [buffer] : [])));
  const remaining = schedule.buffers.flatMap((_, id) => (gone.has(id) ? [] : [id]));
  const numbers = new Map(remaining.map((old, id) => [old, id]));
  const whole = { ...dims, ...blocks };
  const blockSizes = Object.fromEntries(Object.entries(blocks).map(([id, size]) => [id, constant(size)]));
  /** A block counts whole: for strides and for memory. */
  const full = (size: Size): number => safe(evaluateSize(size, whole));
  const extent = (size: Size): Extent => extentOf(size, dims, full);

  const view = ({ buffer, offset, bases, dims: axes }: SymbolicView): View => ({
    buffer: numbers.get(buffer) ?? raise(buffer),
    offset: safe(evaluateSize(offset, dims)),
    bases: bases.map(({ loop, stride }) => ({ loop, stride: full(stride) })),
    dims: axes.map(({ size, stride }) => ({ extent: extent(size), stride: full(stride) })),
  });
  const statement = (symbolic: SymbolicStatement): PlanStatement => {
    if (symbolic.kind === "choose") {
      const { keep, loops } = symbolic;
      const [below = 0, total = 0] = [kept[keep], totals[keep]];
      if (below === 0) return statement(symbolic.late);
      if (below === total) return statement(symbolic.early);
      return { kind: "choose", loops, below, early: [statement(symbolic.early)], late: [statement(symbolic.late)] };
    }
    if (symbolic.kind === "for") {
      const { name, extent: total, block } = ranges[symbolic.loop] ?? { name: "", extent: 0, block: 1 };
      return { kind: "for", loop: symbolic.loop, name, extent: total, step: block, body: symbolic.body.map(statement) };
    }
    const { operands, extents, parameters, first, span } = symbolic.call;
    return {
      kind: "call",
      kernel: symbolic.kernel,
      operands: operands.map(view),
      extents: extents.map(extent),
      parameters: parameters.map(({ size, start }) => ({ value: safe(evaluateSize(size, dims)), loop: start })),
      first,
      span,
    };
  };
  const buffers = remaining.map((old, id): DraftBuffer => {
    const { name, role, dtype, shape, loops, span } = schedule.buffers[old] ?? raise(old);
    const extents = shape.map(full);
    const size = substituteSize(product(shape), blockSizes);
    return {
      id,
      name,
      role,
      dtype,
      shape: extents,
      bytes: safe(extents.reduce((a, b) => a * b, dtypeBytes[dtype])),
      size,
      degree: degree(size),
      loops,
      span,
    };
  });
  const keptTiles = schedule.keeps.map(({ buffer, tiles }, keep): KeptTiles => {
    const { bytes } = buffers[numbers.get(buffer) ?? -1] ?? { bytes: 0 };
    return { tiles, count: kept[keep] ?? 0, of: totals[keep] ?? 0, bytes };
  });
  return { statements: schedule.statements.map(statement), buffers, kept: keptTiles };
}

/** A tile that is kept must be the later sweep's tile too. */
function haveEqualBlocks(keep: Keep, choices: readonly TileChoice[]): boolean {
  const blocks = keep.tiles.map((tile) =>
    choices
      .find((choice) => choice.tile === tile)
      ?.loops.map(({ block }) => block)
      .join(),
  );
  return new Set(blocks).size === 1;
}

function extentOf(size: Size, dims: Readonly<Record<BatchId, number>>, full: (size: Size) => number): Extent {
  const terms = size.map(({ coef, pow }) => {
    const loops = Object.entries(pow).flatMap(([id, p]) => Array.from({ length: loopOf(id) === null ? 0 : p }, () => loopOf(id) ?? -1));
    const value = Object.entries(pow).reduce((total, [id, p]) => (loopOf(id) === null ? total * (dims[id] ?? 0) ** p : total), coef);
    return { coef: value, loops };
  });
  return terms.every(({ loops }) => loops.length === 0) ? full(size) : terms;
}

function raise(id: number): never {
  throw new Error(`the schedule has no buffer or loop ${id}`);
}

/** Past 2^53 offsets would be wrong without a word. */
function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} elements or bytes cannot be counted exactly`);
  return value;
}
