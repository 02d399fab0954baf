/** Going on with a graph that is finished: a copy in a new builder. */
import { GraphBuilder } from "./builder.js";
import type { Graph, Id } from "./graph.js";
import { Renumbering } from "./renumbering.js";
import { copy } from "./rewrite.js";

export type Extension = {
  readonly b: GraphBuilder;
  /** The copy of a node of the graph. */
  readonly to: (old: Id) => Id;
};

export function extend(graph: Graph): Extension {
  const first = graph.nodes[0];
  if (first === undefined) throw new Error("a graph without nodes");
  return copyInto(graph, new GraphBuilder(first.span));
}

/** For a builder with a mind of its own. */
export function copyInto<B extends GraphBuilder>(graph: Graph, b: B): Extension & { readonly b: B } {
  const ids = new Renumbering();
  const { to } = ids;
  for (const node of graph.nodes) {
    b.span = node.span;
    ids.set(node.id, copy(node, b, to));
  }
  return { b, to };
}
