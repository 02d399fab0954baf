/** Takes `stop_gradient` out once gradients are there: it is the identity on values. */
import type { Graph } from "../graph/graph.js";
import { rewrite } from "../graph/rewrite.js";
import type { Pass } from "./pass.js";

function run(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.op === "stop_gradient")) return graph;
  return rewrite(graph, (node, { to }) => (node.op === "stop_gradient" ? to(node.ins[0] ?? -1) : null));
}

export const dropStopGradient: Pass = {
  name: "drop-stop-gradient",
  summary: "stop_gradient x => x, after autodiff",
  run: (graph) => ({ graph: run(graph), notes: [] }),
};
