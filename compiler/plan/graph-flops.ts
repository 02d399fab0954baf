import { contractionFlops } from "../graph/contraction-flops.js";
import { type Graph, type Id, indexNodes, isTile } from "../graph/graph.js";
import { type BatchId, evaluateSize } from "../graph/size.js";

/**
 * Floating-point operations of the contractions of a graph: 2 per multiply-add, recomputed ones counted too.
 * Blocks of a tile add up to the whole, so that a block counts with its loop's full extent.
 */
export const graphFlops = (graph: Graph, dims: Readonly<Record<BatchId, number>>): number => count(graph, dims, "executed", []);

/** As `graphFlops`, but what a later sweep computes again counts once: what the mathematics asks for. */
export const usefulFlops = (graph: Graph, dims: Readonly<Record<BatchId, number>>): number => count(graph, dims, "useful", []);

function count(graph: Graph, dims: Readonly<Record<BatchId, number>>, which: "executed" | "useful", recomputed: readonly Id[]): number {
  const nodes = indexNodes(graph);
  let flops = 0;
  for (const node of graph.nodes) {
    if (isTile(node)) {
      const blocks = node.loops.map(({ name, extent }) => [`@${name}`, evaluateSize(extent, dims)] as const);
      flops += count(node.body, { ...dims, ...Object.fromEntries(blocks) }, which, node.recomputed);
    } else if (node.op === "dot" && (which === "executed" || !recomputed.includes(node.id))) {
      flops += evaluateSize(contractionFlops(nodes, node), dims);
    }
  }
  return flops;
}
