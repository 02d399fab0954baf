/** Rebuilding a graph node by node: what most passes are made of. */
import { GraphBuilder } from "./builder.js";
import { type Graph, type GraphNode, type Id, isTile, type Node } from "./graph.js";
import { Renumbering } from "./renumbering.js";

export type Rewriter = {
  readonly b: GraphBuilder;
  /** The new id of an old one. */
  readonly to: (old: Id) => Id;
};

/**
 * Walks in order; `visit` returns the new id of a node, or null to copy it as it is.
 * Ids are renumbered; spans carry over because the builder's span follows the old node.
 */
export function rewrite(graph: Graph, visit: (node: GraphNode, r: Rewriter) => Id | null): Graph {
  const first = graph.nodes[0];
  if (first === undefined) return graph;
  const b = new GraphBuilder(first.span);
  const ids = new Renumbering();
  const { to } = ids;
  for (const node of graph.nodes) {
    b.span = node.span;
    ids.set(node.id, visit(node, { b, to }) ?? copy(node, b, to));
  }
  return b.finish(graph.outputs.map(({ name, value }) => ({ name, value: to(value) })));
}

/** The same op over the new operands. */
export function copy(node: GraphNode, b: GraphBuilder, to: (old: Id) => Id): Id {
  if (isTile(node)) return b.tile({ ...node, ins: node.ins.map((input) => ({ ...input, value: to(input.value) })) });
  return emitSame(node, b, node.ins.map(to));
}

function emitSame(node: Node, b: GraphBuilder, ins: readonly Id[]): Id {
  // The pair (op, attrs) comes from one node, so it fits; TypeScript cannot follow the union.
  return b.emit(node.op, ins, node.attrs as never);
}
