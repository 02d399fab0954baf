/**
 * Pieces of a concat that are made where the concat wants them, so that it copies nothing: a piece that one kernel stores and that
 * nobody else reads, transposed and reshaped as it may be on the way.
 *
 *   %7 = concat (reshape (transpose (dot …))), …     the product is written into its columns of %7
 */
import { type Id, isTile, type Node, readCounts } from "../graph/graph.js";
import { addSizes, constant, one, type Size } from "../graph/size.js";
import type { BufferId } from "../plan/plan.js";
import { contiguous, type SymbolicView, windowOf } from "./call.js";
import { reshapeView } from "./layout.js";
import { nodeClass } from "./node-class.js";
import type { Region, RegionNodes } from "./region-nodes.js";

export type Placement = {
  readonly concat: Node<"concat">;
  /** Which of its operands. */
  readonly piece: number;
  /** The value's window in the concat's buffer. */
  readonly view: (buffer: BufferId) => SymbolicView;
};

/** By the value that a kernel stores. Blocks of a loop are left alone: in a buffer of blocks the last one would leave gaps. */
export function placedPieces(region: Region, nodes: RegionNodes, isStored: (id: Id) => boolean): ReadonlyMap<Id, Placement> {
  const readers = readCounts(region.nodes);
  const placed = new Map<Id, Placement>();
  for (const concat of region.nodes) {
    if (isTile(concat) || concat.op !== "concat" || region.depth(concat.id) > 0) continue;
    let start: Size = constant(0);
    for (const [piece, id] of concat.ins.entries()) {
      const size = nodes.shape(id)[concat.attrs.axis] ?? one;
      const window = windowOf(contiguous(-1, concat.type.shape), concat.attrs.axis, start, size);
      start = addSizes(start, size);
      const made = madeIn(window, id);
      if (made !== null) placed.set(made.id, { concat, piece, view: (buffer) => ({ ...made.view, buffer }) });
    }
  }
  return placed;

  /** The value whose elements this window holds, and where each lies; null where it is stored elsewhere, or not at all. */
  function madeIn(view: SymbolicView, id: Id): { readonly id: Id; readonly view: SymbolicView } | null {
    const node = nodes.op(id);
    if (readers.get(id) !== 1 || region.wanted.has(id)) return null;
    const [operand = -1] = node.ins;
    switch (node.op) {
      case "transpose": {
        const { perm } = node.attrs;
        return madeIn({ ...view, dims: perm.map((_, axis) => view.dims[perm.indexOf(axis)] ?? { size: one, stride: one }) }, operand);
      }
      case "reshape": {
        const before = reshapeView(view, nodes.shape(operand));
        return before === null ? null : madeIn(before, operand);
      }
      default: {
        const kind = nodeClass[node.op];
        return (kind === "points" || kind === "contraction") && region.depth(id) === 0 && isStored(id) ? { id, view } : null;
      }
    }
  }
}
