/**
 * A program that computes some values of another and nothing else: what they do not need, inputs and parameters included, is gone.
 *
 *   zi of siglip.sig  =>  the image tower, its parameters, and the one input `image`
 */
import { type Graph, type GraphNode, type Id, isTile, operandsOf } from "../graph/graph.js";
import { batchesOf } from "../graph/size.js";
import type { LoweredProgram } from "./program.js";

/** `names` are definitions of the pipeline. What they compute becomes the program's outputs, under these names. */
export function selectValues(program: LoweredProgram, names: readonly string[]): LoweredProgram {
  const outputs = names.map((name) => {
    const value = program.values.get(name);
    if (value === undefined) throw new Error(`the program has no value ${name}`);
    return { name, value };
  });
  const graph = needed({ nodes: program.graph.nodes, outputs });
  const inputs = new Set(graph.nodes.flatMap((node) => (!isTile(node) && node.op === "input" ? [node.attrs.name] : [])));
  const batches = new Set(graph.nodes.flatMap(batchesIn));
  return {
    ...program,
    batches: program.batches.filter(({ id }) => batches.has(id)),
    inputs: program.inputs.filter(({ name }) => inputs.has(name)),
    params: program.params.filter(({ path }) => inputs.has(path)),
    results: outputs.map(({ name }) => ({ name, kind: "output", span: program.span })),
    graph,
    train: null,
    evaluation: null,
  };
}

function needed(graph: Graph): Graph {
  const wanted = new Set<Id>(graph.outputs.map(({ value }) => value));
  const nodes = [...graph.nodes].reverse().filter((node) => {
    if (!wanted.has(node.id)) return false;
    for (const operand of operandsOf(node)) wanted.add(operand);
    return true;
  });
  return { nodes: nodes.reverse(), outputs: graph.outputs };
}

/** Of its type, and of a size that it reads as a number. */
function batchesIn(node: GraphNode): readonly string[] {
  if (isTile(node)) return node.loops.flatMap(({ extent }) => batchesOf(extent));
  const own = node.op === "size" || node.op === "iota" ? batchesOf(node.attrs.size) : [];
  return [...own, ...node.type.shape.flatMap(batchesOf)];
}
