/**
 * A value that is stored although its readers could compute it from another that is stored anyway is not stored.
 *
 *   t = tanh x, s = 1 - t * t, both read later   =>   t is stored, the readers of s compute it from t
 *
 * Only where that keeps at most one array in memory that nobody else may need so long: else the cure could cost more than it saves.
 */
import type { Id } from "../graph/graph.js";
import type { Clustering } from "./cluster.js";
import type { ScalarOp } from "./kernel.js";
import { nodeClass } from "./node-class.js";
import { CHEAP, scalarCost } from "./scalar-cost.js";

export function unstoreCheap(clusters: Clustering): void {
  const order = clusters.ordered();
  /** A sweep and a whole-array op read bytes. */
  const read = new Set(order.flatMap(({ node, reads }) => (node === null || node.op === "dot" ? [] : [...reads])));
  for (const cluster of order)
    for (const id of [...cluster.stored].sort((a, b) => a - b))
      if (cluster.live.has(id) && !read.has(id) && isRemade(clusters, id)) cluster.stored.delete(id);
}

function isRemade(clusters: Clustering, id: Id): boolean {
  const { nodes } = clusters;
  const node = nodes.op(id);
  if (nodeClass[node.op] !== "points" || nodes.wanted.has(id)) return false;
  /** Stored arrays that the expression ends in, apart from what is there in any case. */
  const arrays = new Set<Id>();
  const cost = (at: Id): number => {
    const base = nodes.op(nodes.baseOf(at));
    const kind = nodeClass[base.op];
    if (nodes.isRepeated(at) || kind === "given" || kind === "leaf") return 0;
    if (base.id !== id && (clusters.isStored(base.id) || kind === "whole" || kind === "project" || kind === "layout")) {
      arrays.add(base.id);
      return 0;
    }
    if (kind !== "points") return Number.POSITIVE_INFINITY;
    return base.ins.reduce((sum, operand) => (sum > CHEAP ? sum : sum + cost(operand)), scalarCost[base.op as ScalarOp]);
  };
  return cost(id) <= CHEAP && arrays.size <= 1;
}
