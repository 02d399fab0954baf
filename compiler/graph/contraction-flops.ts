import { type GraphNode, type Id, type Node, valueIn } from "./graph.js";
import { constant, multiplySizes, product, type Size } from "./size.js";

/** Floating-point operations of a contraction, sizes open: 2 per multiply-add. */
export function contractionFlops(nodes: ReadonlyMap<Id, GraphNode>, dot: Node<"dot">): Size {
  const { shape } = valueIn(nodes, dot.ins[0]).type;
  const inner = dot.attrs.contract.map(([axis]) => shape[axis] ?? []);
  return multiplySizes(constant(2), product([...dot.type.shape, ...inner]));
}
