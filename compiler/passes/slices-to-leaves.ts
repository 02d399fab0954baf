/**
 * Computes only the part of a value that its readers take: slices move to where values are made.
 *
 *   f(a, b)[1:3]     =>  f(a[1:3], b[1:3])     f elementwise
 *   (X·Yᵀ)[:, 1:3]   =>  X·(Y[1:3])ᵀ           a free axis, or a batch axis of both
 *   sum[k](a)[1:3]   =>  sum[k](a[1:3])
 *
 * and so through broadcasts, transposes, reshapes that leave the axis alone, gathers and what works along other axes. The last
 * block of a text tower that is read at its last place makes queries, attention and mlp of that place alone. Nothing is made
 * twice: a value is made from the first to the last of what all its readers take. Axes of the batch stay whole: their sizes are
 * not known here. Keeps every bit: the same sums, fewer of them.
 */
import type { GraphBuilder } from "../graph/builder.js";
import { type Graph, type Id, isTile, type Node, operandsOf } from "../graph/graph.js";
import { isElementwise } from "../graph/op-table.js";
import { rewrite } from "../graph/rewrite.js";
import { asNumber, constant, product, sameSize } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import type { Pass, PassNote } from "./pass.js";

/** From `low` up to `high`; null: all of an axis. */
type Span1 = { readonly low: number; readonly high: number } | null;
/** A part of a value, axis by axis. */
type Part = readonly Span1[];

const whole = (shape: Shape): Part => shape.map(() => null);

export const slicesToLeaves: Pass = {
  name: "slices-to-leaves",
  summary: "makes only the part of a value that is read",
  run(graph) {
    const values = new Map(graph.nodes.flatMap((node) => (isTile(node) ? [] : [[node.id, node] as const])));
    const made = partsRead(graph, values);
    const narrowed = [...made].filter(([, part]) => part.some((span) => span !== null));
    if (narrowed.length === 0) return { graph, notes: [] };
    const notes: PassNote[] = [];
    const after = rewrite(graph, (node, { b, to }) => {
      const part = made.get(node.id);
      if (isTile(node) || part === undefined) return null;
      const taken = operandParts(node, part, values);
      const ins = node.ins.map((id, k) => cut(b, to(id), made.get(id) ?? [], taken[k] ?? []));
      b.span = node.span;
      if (node.op === "slice" && isConstant(node)) return ins[0] ?? null;
      if (node.op === "dot" && part.some((span) => span !== null))
        notes.push({ kind: "moved", reason: "a contraction makes only what is read of it", spans: [node.span] });
      return emitPart(b, node, ins, part);
    });
    return { graph: after, notes };
  },
};

/** What is to be made of each value: the hull of what its readers take. A value that nothing reads is left whole. */
function partsRead(graph: Graph, values: ReadonlyMap<Id, Node>): ReadonlyMap<Id, Part> {
  const read = new Map<Id, Part>();
  const take = (id: Id, part: Part): void => {
    const before = read.get(id);
    const size = (axis: number): number => asNumber(values.get(id)?.type.shape[axis] ?? []) ?? 0;
    read.set(id, before === undefined ? part : before.map((span, axis) => hull(span, part[axis] ?? null, size(axis))));
  };
  for (const { value } of graph.outputs) take(value, whole(values.get(value)?.type.shape ?? []));
  const made = new Map<Id, Part>();
  for (const node of [...graph.nodes].reverse()) {
    if (isTile(node)) {
      for (const id of operandsOf(node)) take(id, whole(values.get(id)?.type.shape ?? []));
      continue;
    }
    const alone = narrows(node, values);
    const part = (read.get(node.id) ?? whole(node.type.shape)).map((span, axis) => (alone(axis) ? span : null));
    made.set(node.id, part);
    const taken = operandParts(node, part, values);
    for (const [k, id] of node.ins.entries()) take(id, taken[k] ?? []);
  }
  return made;
}

function hull(a: Span1, b: Span1, size: number): Span1 {
  if (a === null || b === null) return null;
  const both = { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
  return both.low === 0 && both.high === size ? null : both;
}

/** The axes along which a part of it can be made alone. Leaves are there already; what is not listed works on all of its operands. */
function narrows(node: Node, values: ReadonlyMap<Id, Node>): (axis: number) => boolean {
  if (isElementwise(node.op)) return () => true;
  const first = values.get(node.ins[0] ?? -1)?.type.shape ?? [];
  switch (node.op) {
    case "slice":
    case "broadcast":
    case "transpose":
    case "sum":
    case "max":
    case "min":
    case "logsumexp":
    case "dot":
    case "gather":
    case "gelu":
    case "log_sigmoid":
      return () => true;
    case "reshape": {
      const kept = first.map((_, axis) => sameAxis(first, axis, node.type.shape));
      return (axis) => kept.includes(axis);
    }
    case "softmax":
    case "l2_normalize":
      return (axis) => axis !== node.attrs.axis;
    case "layer_norm":
      return (axis) => axis !== first.length - 1;
    default:
      return () => false;
  }
}

/** What a part of a node's result takes of each operand. */
function operandParts(node: Node, part: Part, values: ReadonlyMap<Id, Node>): readonly Part[] {
  const shapes = node.ins.map((id) => values.get(id)?.type.shape ?? []);
  const first = shapes[0] ?? [];
  if (isElementwise(node.op)) return node.ins.map(() => part);
  switch (node.op) {
    case "slice":
      return [part.map((span, axis) => (axis === node.attrs.axis ? shifted(span, node, first) : span))];
    case "broadcast":
      return [node.attrs.axes.map((axis) => part[axis] ?? null)];
    case "transpose":
      return [first.map((_, axis) => part[node.attrs.perm.indexOf(axis)] ?? null)];
    case "reshape":
      return [first.map((_, axis) => part[sameAxis(first, axis, node.type.shape) ?? -1] ?? null)];
    case "sum":
    case "max":
    case "min":
    case "logsumexp": {
      const { axes } = node.attrs;
      const kept = first.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
      return [first.map((_, axis) => part[kept.indexOf(axis)] ?? null)];
    }
    case "dot":
      return dotParts(node, part, shapes);
    case "gather": {
      const { axis } = node.attrs;
      const rank = (shapes[1] ?? []).length;
      return [[...part.slice(0, axis), null, ...part.slice(axis + rank)], part.slice(axis, axis + rank)];
    }
    case "gelu":
    case "log_sigmoid":
    case "softmax":
    case "l2_normalize":
    case "layer_norm":
      return [part];
    default:
      return shapes.map(whole);
  }
}

/** Batch axes first, then the left operand's free axes, then the right one's. */
function dotParts({ attrs: { batch, contract } }: Node<"dot">, part: Part, shapes: readonly Shape[]): readonly Part[] {
  const [left = [], right = []] = shapes;
  const side = (shape: Shape, of: (pair: readonly [number, number]) => number, from: number): Part => {
    const bound = [...batch, ...contract].map(of);
    const free = shape.map((_, axis) => axis).filter((axis) => !bound.includes(axis));
    const at = (axis: number): number => {
      const k = batch.findIndex((pair) => of(pair) === axis);
      return k >= 0 ? k : free.includes(axis) ? from + free.indexOf(axis) : -1;
    };
    return shape.map((_, axis) => part[at(axis)] ?? null);
  };
  const leftFree = left.length - batch.length - contract.length;
  return [side(left, ([l]) => l, batch.length), side(right, ([, r]) => r, batch.length + leftFree)];
}

const isConstant = ({ attrs: { start, stop } }: Node<"slice">): boolean => asNumber(start) !== null && asNumber(stop) !== null;

function shifted(span: Span1, { attrs: { axis, start, stop } }: Node<"slice">, shape: Shape): Span1 {
  const [from, to, size] = [asNumber(start), asNumber(stop), asNumber(shape[axis] ?? [])];
  // A slice along the batch is left as it stands.
  if (from === null || to === null || size === null) return null;
  const [low, high] = span === null ? [from, to] : [from + span.low, from + span.high];
  return low === 0 && high === size ? null : { low, high };
}

/** The axis of `to` that is axis `axis` of `from`, whatever happens to those before and behind. */
function sameAxis(from: Shape, axis: number, to: Shape): number | null {
  const before = product(from.slice(0, axis));
  const place = to.findIndex((size, k) => sameSize(size, from[axis] ?? []) && sameSize(product(to.slice(0, k)), before));
  return place < 0 ? null : place;
}

/** Of a value of which `made` is there, what `taken` asks for. */
function cut(b: GraphBuilder, id: Id, made: Part, taken: Part): Id {
  let result = id;
  for (const [axis, span] of taken.entries()) {
    const there = made[axis] ?? null;
    if (span === null || (there?.low === span.low && there.high === span.high)) continue;
    const from = there?.low ?? 0;
    result = b.emit("slice", [result], { axis, start: constant(span.low - from), stop: constant(span.high - from) });
  }
  return result;
}

function emitPart(b: GraphBuilder, node: Node, ins: readonly Id[], part: Part): Id {
  const shape = node.type.shape.map((size, axis) => {
    const span = part[axis] ?? null;
    return span === null ? size : constant(span.high - span.low);
  });
  if (node.op === "broadcast") return b.broadcast(ins[0] ?? -1, shape, node.attrs.axes);
  if (node.op === "reshape") return b.reshape(ins[0] ?? -1, shape);
  return b.emit(node.op, ins, node.attrs as never);
}
