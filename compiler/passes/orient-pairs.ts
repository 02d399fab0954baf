/**
 * Turns each elementwise-connected component of pair values so that X·Yᵀ and Y·Xᵀ become one value.
 *
 *   ce(X·Yᵀ) + ce(Y·Xᵀ)   =>  row and column reductions of the one X·Yᵀ
 *
 * A component turns as a whole: its contractions exchange operands, broadcasts move to the other axis, reductions and
 * contractions that leave it name the other axis. Done before gradients, one similarity has one cotangent.
 * Refuses components that hold anything of another rank than two, or a value that is stored.
 */
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type GraphNode, type Id, indexNodes, isTile, type Node, usersOf } from "../graph/graph.js";
import { isElementwise } from "../graph/op-table.js";
import { copy } from "../graph/rewrite.js";
import { axesOf } from "./sweeps/axes.js";
import type { Pass } from "./pass.js";

export const orientPairs: Pass = {
  name: "orient-pairs",
  summary: "turns components of pair values so that X·Yᵀ and Y·Xᵀ are one",
  run(graph) {
    const cheap = cheapValues(graph);
    const turned = componentsToTurn(graph, cheap);
    return { graph: turned.size === 0 ? graph : turn(graph, turned), notes: [] };
  },
};

const isPair = (node: GraphNode | undefined): node is Node =>
  node !== undefined && !isTile(node) && node.type.shape.length === 2 && axesOf(node).length === 2;

const isOuterDot = (node: GraphNode): node is Node<"dot"> => isPair(node) && node.op === "dot" && node.attrs.batch.length === 0;

/**
 * Pair values made of broadcasts alone: masks of indices, per-row and per-column weights. They cost nothing to make twice,
 * so a mask that two similarities share does not tie them together.
 */
function cheapValues(graph: Graph): ReadonlySet<Id> {
  const cheap = new Set<Id>();
  for (const node of graph.nodes)
    if (isPair(node) && (node.op === "broadcast" || (isElementwise(node.op) && node.ins.every((id) => cheap.has(id))))) cheap.add(node.id);
  return cheap;
}

/** What both spellings of one similarity share: the operands and axes, without their order. */
function similarityKey(node: Node<"dot">): string {
  const [x, y] = node.ins;
  const side = (id: Id | undefined, k: 0 | 1): string => `${id}@${node.attrs.contract.map((pair) => pair[k]).join()}`;
  return [side(x, 0), side(y, 1)].sort().join("|");
}

/** The members of components that must turn to agree with the first spelling of their similarity. */
function componentsToTurn(graph: Graph, cheap: ReadonlySet<Id>): ReadonlySet<Id> {
  const nodes = indexNodes(graph);
  const users = usersOf(graph);
  const seen = new Set<Id>();
  const orientation = new Map<string, Id>();
  const turned = new Set<Id>();
  for (const start of graph.nodes) {
    if (seen.has(start.id) || !isOuterDot(start)) continue;
    const members: Node[] = [];
    let regular = true;
    const queue: Id[] = [start.id];
    seen.add(start.id);
    while (queue.length > 0) {
      const node = nodes.get(queue.pop() ?? -1);
      if (!isPair(node)) continue;
      members.push(node);
      const readers = (users.get(node.id) ?? []).filter((user): user is Node => !isTile(user) && isElementwise(user.op));
      const operands = isElementwise(node.op) ? node.ins : [];
      if (!isElementwise(node.op) && !isOuterDot(node)) regular = false;
      for (const id of [...operands, ...readers.map((user) => user.id)]) {
        if (seen.has(id) || cheap.has(id)) continue;
        seen.add(id);
        queue.push(id);
      }
    }
    members.sort((p, q) => p.id - q.id);
    const dots = members.filter(isOuterDot);
    let votes = 0;
    for (const dot of dots) {
      const first = orientation.get(similarityKey(dot));
      // A self-similarity X·Xᵀ is its own transpose and says nothing.
      if (first !== undefined && dot.ins[0] !== dot.ins[1]) votes += dot.ins[0] === first ? -1 : 1;
    }
    const turns = regular && votes > 0;
    if (turns) for (const member of members) turned.add(member.id);
    for (const dot of dots) {
      const key = similarityKey(dot);
      const left = (turns ? dot.ins[1] : dot.ins[0]) ?? -1;
      if (!orientation.has(key)) orientation.set(key, left);
    }
  }
  return turned;
}

const other = (axis: number): number => 1 - axis;

function turn(graph: Graph, turned: ReadonlySet<Id>): Graph {
  const first = graph.nodes[0];
  if (first === undefined) return graph;
  const b = new GraphBuilder(first.span);
  const ids = new Map<Id, Id>();
  const to = (id: Id): Id => ids.get(id) ?? -1;
  const nodes = indexNodes(graph);
  const clones = new Map<Id, Id>();
  /** A member's operand the way the member lies now: members are turned already, cheap values are made again. */
  const across = (id: Id): Id => {
    if (turned.has(id)) return to(id);
    const known = clones.get(id);
    if (known !== undefined) return known;
    const node = nodes.get(id);
    if (!isPair(node)) throw new Error(`%${id} is not a pair value`);
    const clone = member(node);
    clones.set(id, clone);
    return clone;
  };
  /** The value the way it lay before, for whoever is not taught to read it turned. */
  const upright = (id: Id): Id => (turned.has(id) ? b.transpose(to(id), [1, 0]) : to(id));

  for (const node of graph.nodes) {
    b.span = node.span;
    ids.set(node.id, isTile(node) ? copy(node, b, upright) : turned.has(node.id) ? member(node) : reader(node));
  }
  return b.finish(graph.outputs.map(({ name, value }) => ({ name, value: upright(value) })));

  function member(node: Node): Id {
    if (node.op === "dot")
      return b.dot(
        to(node.ins[1] ?? -1),
        to(node.ins[0] ?? -1),
        node.attrs.contract.map(([l, r]) => [r, l] as const),
      );
    if (node.op === "broadcast") return b.broadcast(to(node.ins[0] ?? -1), [...node.type.shape].reverse(), node.attrs.axes.map(other));
    return b.emit(node.op, node.ins.map(across), node.attrs as never);
  }

  function reader(node: Node): Id {
    const [operand] = node.ins;
    if (operand !== undefined && turned.has(operand)) {
      if (node.op === "transpose") return to(operand);
      if (node.op === "sum" || node.op === "max" || node.op === "min" || node.op === "logsumexp")
        return b.emit(node.op, [to(operand)], { axes: node.attrs.axes.map(other).sort((p, q) => p - q) });
      if (node.op === "argmax") return b.emit("argmax", [to(operand)], { axis: other(node.attrs.axis) });
    }
    if (node.op === "dot" && node.ins.some((id) => turned.has(id)) && node.ins.filter((id) => turned.has(id)).length === 1) {
      const side = turned.has(operand ?? -1) ? 0 : 1;
      const free = node.type.shape.length - node.attrs.batch.length;
      // With one axis contracted the turned operand still has one free axis in the same place of the result.
      if (free >= 1 && node.attrs.contract.length + node.attrs.batch.length === 1)
        return b.dot(to(node.ins[0] ?? -1), to(node.ins[1] ?? -1), fixed(node.attrs.contract, side), fixed(node.attrs.batch, side));
    }
    return copy(node, b, upright);
  }
}

const fixed = (pairs: readonly (readonly [number, number])[], side: number): readonly (readonly [number, number])[] =>
  pairs.map(([l, r]) => (side === 0 ? ([other(l), r] as const) : ([l, other(r)] as const)));
