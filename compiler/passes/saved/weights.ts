/** What values weigh before batch sizes are known: as if every batch were of `NOMINAL` rows. Only ratios are read of it. */
import { type Graph, type Id, type Node, valueIn } from "../../graph/graph.js";
import { product, type Size } from "../../graph/size.js";
import { dtypeBytes, type Type } from "../../graph/type.js";

const NOMINAL = 256;

const nominal = (size: Size): number =>
  size.reduce((sum, { coef, pow }) => sum + coef * NOMINAL ** Object.values(pow).reduce((degree, p) => degree + p, 0), 0);

export const nominalBytes = ({ dtype, shape }: Type): number => dtypeBytes[dtype] * nominal(product(shape));

/** Floating-point operations of a contraction, 2 per multiply-add; 0 for anything else. */
export function nominalFlops(nodes: ReadonlyMap<Id, Graph["nodes"][number]>, node: Node): number {
  if (node.op !== "dot") return 0;
  const left = valueIn(nodes, node.ins[0]);
  return 2 * nominal(product([...node.type.shape, ...node.attrs.contract.map(([axis]) => left.type.shape[axis] ?? [])]));
}
