/**
 * Multiplies three factors in the order that costs less, where the product that exists now has no other reader.
 *
 *   q·(x·W + b)ᵀ   =>  x·(W·q)ᵀ + q·b      few queries: keys are never made
 *   p·(x·W + b)    =>  (p·x)·W + (Σp)·b    few queries: values are never made
 *
 * Looks through transposes and through reshapes that split an axis, such as heads. A pooling head with one probe, and the
 * last block of a text tower of which one place is read, ask few questions of many places. Moves a product only where at most
 * half of the multiplications remain, for a batch of one as for a large one: small products run slower than large ones.
 * Keeps values up to the order of summation.
 */
import type { GraphBuilder } from "../graph/builder.js";
import { type GraphNode, type Id, indexNodes, isTile, type Node, readCounts, valueIn } from "../graph/graph.js";
import { arranged, contract, type Label, type Labelled } from "../graph/labelled.js";
import { rewrite } from "../graph/rewrite.js";
import { batchesOf, evaluateSize, one, product, sameSize, type Size } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import type { Pass, PassNote } from "./pass.js";
import { axisMap } from "./sweeps/axes.js";

/** Batch sizes at which the order must pay. */
const BATCHES = [1, 4096];

export const orderContractions: Pass = {
  name: "order-contractions",
  summary: "multiplies factors in the order that costs less",
  run(graph) {
    const nodes = indexNodes(graph);
    const readers = readCounts(
      graph.nodes,
      graph.outputs.map(({ value }) => value),
    );
    const notes: PassNote[] = [];
    const result = rewrite(graph, (node, { b, to }) => {
      const better = isTile(node) || node.op !== "dot" ? null : bestOrder(node, nodes, readers);
      if (better === null) return null;
      notes.push({ kind: "moved", reason: "contracts in the order that costs less", spans: [node.span, better.inner.span] });
      return emitOrder(b, to, better);
    });
    return notes.length === 0 ? { graph, notes } : { graph: result, notes };
  },
};

/** An axis of a value is what its labels make together, in this order: none where its size is 1, several where it is split later. */
type Axes = readonly (readonly Label[])[];
type Factor = { readonly id: Id; readonly axes: Axes };

/** A product under a product: (outer) · (left · right + addends), each axis labelled. */
type Nest = {
  readonly inner: Node<"dot">;
  readonly factors: readonly [Factor, Factor];
  readonly addends: readonly Factor[];
};

type Order = Nest & {
  readonly outer: Factor;
  /** Which of the inner factors meets the outer one first. */
  readonly first: 0 | 1;
  readonly made: readonly Label[];
  readonly sizeOf: (label: Label) => Size;
};

/** Names axes as they are found. */
class Labels {
  readonly #sizes: Size[] = [];

  fresh(size: Size): Label {
    return this.#sizes.push(size) - 1;
  }

  readonly sizeOf = (label: Label): Size => this.#sizes[label] ?? one;
}

function bestOrder(dot: Node<"dot">, nodes: ReadonlyMap<Id, GraphNode>, readers: ReadonlyMap<Id, number>): Order | null {
  const labels = new Labels();
  const made = dot.type.shape.map((size) => labels.fresh(size));
  const sides = factorsOf(
    dot,
    nodes,
    made.map((label) => [label]),
    labels,
  );
  const orders = ([0, 1] as const).flatMap((side) => {
    const nest = nestUnder(sides[side], nodes, readers, labels);
    const outer = sides[1 - side];
    return nest === null || outer === undefined
      ? []
      : ([0, 1] as const).map((first): Order => ({ ...nest, outer, first, made, sizeOf: labels.sizeOf }));
  });
  const [best] = orders
    .filter((order) => BATCHES.every((batch) => 2 * costAfter(order, batch) <= costBefore(order, batch)))
    .sort((a, b) => costAfter(a, BATCHES[1] ?? 1) - costAfter(b, BATCHES[1] ?? 1));
  return best ?? null;
}

/** The operands of a contraction whose result has these axes. */
function factorsOf(dot: Node<"dot">, nodes: ReadonlyMap<Id, GraphNode>, made: Axes, labels: Labels): readonly [Factor, Factor] {
  const pairs = dot.attrs.contract;
  const { shape } = valueIn(nodes, dot.ins[0]).type;
  const summed = pairs.map(([axis]) => [labels.fresh(shape[axis] ?? one)]);
  const factor = (side: 0 | 1): Factor => {
    const { id, type } = valueIn(nodes, dot.ins[side]);
    const axes = axisMap(dot, side, type.shape).map((to, axis) =>
      to === null ? summed[pairs.findIndex((pair) => pair[side] === axis)] : made[to],
    );
    return { id, axes: axes.map((list) => list ?? []) };
  };
  return [factor(0), factor(1)];
}

/** The product that this factor is, looked at through its layout; null where it is none, or where others read it too. */
function nestUnder(
  factor: Factor | undefined,
  nodes: ReadonlyMap<Id, GraphNode>,
  readers: ReadonlyMap<Id, number>,
  labels: Labels,
): Nest | null {
  const addends: Factor[] = [];
  let at = factor;
  while (at !== undefined && readers.get(at.id) === 1) {
    const { id, axes }: Factor = at;
    const node = nodes.get(id);
    if (node === undefined || isTile(node)) return null;
    const [x = -1, y = -1] = node.ins;
    switch (node.op) {
      case "dot":
        return { inner: node, factors: factorsOf(node, nodes, axes, labels), addends };
      case "transpose":
        at = { id: x, axes: axes.map((_, axis) => axes[node.attrs.perm.indexOf(axis)] ?? []) };
        break;
      case "reshape": {
        const split = splits(valueIn(nodes, x).type.shape, node.type.shape);
        if (split === null) return null;
        at = { id: x, axes: split.map((parts) => parts.flatMap((axis) => axes[axis] ?? [])) };
        break;
      }
      case "add": {
        const [repeated, other] = nodes.get(y)?.op === "broadcast" ? [nodes.get(y), x] : [nodes.get(x), y];
        if (repeated === undefined || isTile(repeated) || repeated.op !== "broadcast") return null;
        addends.push({ id: repeated.ins[0] ?? -1, axes: repeated.attrs.axes.map((axis) => axes[axis] ?? []) });
        at = { id: other, axes };
        break;
      }
      default:
        return null;
    }
  }
  return null;
}

/** For each axis before a reshape, the axes that it becomes; null where axes are joined. */
function splits(from: Shape, to: Shape): readonly (readonly number[])[] | null {
  let next = 0;
  const parts = from.map((size) => {
    const start = next;
    // An axis of size 1 takes one of size 1 where there is one.
    if (sameSize(size, to[next] ?? [])) return [next++];
    const taken = (): readonly Size[] => to.slice(start, next);
    while (next < to.length && !sameSize(product(taken()), size)) next++;
    return sameSize(product(taken()), size) ? taken().map((_, k) => start + k) : null;
  });
  const rest = to.slice(next).map((_, k) => next + k);
  if (parts.some((part) => part === null) || !rest.every((axis) => sameSize(to[axis] ?? [], one))) return null;
  return parts.map((part, k) => (k === parts.length - 1 ? [...(part ?? []), ...rest] : (part ?? [])));
}

const labelsOf = ({ axes }: Factor): readonly Label[] => axes.flat();

/** What is left after the outer factor has met the first: what the second or the result has too. */
function keptAfterFirst({ factors, first, made }: Order): ReadonlySet<Label> {
  return new Set([...made, ...labelsOf(factors[first === 0 ? 1 : 0])]);
}

function costBefore(order: Order, batch: number): number {
  const { outer, factors, made } = order;
  const inner = factors.flatMap(labelsOf);
  const met = new Set([...made, ...labelsOf(outer)]);
  return (
    multiplications(order, inner, batch) + multiplications(order, [...labelsOf(outer), ...inner.filter((label) => met.has(label))], batch)
  );
}

function costAfter(order: Order, batch: number): number {
  const { outer, factors, first, addends } = order;
  const kept = keptAfterFirst(order);
  const meeting = [...labelsOf(outer), ...labelsOf(factors[first])];
  const lists = [
    meeting,
    [...meeting.filter((label) => kept.has(label)), ...labelsOf(factors[first === 0 ? 1 : 0])],
    ...addends.map((addend) => [...labelsOf(outer), ...labelsOf(addend)]),
  ];
  return lists.reduce((sum, labels) => sum + multiplications(order, labels, batch), 0);
}

function multiplications({ sizeOf }: Order, labels: readonly Label[], batch: number): number {
  const size = product([...new Set(labels)].map(sizeOf));
  return evaluateSize(size, Object.fromEntries(batchesOf(size).map((id) => [id, batch])));
}

function emitOrder(b: GraphBuilder, to: (old: Id) => Id, order: Order): Id {
  const { outer, factors, first, addends, made, sizeOf } = order;
  const labelled = ({ id, axes }: Factor): Labelled => ({ value: b.reshape(to(id), axes.flat().map(sizeOf)), labels: axes.flat() });
  const result = new Set(made);
  const asked = labelled(outer);
  b.span = order.inner.span;
  const met = contract(b, asked, labelled(factors[first]), keptAfterFirst(order));
  const terms = [
    contract(b, met, labelled(factors[first === 0 ? 1 : 0]), result),
    ...addends.map((addend) => contract(b, asked, labelled(addend), result)),
  ];
  const [sum, ...more] = terms.map((term) => arranged(b, term, made, sizeOf));
  return more.reduce((left, right) => b.add(left, right), sum ?? -1);
}
