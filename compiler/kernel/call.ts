/** A kernel applied, before the batch sizes are known: what `bind` turns into a plan's `call`. */
import type { Span } from "../../grammar/span.js";
import { addSizes, batch, constant, multiplySizes, one, type Size } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import type { BufferId, LoopId } from "../plan/plan.js";
import type { Kernel } from "./kernel.js";

/** The block of a loop as a size. Loops are numbered over the whole program, so two tiles' `i` stay apart. */
export const blockSize = (loop: LoopId): Size => batch(`@${loop}`);

/** The loop that a size's batch stands for, or null for a batch of the program. */
export const loopOf = (id: string): LoopId | null => (id.startsWith("@") ? Number(id.slice(1)) : null);

/** Does the size change with the block of a loop? */
export const isBlock = (size: Size): boolean => size.some(({ pow }) => Object.keys(pow).some((id) => loopOf(id) !== null));

/** A strided window. In strides a block counts whole; in sizes it is the current block, shorter at the edge. */
export type SymbolicView = {
  readonly buffer: BufferId;
  readonly offset: Size;
  readonly bases: readonly { readonly loop: LoopId; readonly stride: Size }[];
  readonly dims: readonly { readonly size: Size; readonly stride: Size }[];
};

/** `size` plus the start of the current block. */
export type SymbolicParameter = { readonly size: Size; readonly start: LoopId | null };

export type SymbolicCall = {
  readonly kernel: Kernel;
  readonly operands: readonly SymbolicView[];
  /** One per kernel dim, inner ones too; empty for the forms without scalars. */
  readonly extents: readonly Size[];
  readonly parameters: readonly SymbolicParameter[];
  /** Per result: it is stored where all these loops are at their start, elsewhere merged. */
  readonly first: readonly (readonly LoopId[])[];
  readonly span: Span;
};

/** Row-major, from the start of the buffer. */
export function contiguous(buffer: BufferId, shape: Shape): SymbolicView {
  let stride = one;
  const dims = shape.toReversed().map((size) => {
    const dim = { size, stride };
    stride = multiplySizes(stride, size);
    return dim;
  });
  return { buffer, offset: constant(0), bases: [], dims: dims.toReversed() };
}

/** The current block of a whole buffer: axis k is cut by loop `slice[k]`. */
export function blockOf(whole: SymbolicView, slice: readonly (LoopId | null)[]): SymbolicView {
  const bases = whole.dims.flatMap(({ stride }, axis) => {
    const loop = slice[axis] ?? null;
    return loop === null ? [] : [{ loop, stride }];
  });
  const dims = whole.dims.map(({ size, stride }, axis) => {
    const loop = slice[axis] ?? null;
    return { size: loop === null ? size : blockSize(loop), stride };
  });
  return { ...whole, bases: [...whole.bases, ...bases], dims };
}

/** Moves the start along one axis and changes its length: for the pieces of a concat or a pad. */
export function windowOf(whole: SymbolicView, axis: number, start: Size, size: Size): SymbolicView {
  const stride = whole.dims[axis]?.stride ?? one;
  return {
    ...whole,
    offset: addSizes(whole.offset, multiplySizes(start, stride)),
    dims: whole.dims.map((dim, k) => (k === axis ? { ...dim, size } : dim)),
  };
}
