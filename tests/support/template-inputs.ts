/** Inputs of a compiled program at one size of all its batches. */
import type { Template } from "../../compiler/compile.js";
import { isTile } from "../../compiler/graph/graph.js";
import { batchesOf, evaluateSize } from "../../compiler/graph/size.js";
import type { Type } from "../../compiler/graph/type.js";
import type { Value } from "./run-engine.js";

/** `draw`: the next element of an input of that type. */
export function templateInputs({ graph }: Template, n: number, draw: (type: Type) => number): Map<string, Value> {
  return new Map(
    graph.nodes.flatMap((node): [string, Value][] => {
      if (isTile(node) || node.op !== "input") return [];
      const { name } = node.attrs;
      const shape = node.type.shape.map((size) => evaluateSize(size, Object.fromEntries(batchesOf(size).map((id) => [id, n]))));
      return [[name, { shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw(node.type)) }]];
    }),
  );
}
