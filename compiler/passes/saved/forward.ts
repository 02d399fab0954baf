/**
 * Where a differentiated graph turns round: what is made without a cotangent, what is made on the way back, and the values of
 * the one that the other reads. Between the two those values are saved.
 */
import { type Graph, type GraphNode, type Id, indexNodes, isTile, operandsOf } from "../../graph/graph.js";
import { isElementwise, ops } from "../../graph/op-table.js";
import { degree } from "../../graph/size.js";

/** Where a value is read on the way back: places in the order of the nodes. */
export type Reads = { readonly first: number; readonly last: number };

export type Forward = {
  readonly nodes: ReadonlyMap<Id, GraphNode>;
  readonly at: ReadonlyMap<Id, number>;
  /** Is the node made without a cotangent? */
  readonly has: (id: Id) => boolean;
  /** The last place where what the results need reads a value. */
  readonly lastRead: (id: Id) => number;
  /**
   * A product that a reduction reads on the way forward is stored there, and rounded, before what reads it beside the reduction is
   * computed: exp(s * c - max). Again it must be so, or an addition behind it would take the product unrounded.
   */
  readonly isRounded: (id: Id) => boolean;
  /** What the way back reads of the way forward, in order. */
  readonly saved: ReadonlyMap<Id, Reads>;
};

/** Values that there is nothing to save of: given, known without reading, without a batch, made in a sweep, or of pairs. */
export function isPlain(node: GraphNode): boolean {
  if (isTile(node) || node.op === "project" || ops[node.op].kind === "leaf") return true;
  return node.type.shape.reduce((sum, size) => sum + degree(size), 0) !== 1;
}

/** Made at each point from other values at that point: no sum, no contraction. */
export const isPointwise = (node: GraphNode): boolean =>
  !isTile(node) && (isElementwise(node.op) || (ops[node.op].kind === "layout" && node.op !== "concat" && node.op !== "pad"));

/**
 * `results`: the outputs that the way forward is there for. Slopes, which need no cotangent though no result needs them, belong to
 * it too: a kernel that makes what they are made of would make them as well.
 */
export function splitAtLoss(graph: Graph, results: ReadonlySet<string>): Forward {
  const nodes = indexNodes(graph);
  const at = new Map(graph.nodes.map((node, k) => [node.id, k]));
  const forward = new Set(graph.outputs.flatMap(({ name, value }) => (results.has(name) ? [value] : [])));
  for (const node of graph.nodes.toReversed()) if (forward.has(node.id)) for (const id of operandsOf(node)) forward.add(id);
  const isLeaf = (id: Id): boolean => {
    const node = nodes.get(id);
    return node !== undefined && !isTile(node) && ops[node.op].kind === "leaf";
  };
  const needed = new Set(forward);
  for (const node of graph.nodes)
    if (isPointwise(node) && operandsOf(node).every((id) => forward.has(id) || isLeaf(id))) forward.add(node.id);

  const lastRead = new Map<Id, number>();
  const saved = new Map<Id, Reads>();
  graph.nodes.forEach((node, k) => {
    for (const id of operandsOf(node)) {
      if (needed.has(node.id)) lastRead.set(id, k);
      if (!forward.has(node.id) && forward.has(id) && !isPlain(nodes.get(id) ?? node))
        saved.set(id, { first: saved.get(id)?.first ?? k, last: k });
    }
  });
  const inOrder = new Map([...saved].sort(([a], [b]) => (at.get(a) ?? 0) - (at.get(b) ?? 0)));
  const rounded = new Set<Id>();
  for (const node of graph.nodes) {
    if (!needed.has(node.id) || isTile(node) || ops[node.op].kind !== "reduction") continue;
    for (const id of node.ins) if (nodes.get(id)?.op === "mul") rounded.add(id);
  }
  return {
    nodes,
    at,
    isRounded: (id) => rounded.has(id),
    has: (id) => forward.has(id),
    lastRead: (id) => lastRead.get(id) ?? at.get(id) ?? 0,
    saved: inOrder,
  };
}
