/**
 * Which values exist only to be paired, and how they leave.
 *
 * A *pair value* has two batch axes. It belongs to a *region* where it is born from one-batch values (an outer
 * contraction, an outer gather, broadcasts) through ops that act on each pair alone: such a value is recomputed block by
 * block and never stored. A pair value that is handed in, or that an op had to make whole, is *stored*; what is
 * elementwise in stored values alone is no larger than they are and stays outside.
 * An *exit* takes a region's value to something that is not one: a reduction or a contraction over a paired axis.
 * An *escape* is a use that needs the whole n×m array: it is refused, with its reason.
 */
import { type Graph, type Id, isTile, type Node, operandsOf, operandValues, valueIn } from "../../graph/graph.js";
import { isElementwise } from "../../graph/op-table.js";
import { axesOf, axisMap, batchAxesOf, orderedAxis, reductions } from "./axes.js";
import type { Escape, Regions } from "./regions.js";

/** Could this node be computed block by block, each operand cut along the result's two batch axes? */
function isPairwise(node: Node, operands: readonly Node[]): boolean {
  const axes = axesOf(node);
  if (axes.length !== 2) return false;
  if (isElementwise(node.op) || node.op === "broadcast") return true;
  if (node.op === "transpose") return true;
  const ordered = orderedAxis(node);
  if (ordered !== null) return !axes.includes(ordered);
  if (node.op === "gather" || node.op === "dot" || reductions.includes(node.op))
    // A paired axis of an operand must not be reduced here, nor a table's batch axis looked up: that would be an exit.
    return operands.every((operand, k) => {
      const map = axisMap(node, k, operand.type.shape);
      return node.op === "dot" ? true : batchAxesOf(operand.type.shape).every((axis) => map[axis] !== null);
    });
  return false;
}

/** The result's two batch axes come from different operands: nothing of this size existed before. */
function isOuter(node: Node, operands: readonly Node[]): boolean {
  if (node.op !== "dot" && node.op !== "gather") return false;
  const axes = axesOf(node);
  const from = axes.map((axis) => operands.flatMap((operand, k) => (axisMap(node, k, operand.type.shape).includes(axis) ? [k] : [])));
  return from.length === 2 && from[0] !== undefined && from[1] !== undefined && !from[0].some((k) => from[1]?.includes(k));
}

function contractsBatchAxis(node: Node, operands: readonly Node[]): boolean {
  return operands.some((operand, k) => {
    const map = axisMap(node, k, operand.type.shape);
    return batchAxesOf(operand.type.shape).some((axis) => map[axis] === null);
  });
}

/** Why a use of a whole pair value cannot go block by block. */
function refusal(user: Node, value: Node): string {
  const paired = axesOf(value);
  const ordered = orderedAxis(user);
  if (axesOf(user).length > 2) return `${user.op} has three batch axes, and a tile has two`;
  switch (user.op) {
    case "reshape":
      return "reshape merges or splits a paired axis, so rows and columns can no longer be cut into blocks";
    case "cumsum":
      return `cumsum runs along paired axis ${user.attrs.axis}, so a block needs all blocks before it`;
    case "sort":
      return `sort orders along paired axis ${user.attrs.axis}, so every block needs every other`;
    case "concat":
      return `concat joins along paired axis ${user.attrs.axis}`;
    case "slice":
    case "pad":
      return `${user.op} shifts paired axis ${ordered ?? ""}, so its blocks do not line up with the region's`;
    case "dot":
      return "it is contracted with another pair value, and one of the two must be whole";
    case "gather":
      return user.ins[1] === value.id
        ? "its elements are used as positions of a table with a batch axis"
        : `gather looks up along paired axis ${user.attrs.axis}`;
    case "scatter_add":
      return "scatter_add adds to computed positions along a paired axis";
    case "transpose":
      return "a transpose could not be moved to the leaves";
    default:
      return `${user.op} needs the whole of it (paired axes ${paired.join(", ")})`;
  }
}

/** `analyse` is linear but for the few rounds that settle contractions over a batch axis. */
export function analysePairRegions(graph: Graph): Regions {
  const nodes = new Map<Id, Node>();
  for (const node of graph.nodes) if (!isTile(node)) nodes.set(node.id, node);
  const operandsOfNode = (node: Node): readonly Node[] => operandValues(nodes, node);

  const pairwise = new Map<Id, boolean>();
  for (const node of nodes.values()) {
    const operands = operandsOfNode(node);
    // Rows and columns have one order in a region: only what is stored can be read transposed.
    const turnsRegion = node.op === "transpose" && operands.some((operand) => pairwise.get(operand.id) === true);
    pairwise.set(node.id, isPairwise(node, operands) && !turnsRegion);
  }

  // A contraction over a batch axis with a pair result is born there (a d×d correlation of stored columns) or an exit
  // (G·Z, summed over a paired axis of a region). In order of the graph, so that what it reads is settled before it is.
  const open = [...nodes.values()].filter(
    (node) => node.op === "dot" && axesOf(node).length === 2 && contractsBatchAxis(node, operandsOfNode(node)),
  );
  const born = new Set<Id>();
  const exits = new Set<Id>();
  const settled = (node: Node): boolean => !open.includes(node) || born.has(node.id);
  const regionsNow = (): ((id: Id) => boolean) =>
    components(nodes, (node) => pairwise.get(node.id) === true && settled(node), operandsOfNode);
  let inRegion = regionsNow();
  for (;;) {
    const next = open.find((node) => {
      if (exits.has(node.id)) return false;
      const takesRegion = operandsOfNode(node).some((operand, k) => {
        const map = axisMap(node, k, operand.type.shape);
        return inRegion(operand.id) && axesOf(operand).some((axis) => map[axis] === null);
      });
      return takesRegion || !born.has(node.id);
    });
    if (next === undefined) break;
    // Met again, it reads a region after all: each is settled at most twice.
    const again = operandsOfNode(next).some((operand) => inRegion(operand.id));
    if (again) {
      born.delete(next.id);
      exits.add(next.id);
    } else born.add(next.id);
    inRegion = regionsNow();
  }

  const isExitNode = (node: Node): boolean => {
    if (node.op === "project" || inRegion(node.id)) return false;
    const paired = operandsOfNode(node).filter((operand) => inRegion(operand.id));
    if (paired.length === 0) return false;
    if (reductions.includes(node.op)) return contractsBatchAxis(node, operandsOfNode(node)) && axesOf(node).length < 3;
    if (node.op === "dot") {
      const k = node.ins.findIndex((id) => inRegion(id));
      const operand = valueIn(nodes, node.ins[k]);
      const map = axisMap(node, k, operand.type.shape);
      return axesOf(operand).some((axis) => map[axis] === null);
    }
    return false;
  };
  const exitIds = new Set([...nodes.values()].filter(isExitNode).map((node) => node.id));

  const escapes: Escape[] = [];
  for (const node of nodes.values()) {
    if (inRegion(node.id) || node.op === "project") continue;
    const paired = node.ins.flatMap((id, k) => (inRegion(id) ? [k] : []));
    // Of two pair values in one contraction the left goes block by block, the right is made whole.
    const whole = exitIds.has(node.id) ? paired.slice(1) : paired;
    for (const k of whole) {
      const value = valueIn(nodes, node.ins[k]);
      if (!escapes.some((e) => e.value === value.id && e.user === node))
        escapes.push({ value: value.id, user: node, reason: refusal(node, value) });
    }
  }
  for (const output of graph.outputs)
    if (inRegion(output.value)) escapes.push({ value: output.value, user: null, reason: `the program outputs it as "${output.name}"` });
  const escaped = new Set(escapes.map((escape) => escape.value));

  const levels = new Map<Id, number>();
  const level = (id: Id): number => levels.get(id) ?? 0;
  for (const node of graph.nodes) {
    const operands = operandsOf(node);
    // An exit reads its first region operand block by block; any other reader of a region value needs it whole, one sweep later.
    const first = operands.findIndex(inRegion);
    const isCut = (k: number): boolean => inRegion(node.id) || (exitIds.has(node.id) && k === first);
    const before = Math.max(0, ...operands.map((id, k) => (inRegion(id) && !isCut(k) ? level(id) + 1 : level(id))));
    levels.set(node.id, exitIds.has(node.id) ? before + 1 : before);
  }

  return {
    inRegion,
    isExit: (node) => exitIds.has(node.id),
    escapes,
    escaped,
    level,
  };
}

/** Elementwise-connected components of pairwise nodes, and whether each is a region. */
function components(
  nodes: ReadonlyMap<Id, Node>,
  pairwise: (node: Node) => boolean,
  operandsOfNode: (node: Node) => readonly Node[],
): (id: Id) => boolean {
  const parent = new Map<Id, Id>();
  const find = (id: Id): Id => {
    let root = id;
    while (parent.get(root) !== root) root = parent.get(root) ?? root;
    parent.set(id, root);
    return root;
  };
  for (const node of nodes.values()) {
    if (!pairwise(node)) continue;
    parent.set(node.id, node.id);
    const operands = operandsOfNode(node);
    const consumesBatch = node.op === "dot" && contractsBatchAxis(node, operands);
    for (const operand of operands) if (parent.has(operand.id) && !consumesBatch) parent.set(find(operand.id), find(node.id));
  }
  const born = new Set<Id>();
  const stored = new Set<Id>();
  for (const node of nodes.values()) {
    if (!parent.has(node.id)) continue;
    const operands = operandsOfNode(node);
    if (isOuter(node, operands)) born.add(find(node.id));
    for (const operand of operands)
      if (axesOf(operand).length === 2 && !parent.has(operand.id) && node.op !== "dot") stored.add(find(node.id));
  }
  return (id) => parent.has(id) && (born.has(find(id)) || !stored.has(find(id)));
}
