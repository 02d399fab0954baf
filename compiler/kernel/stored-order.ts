/**
 * The order in which the axes of stored values lie in memory: row by row, but where a reader asks for the axes side by side in another
 * order. Then the value lies as its reader sees it, and the reshape is a view of it where it would be a copy, or a view that runs
 * across the lines.
 *
 *   %1 = dot … : [n, heads, 64, 64]; %2 = transpose %1 {perm = [0, 2, 1, 3]}; %3 = reshape %2 : [n, 64, heads * 64]
 */
import { type GraphNode, type Id, isTile } from "../graph/graph.js";
import { one } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import type { BufferId } from "../plan/plan.js";
import { contiguous, isBlock, type SymbolicView } from "./call.js";
import { type AxisIndex, indexView, reshapeView } from "./layout.js";
import { nodeClass } from "./node-class.js";

/** The axes of a value, the outermost in memory first. */
export type StoredOrder = readonly number[];

/** A whole value whose axes lie in this order. */
export function laidOut(buffer: BufferId, shape: Shape, order: StoredOrder | null): SymbolicView {
  if (order === null) return contiguous(buffer, shape);
  const { dims, ...rest } = contiguous(
    buffer,
    order.map((axis) => shape[axis] ?? one),
  );
  return { ...rest, dims: shape.map((size, axis) => dims[order.indexOf(axis)] ?? { size, stride: one }) };
}

type Values = {
  readonly nodes: readonly GraphNode[];
  readonly shape: (id: Id) => Shape;
  /** Where the bytes of a value lie, and how it indexes them. */
  readonly bytesOf: (id: Id) => { readonly base: Id; readonly index: readonly AxisIndex[] };
  /** Values that lie row by row because somebody outside reads them. */
  readonly wanted: ReadonlySet<Id>;
};

/** The values that lie in another order than row by row: those whose reshapes all ask for the same one. */
export function storedOrders({ nodes, shape, bytesOf, wanted }: Values): ReadonlyMap<Id, StoredOrder> {
  const asked = new Map<Id, StoredOrder>();
  const refused = new Set<Id>();
  const classes = new Map(nodes.map((node) => [node.id, isTile(node) ? null : nodeClass[node.op]]));
  for (const node of nodes) {
    if (isTile(node) || node.op !== "reshape") continue;
    const operand = node.ins[0] ?? -1;
    const { base, index } = bytesOf(operand);
    if (wanted.has(base) || (classes.get(base) !== "contraction" && classes.get(base) !== "points")) continue;
    const order = orderOf(index);
    const inPlace = order?.every((axis, k) => axis === k) ?? true;
    const view = order === null ? null : reshapeView(indexView(laidOut(-1, shape(base), order), index, shape(operand)), node.type.shape);
    if (order === null || inPlace || view === null || crossesBlock(shape(base), order)) refused.add(base);
    else if (asked.has(base) && asked.get(base)?.join() !== order.join()) refused.add(base);
    else asked.set(base, order);
  }
  return new Map([...asked].filter(([base]) => !refused.has(base)));
}

/** The order in which an index that only exchanges axes sees them. */
function orderOf(index: readonly AxisIndex[]): StoredOrder | null {
  if (index.some(({ start, window }) => start.length > 0 || window !== undefined)) return null;
  const order = index.map((_, dim) => index.findIndex((at) => at.dim === dim));
  return order.includes(-1) ? null : order;
}

/** Behind a block that moves the last one would leave gaps. */
const crossesBlock = (shape: Shape, order: StoredOrder): boolean =>
  shape.some((size, axis) => isBlock(size) && order.slice(0, axis + 1).some((moved, k) => moved !== k));
