/** A reduction as points of its operand that meet in one element. */
import type { Node } from "../graph/graph.js";
import type { DType } from "../graph/type.js";
import type { Access } from "./kernel.js";
import { atDims, type PointOut } from "./write-points.js";

export type ReducedPoints = Omit<PointOut, "view" | "first">;

/** `dims`: along which dim each axis of the operand runs. */
export function reducedPoints(node: Node, dims: Access): ReducedPoints {
  const common = { dtype: node.type.dtype, by: null };
  const value = { node: node.ins[0] ?? -1, index: atDims(dims) };
  const keep = (axes: readonly number[]): Access => dims.filter((_, axis) => !axes.includes(axis));
  const along = (axis: number) => ({ position: dims[axis] ?? -1 });
  switch (node.op) {
    case "sum":
    case "max":
    case "min":
    case "logsumexp":
      return { ...common, value, access: keep(node.attrs.axes), merge: node.op, topk: null };
    case "topk":
    case "topk_index": {
      const { k, axis } = node.attrs;
      return { ...common, value: node.op === "topk" ? value : along(axis), access: keep([axis]), merge: node.op, topk: { k, axis } };
    }
    case "argmax":
      return { ...common, value: along(node.attrs.axis), access: keep([node.attrs.axis]), merge: "argmax", topk: null };
    default:
      throw new Error(`${node.op} is no reduction`);
  }
}

/** The value that decides where an index goes; null for a reduction that is no index. */
export function keyOf(node: Node, { access, topk }: ReducedPoints, dims: Access, dtype: DType): ReducedPoints | null {
  if (node.op !== "argmax" && node.op !== "topk_index") return null;
  return {
    value: { node: node.ins[0] ?? -1, index: atDims(dims) },
    dtype,
    access,
    merge: node.op === "argmax" ? "max" : "topk",
    topk,
    by: null,
  };
}

export const sameKey = (a: ReducedPoints, b: ReducedPoints): boolean =>
  a.merge === b.merge &&
  "node" in a.value &&
  "node" in b.value &&
  a.value.node === b.value.node &&
  a.access.join() === b.access.join() &&
  a.topk?.k === b.topk?.k &&
  a.topk?.axis === b.topk?.axis;
