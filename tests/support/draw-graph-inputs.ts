import type { Graph } from "../../compiler/graph/graph.js";
import { evaluateSize } from "../../compiler/graph/size.js";
import type { Value } from "./run-engine.js";

/** Every input of a graph, element by element. */
export function drawGraphInputs(graph: Graph, dims: Readonly<Record<string, number>>, draw: () => number): ReadonlyMap<string, Value> {
  return new Map(
    graph.nodes.flatMap((node) => {
      if (node.op !== "input") return [];
      const shape = node.attrs.type.shape.map((size) => evaluateSize(size, dims));
      return [[node.attrs.name, { shape, data: Float64Array.from({ length: shape.reduce((a, c) => a * c, 1) }, draw) }] as const];
    }),
  );
}
