/**
 * Which values are made row by row of one batch: a tower's activations and their cotangents. Each can be computed for a
 * slice of rows alone and again on the way back, so only what another stage reads needs to be whole: the embeddings that
 * a pair sweep takes, and what a reduction over rows (a weight's gradient) adds up. Gao et al. 2021 (GradCache).
 */
import { type Graph, type GraphNode, type Id, isTile, type Node, operandsOf, operandValues } from "../../graph/graph.js";
import { isElementwise } from "../../graph/op-table.js";
import { sameSize } from "../../graph/size.js";
import { axesOf, axisMap, batchAxesOf, orderedAxis, reductions } from "./axes.js";
import type { Escape, Regions } from "./regions.js";

const rowwiseOps: readonly string[] = [
  "broadcast",
  "transpose",
  "dot",
  "gather",
  "slice",
  "pad",
  "concat",
  "cumsum",
  "sort",
  "reshape",
  "stored",
  "windows",
  ...reductions,
];

/** Does each row of the result need that row of the operands alone (and whole operands without a batch)? */
function isRowwise(node: Node, operands: readonly Node[]): boolean {
  const [row, second] = axesOf(node);
  if (row === undefined || second !== undefined || operands.length === 0) return false;
  if (!isElementwise(node.op) && !rowwiseOps.includes(node.op)) return false;
  if (orderedAxis(node) === row) return false;
  if (node.op === "reshape" && !keepsRows(node, operands[0])) return false;
  return operands.every((operand, k) => {
    const map = axisMap(node, k, operand.type.shape);
    const axes = batchAxesOf(operand.type.shape);
    return axes.length < 2 && axes.every((axis) => map[axis] === row);
  });
}

/** A reshape that leaves the batch axis first cuts and joins within rows only. */
function keepsRows(node: Node, operand: Node | undefined): boolean {
  return (
    operand !== undefined && sameSize(operand.type.shape[0] ?? [], node.type.shape[0] ?? []) && batchAxesOf(operand.type.shape)[0] === 0
  );
}

export function analyseRowRegions(graph: Graph): Regions {
  const nodes = new Map<Id, Node>();
  for (const node of graph.nodes) if (!isTile(node)) nodes.set(node.id, node);
  const operandsOfNode = (node: Node): readonly Node[] => operandValues(nodes, node);

  const rowwise = new Set<Id>();
  for (const node of nodes.values()) if (isRowwise(node, operandsOfNode(node))) rowwise.add(node.id);
  const inRegion = (id: Id): boolean => rowwise.has(id);

  const exits = new Set<Id>();
  for (const node of nodes.values()) {
    if (inRegion(node.id) || node.op === "project" || !node.ins.some(inRegion)) continue;
    const sums = node.op === "dot" || node.op === "scatter_add" || reductions.includes(node.op);
    const operands = operandsOfNode(node);
    // Every batch axis that meets the slice is summed away, and no other batch takes part.
    const summed = operands.every((operand, k) =>
      batchAxesOf(operand.type.shape).every((axis) => axisMap(node, k, operand.type.shape)[axis] === null),
    );
    if (sums && summed && axesOf(node).length === 0) exits.add(node.id);
  }

  const escapes: Escape[] = [];
  for (const node of graph.nodes) {
    const reads = isTile(node) ? true : !inRegion(node.id) && !exits.has(node.id) && node.op !== "project";
    if (!reads) continue;
    for (const id of new Set(operandsOf(node)))
      if (inRegion(id))
        escapes.push({
          value: id,
          user: isTile(node) ? null : node,
          reason: isTile(node) ? "a pair sweep reads it" : `${node.op} reads it whole`,
        });
  }
  for (const { name, value } of graph.outputs)
    if (inRegion(value)) escapes.push({ value, user: null, reason: `the program outputs it as "${name}"` });

  const levels = new Map<Id, number>();
  const level = (id: Id): number => levels.get(id) ?? 0;
  const stored = new Set(escapes.map((escape) => escape.value));
  for (const node of graph.nodes) {
    const whole = isTile(node) || (!inRegion(node.id) && !exits.has(node.id));
    const before = Math.max(0, ...operandsOf(node).map((id) => (whole && stored.has(id) ? level(id) + 1 : level(id))));
    levels.set(node.id, isTile(node) || exits.has(node.id) ? before + 1 : before);
  }

  return { inRegion, isExit: (node: GraphNode) => exits.has(node.id), escapes, escaped: stored, level };
}
