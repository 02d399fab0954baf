import { type Graph, type GraphNode, type Id, isTile, type Node } from "../../graph/graph.js";
import { axesOf } from "./axes.js";
import { analyseRowRegions } from "./row-regions.js";

/**
 * The first value through which rows of a batch meet: a sum over the batch, its size as a number, a pair sweep. Null where each
 * row of every output is made of that row of the inputs alone, so that it is the same in batches of any size.
 * Of a compiled graph, whose composites are primitives.
 */
export function rowsMeet(graph: Graph): GraphNode | null {
  const { inRegion } = analyseRowRegions(graph);
  const nodes = new Map<Id, Node>();
  for (const node of graph.nodes) {
    if (isTile(node)) return node;
    const grows = axesOf(node).length > 0;
    const alone = node.op === "input" || inRegion(node.id) || (!grows && node.op !== "size" && !readsRows(node, nodes));
    if (!alone) return node;
    nodes.set(node.id, node);
  }
  return null;
}

const readsRows = (node: Node, nodes: ReadonlyMap<Id, Node>): boolean =>
  node.ins.some((id) => {
    const operand = nodes.get(id);
    return operand !== undefined && axesOf(operand).length > 0;
  });
