/** Rebuilding a graph node by node: what most passes are made of. */
import { GraphBuilder } from "./builder.js";
import { type Graph, type GraphNode, type Id, indexNodes, isTile, type Node, operandsOf } from "./graph.js";
import { Renumbering } from "./renumbering.js";

export type Rewriter = {
  readonly b: GraphBuilder;
  /** The new id of an old one. */
  readonly to: (old: Id) => Id;
  /** The same of a value that may only come later: it is made now, as it is, with all that it needs. */
  readonly early: (old: Id) => Id;
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
  const nodes = indexNodes(graph);
  const early = (old: Id): Id => {
    const { span } = b;
    // A stack of our own: a chain of layers may be longer than the stack of calls.
    const wanted = [old];
    for (let id = wanted.at(-1); id !== undefined; id = wanted.at(-1)) {
      const node = nodes.get(id);
      if (node === undefined) throw new Error(`no node %${id}`);
      const missing = ids.has(id) ? [] : operandsOf(node).filter((operand) => !ids.has(operand));
      if (missing.length > 0) {
        wanted.push(...missing.toReversed());
        continue;
      }
      wanted.pop();
      if (ids.has(id)) continue;
      b.span = node.span;
      ids.set(id, copy(node, b, to));
    }
    b.span = span;
    return to(old);
  };
  for (const node of graph.nodes) {
    if (ids.has(node.id)) continue;
    b.span = node.span;
    ids.set(node.id, visit(node, { b, to, early }) ?? copy(node, b, to));
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
