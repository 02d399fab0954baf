/** Takes `stop_gradient` out once gradients are there: it is the identity on values. */
import { rewrite } from "../graph/rewrite.js";
import type { Pass } from "./pass.js";

export const dropStopGradient: Pass = {
  name: "drop-stop-gradient",
  summary: "stop_gradient x => x, after autodiff",
  run: (graph) => ({
    graph: rewrite(graph, (node, { to }) => (node.op === "stop_gradient" ? to(node.ins[0] ?? -1) : null)),
    notes: [],
  }),
};
