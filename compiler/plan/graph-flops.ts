import { type Graph, indexNodes, isTile } from "../graph/graph.js";
import { type BatchId, evaluateSize, product } from "../graph/size.js";

/**
 * Floating-point operations of the contractions of a graph: 2 per multiply-add, recomputed ones counted too.
 * Blocks of a tile add up to the whole, so that a block counts with its loop's full extent.
 */
export function graphFlops(graph: Graph, dims: Readonly<Record<BatchId, number>>): number {
  const nodes = indexNodes(graph);
  let flops = 0;
  for (const node of graph.nodes) {
    if (isTile(node)) {
      const blocks = node.loops.map(({ name, extent }) => [`@${name}`, evaluateSize(extent, dims)] as const);
      flops += graphFlops(node.body, { ...dims, ...Object.fromEntries(blocks) });
    } else if (node.op === "dot") {
      const left = nodes.get(node.ins[0] ?? -1);
      if (left === undefined || isTile(left)) throw new Error(`%${node.id} has no left operand`);
      const contracted = node.attrs.contract.map(([axis]) => left.type.shape[axis] ?? []);
      flops += 2 * evaluateSize(product([...node.type.shape, ...contracted]), dims);
    }
  }
  return flops;
}
