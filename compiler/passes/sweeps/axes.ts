/** Where the batch axes of values lie, and what ops do with them: the one axis analysis under pair sweeps and micro-batches. */
import { type GraphNode, isTile, type Node } from "../../graph/graph.js";
import { degree } from "../../graph/size.js";
import type { Shape } from "../../graph/type.js";

/** Positions of the axes that grow with a batch. */
export const batchAxesOf = (shape: Shape): readonly number[] => shape.flatMap((size, axis) => (degree(size) > 0 ? [axis] : []));

export const axesOf = (node: GraphNode): readonly number[] => (isTile(node) ? [] : batchAxesOf(node.type.shape));

/** For each axis of operand k, the result axis that it becomes; null where it is reduced or contracted. */
export function axisMap(node: Node, k: number, operand: Shape): readonly (number | null)[] {
  const rank = operand.length;
  const same = operand.map((_, axis) => axis);
  switch (node.op) {
    case "broadcast":
      return node.attrs.axes;
    case "transpose":
      return same.map((axis) => node.attrs.perm.indexOf(axis));
    case "dot": {
      const side = k === 0 ? 0 : 1;
      const contracted = node.attrs.contract.map((pair) => pair[side]);
      const batch = node.attrs.batch.map((pair) => pair[side]);
      const leftFree = node.type.shape.length - node.attrs.batch.length - (side === 1 ? rank - batch.length - contracted.length : 0);
      let next = side === 0 ? batch.length : leftFree + batch.length;
      return same.map((axis) => (contracted.includes(axis) ? null : batch.includes(axis) ? batch.indexOf(axis) : next++));
    }
    case "gather": {
      const indexRank = node.type.shape.length - rank + 1;
      const axis = node.attrs.axis;
      if (k === 1) return same.map((a) => axis + a);
      return same.map((a) => (a < axis ? a : a === axis ? null : a - 1 + indexRank));
    }
    case "sum":
    case "max":
    case "min":
    case "logsumexp": {
      let next = 0;
      const axes = node.attrs.axes;
      return same.map((axis) => (axes.includes(axis) ? null : next++));
    }
    case "argmax":
      return same.map((axis) => (axis === node.attrs.axis ? null : axis < node.attrs.axis ? axis : axis - 1));
    case "topk":
    case "topk_index":
      return same.map((axis) => (axis === node.attrs.axis ? null : axis));
    case "scatter_add": {
      const { axis } = node.attrs;
      const indexRank = rank - node.type.shape.length + 1;
      return same.map((a) => (k === 1 ? null : a < axis ? a : a < axis + indexRank ? null : a - indexRank + 1));
    }
    case "windows":
      return same.map((a) => (a > node.attrs.axis ? a + 1 : a));
    case "reshape": {
      // Only a single batch axis is followed; what becomes of model axes matters to nobody.
      const [to, from] = [batchAxesOf(node.type.shape), batchAxesOf(operand)];
      return same.map((axis) => (to.length === 1 && from.length === 1 && axis === from[0] ? (to[0] ?? null) : null));
    }
    default:
      return same;
  }
}

/** The one axis along which an op orders, joins or cuts, so that it cannot go block by block there. */
export function orderedAxis(node: Node): number | null {
  switch (node.op) {
    case "slice":
    case "pad":
    case "concat":
    case "cumsum":
    case "sort":
    case "windows":
      return node.attrs.axis;
    default:
      return null;
  }
}

export const reductions: readonly string[] = ["sum", "max", "min", "logsumexp", "argmax", "topk", "topk_index"];
