/**
 * Composites become primitives: those of pairs before gradients, since the walks over regions must see inside; the
 * others after, since their own gradient rules are better than those of their parts.
 *
 *   log_sigmoid(x)  =>  -softplus(-x)        in_top_k(x)  =>  x > v or (x == v and j <= i), v and i the k-th per row
 */
import { decompose } from "../graph/decompose.js";
import { batchDegree } from "../graph/type.js";
import type { Pass } from "./pass.js";

export const decomposePairs: Pass = {
  name: "decompose-pairs",
  summary: "expands composites of pair values",
  run: (graph) => ({ graph: decompose(graph, (node) => batchDegree(node.type) >= 2), notes: [] }),
};

export const decomposeAll: Pass = {
  name: "decompose",
  summary: "expands the composites that gradients needed whole",
  run: (graph) => ({ graph: decompose(graph), notes: [] }),
};
