import { differentiate } from "../../compiler/autodiff/backward.js";
import type { Graph } from "../../compiler/graph/graph.js";
import { beforeGradients, runSteps } from "../../compiler/passes/pipeline.js";

/** A program and its gradients, as the passes behind them find it. */
export function withGradients(graph: Graph, wrt: readonly string[]): Graph {
  const differentiated = differentiate(
    runSteps(graph, beforeGradients, () => {}),
    { of: "loss", wrt },
  );
  if (differentiated.graph === null) throw new Error(differentiated.diagnostics.map((d) => d.message).join("\n"));
  return differentiated.graph;
}
