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
import { axisMap } from "./sweeps/axes.js";

/** From `low` up to `high`; null: all of an axis. */
type Range = { readonly low: number; readonly high: number } | null;
/** A part of a value, axis by axis. */
type Part = readonly Range[];

const whole = (shape: Shape): Part => shape.map(() => null);

export const slicesToLeaves: Pass = {
  name: "slices-to-leaves",
  summary: "makes only the part of a value that is read",
  run(graph) {
    const values = new Map(graph.nodes.flatMap((node) => (isTile(node) ? [] : [[node.id, node] as const])));
    const made = partsRead(graph, values);
    const narrowed = [...made].filter(([, part]) => part.some((range) => range !== null));
    if (narrowed.length === 0) return { graph, notes: [] };
    const notes: PassNote[] = [];
    const after = rewrite(graph, (node, { b, to }) => {
      const part = made.get(node.id);
      if (isTile(node) || part === undefined) return null;
      const taken = operandParts(node, part, values);
      const ins = node.ins.map((id, k) => cut(b, to(id), made.get(id) ?? [], taken[k] ?? []));
      b.span = node.span;
      if (node.op === "slice" && moves(node, values)) return ins[0] ?? null;
      if (node.op === "dot" && part.some((range) => range !== null))
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
    read.set(id, before === undefined ? part : before.map((range, axis) => hull(range, part[axis] ?? null, size(axis))));
  };
  for (const { value } of graph.outputs) take(value, whole(values.get(value)?.type.shape ?? []));
  const made = new Map<Id, Part>();
  for (const node of [...graph.nodes].reverse()) {
    if (isTile(node)) {
      for (const id of operandsOf(node)) take(id, whole(values.get(id)?.type.shape ?? []));
      continue;
    }
    const alone = narrows(node, values);
    const part = (read.get(node.id) ?? whole(node.type.shape)).map((range, axis) => (alone(axis) ? range : null));
    made.set(node.id, part);
    const taken = operandParts(node, part, values);
    for (const [k, id] of node.ins.entries()) take(id, taken[k] ?? []);
  }
  return made;
}

function hull(a: Range, b: Range, size: number): Range {
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
      return (axis) => axis !== node.attrs.axis || moves(node, values);
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
const operandParts = (node: Node, part: Part, values: ReadonlyMap<Id, Node>): readonly Part[] =>
  node.ins.map((id, k) => {
    const shape = values.get(id)?.type.shape ?? [];
    if (node.op === "slice") return part.map((range, axis) => (axis === node.attrs.axis ? shifted(range, node, shape) : range));
    // The axis analysis of sweeps follows the batch alone through a reshape; here it is the other axes that matter.
    const becomes = node.op === "reshape" ? shape.map((_, axis) => sameAxis(shape, axis, node.type.shape)) : axisMap(node, k, shape);
    return becomes.map((axis) => part[axis ?? -1] ?? null);
  });

/** What it takes of an axis, where that is known: a slice along the batch is left as it stands. */
function bounds({ attrs: { axis, start, stop } }: Node<"slice">, shape: Shape): { from: number; to: number; size: number } | null {
  const [from, to, size] = [asNumber(start), asNumber(stop), asNumber(shape[axis] ?? [])];
  return from === null || to === null || size === null ? null : { from, to, size };
}
const moves = (node: Node<"slice">, values: ReadonlyMap<Id, Node>): boolean =>
  bounds(node, values.get(node.ins[0] ?? -1)?.type.shape ?? []) !== null;

function shifted(range: Range, node: Node<"slice">, shape: Shape): Range {
  const known = bounds(node, shape);
  if (known === null) return null;
  const { from, to, size } = known;
  const [low, high] = range === null ? [from, to] : [from + range.low, from + range.high];
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
  for (const [axis, range] of taken.entries()) {
    const there = made[axis] ?? null;
    if (range === null || (there?.low === range.low && there.high === range.high)) continue;
    const from = there?.low ?? 0;
    result = b.emit("slice", [result], { axis, start: constant(range.low - from), stop: constant(range.high - from) });
  }
  return result;
}

function emitPart(b: GraphBuilder, node: Node, ins: readonly Id[], part: Part): Id {
  const shape = node.type.shape.map((size, axis) => {
    const range = part[axis] ?? null;
    return range === null ? size : constant(range.high - range.low);
  });
  if (node.op === "broadcast") return b.broadcast(ins[0] ?? -1, shape, node.attrs.axes);
  if (node.op === "reshape") return b.reshape(ins[0] ?? -1, shape);
  return b.emit(node.op, ins, node.attrs as never);
}
