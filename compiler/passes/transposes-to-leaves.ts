/**
 * Moves every transpose that swaps two batch axes to the leaves, where it disappears into a contraction.
 *
 *   T(X·Yᵀ)               =>  Y·Xᵀ
 *   T(f(a, b))            =>  f(T(a), T(b))                 f elementwise
 *   T(broadcast(a))       =>  broadcast(a) along the other axis
 *   T(sum[k](a[i, j, k])) =>  sum[k](T(a))
 *
 * Keeps every bit but the order of summation inside a contraction, which it does not touch either. Refuses (leaves a
 * transpose) above values that are stored and above contractions whose free axes interleave.
 */
import { GraphBuilder } from "../graph/builder.js";
import { type GraphNode, type Id, isTile, type Node } from "../graph/graph.js";
import { isElementwise } from "../graph/op-table.js";
import { copy } from "../graph/rewrite.js";
import { batchAxesOf } from "./sweeps/axes.js";
import type { Pass, PassNote } from "./pass.js";

type Perm = readonly number[];

const isIdentity = (perm: Perm): boolean => perm.every((p, i) => p === i);

export const transposesToLeaves: Pass = {
  name: "transposes-to-leaves",
  summary: "moves transposes of pair values into the contractions that make them",
  run(graph) {
    const first = graph.nodes[0];
    if (first === undefined) return { graph, notes: [] };
    const old = new Map<Id, GraphNode>(graph.nodes.map((node) => [node.id, node]));
    const b = new GraphBuilder(first.span);
    const notes: PassNote[] = [];
    const made = new Map<string, Id>();

    /** The new id of old value `id` with its axes permuted. */
    const build = (id: Id, perm: Perm): Id => {
      const key = `${id}:${isIdentity(perm) ? "" : perm.join()}`;
      const known = made.get(key);
      if (known !== undefined) return known;
      const node = old.get(id);
      if (node === undefined) throw new Error(`no node %${id}`);
      const result = isTile(node) || isIdentity(perm) ? straight(node) : pushed(node, perm);
      made.set(key, result);
      return result;
    };

    const straight = (node: GraphNode): Id => {
      b.span = node.span;
      if (!isTile(node) && node.op === "transpose" && swapsBatchAxes(node)) return build(node.ins[0] ?? -1, node.attrs.perm);
      const operands = isTile(node) ? node.ins.map((input) => input.value) : node.ins;
      const ids = new Map(operands.map((operand) => [operand, build(operand, identityOf(old, operand))]));
      b.span = node.span;
      return copy(node, b, (operand) => ids.get(operand) ?? -1);
    };

    const pushed = (node: Node, perm: Perm): Id => {
      const at = (k: number): Id => node.ins[k] ?? -1;
      const emit = (make: () => Id): Id => {
        b.span = node.span;
        return make();
      };
      if (node.op === "transpose")
        return build(
          at(0),
          perm.map((p) => node.attrs.perm[p] ?? p),
        );
      if (isElementwise(node.op)) {
        const ins = node.ins.map((operand) => build(operand, perm));
        return emit(() => b.emit(node.op, ins, node.attrs as never));
      }
      if (node.op === "broadcast") {
        const shape = perm.map((p) => node.type.shape[p] ?? []);
        const places = node.attrs.axes.map((axis) => perm.indexOf(axis));
        const order = places.map((_, k) => k).sort((x, y) => (places[x] ?? 0) - (places[y] ?? 0));
        const operand = build(at(0), order);
        return emit(() =>
          b.broadcast(
            operand,
            shape,
            order.map((k) => places[k] ?? 0),
          ),
        );
      }
      if (node.op === "sum" || node.op === "max" || node.op === "min" || node.op === "logsumexp") {
        const rank = node.type.shape.length + node.attrs.axes.length;
        const kept = [...Array(rank).keys()].filter((axis) => !node.attrs.axes.includes(axis));
        // The kept axes in their new order take the kept places; reduced axes stay where they are.
        const inner = [...Array(rank).keys()];
        kept.forEach((place, k) => {
          inner[place] = kept[perm[k] ?? k] ?? place;
        });
        const operand = build(at(0), inner);
        return emit(() => b.emit(node.op, [operand], node.attrs));
      }
      if (node.op === "dot") {
        if (isExchange(node, perm, old.get(at(0)))) {
          const [x, y] = [build(at(0), identityOf(old, at(0))), build(at(1), identityOf(old, at(1)))];
          return emit(() => b.dot(y, x, flip(node.attrs.contract), flip(node.attrs.batch)));
        }
      }
      const whole = build(node.id, identityOf(old, node.id));
      if (node.op !== "input") notes.push({ kind: "refused", reason: `a transpose stays above ${node.op}`, spans: [node.span] });
      return emit(() => b.transpose(whole, perm));
    };

    for (const node of graph.nodes) build(node.id, identityOf(old, node.id));
    return { graph: b.finish(graph.outputs.map(({ name, value }) => ({ name, value: build(value, identityOf(old, value)) }))), notes };
  },
};

function identityOf(nodes: ReadonlyMap<Id, GraphNode>, id: Id): Perm {
  const node = nodes.get(id);
  return node === undefined || isTile(node) ? [] : node.type.shape.map((_, i) => i);
}

/** Are two batch axes in another order afterwards? */
function swapsBatchAxes(node: Node<"transpose">): boolean {
  const moved = batchAxesOf(node.type.shape).map((axis) => node.attrs.perm[axis] ?? 0);
  return moved.length >= 2 && moved.some((from, k) => k > 0 && from < (moved[k - 1] ?? 0));
}

const flip = (pairs: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] =>
  pairs.map(([l, r]) => [r, l] as const);

/** Does exchanging the operands give exactly this permutation: batch axes in place, right free axes, left free axes? */
function isExchange(node: Node<"dot">, perm: Perm, left: GraphNode | undefined): boolean {
  if (left === undefined || isTile(left)) return false;
  const batch = node.attrs.batch.length;
  const leftFree = left.type.shape.length - batch - node.attrs.contract.length;
  const rank = node.type.shape.length;
  const wanted = [
    ...[...Array(batch).keys()],
    ...Array.from({ length: rank - batch - leftFree }, (_, k) => batch + leftFree + k),
    ...Array.from({ length: leftFree }, (_, k) => batch + k),
  ];
  return wanted.every((p, i) => p === perm[i]);
}
