/** A schedule with numbers in it: sizes and blocks evaluated, frees and offsets still missing. */
import { type BatchId, constant, degree, evaluateSize, product, type Size, substituteSize } from "../graph/size.js";
import { dtypeBytes } from "../graph/type.js";
import { loopOf, type SymbolicView } from "../kernel/call.js";
import type { Extent, LoopId, PlanBuffer, PlanStatement, TileChoice, View } from "./plan.js";
import type { Schedule, SymbolicStatement } from "./schedule.js";

export type DraftBuffer = Omit<PlanBuffer, "from" | "to" | "offset"> & { readonly loops: readonly LoopId[] };

export type Draft = { readonly statements: readonly PlanStatement[]; readonly buffers: readonly DraftBuffer[] };

export function instantiate(schedule: Schedule, dims: Readonly<Record<BatchId, number>>, tiles: readonly TileChoice[]): Draft {
  const blocks: Record<BatchId, number> = {};
  const ranges = schedule.loops.map(({ tile, index }, loop) => {
    const range = tiles.find((choice) => choice.tile === tile)?.loops[index];
    if (range === undefined) throw new Error(`no block is chosen for loop ${index} of tile %${tile}`);
    blocks[`@${loop}`] = range.block;
    return range;
  });
  const whole = { ...dims, ...blocks };
  const blockSizes = Object.fromEntries(Object.entries(blocks).map(([id, size]) => [id, constant(size)]));
  /** A block counts whole: for strides and for memory. */
  const full = (size: Size): number => safe(evaluateSize(size, whole));
  const extent = (size: Size): Extent => extentOf(size, dims, full);

  const view = ({ buffer, offset, bases, dims: axes }: SymbolicView): View => ({
    buffer,
    offset: safe(evaluateSize(offset, dims)),
    bases: bases.map(({ loop, stride }) => ({ loop, stride: full(stride) })),
    dims: axes.map(({ size, stride }) => ({ extent: extent(size), stride: full(stride) })),
  });
  const statement = (symbolic: SymbolicStatement): PlanStatement => {
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
  const buffers = schedule.buffers.map(({ name, role, dtype, shape, loops, span }, id): DraftBuffer => {
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
  return { statements: schedule.statements.map(statement), buffers };
}

function extentOf(size: Size, dims: Readonly<Record<BatchId, number>>, full: (size: Size) => number): Extent {
  const terms = size.map(({ coef, pow }) => {
    const loops = Object.entries(pow).flatMap(([id, p]) => Array.from({ length: loopOf(id) === null ? 0 : p }, () => loopOf(id) ?? -1));
    const value = Object.entries(pow).reduce((total, [id, p]) => (loopOf(id) === null ? total * (dims[id] ?? 0) ** p : total), coef);
    return { coef: value, loops };
  });
  return terms.every(({ loops }) => loops.length === 0) ? full(size) : terms;
}

/** Past 2^53 offsets would be wrong without a word. */
function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} elements or bytes cannot be counted exactly`);
  return value;
}
