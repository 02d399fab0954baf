/** Tensors from tensors: every node that the front end makes goes through these, at its expression's span. */
import { type Meeting, meet } from "../check/broadcast.js";
import type { Dimension } from "../check/dimension.js";
import type { IndexVariable } from "../check/index-variable.js";
import type { Tensor } from "../check/value.js";
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import { multiplySizes, one, type Size } from "../graph/size.js";
import type { DType, Shape } from "../graph/type.js";
import { once, type Site } from "./elaboration.js";

export type TensorType = Meeting & { readonly dtype: DType };

/** A tensor whose node is made by `build` from its operands' nodes, when it is first needed. */
export function tensor(
  site: Site,
  type: TensorType,
  operands: readonly Tensor[],
  build: (b: GraphBuilder, ids: readonly Id[]) => Id,
): Tensor {
  const { e } = site;
  const origin = e.originOf(site.span);
  const emit = once(() => {
    const ids = operands.map((operand) => operand.emit());
    e.b.span = origin;
    return build(e.b, ids);
  });
  return { kind: "tensor", dtype: type.dtype, indices: type.indices, dims: type.dims, named: null, emit };
}

/** Like `tensor`, for one operand. */
export function mapTensor(site: Site, x: Tensor, change: Partial<TensorType>, build: (b: GraphBuilder, id: Id) => Id): Tensor {
  return tensor(site, { dtype: x.dtype, indices: x.indices, dims: x.dims, ...change }, [x], (b, ids) => build(b, only(ids)));
}

const only = (ids: readonly Id[]): Id => ids[0] ?? missing();
const missing = (): never => {
  throw new Error("a node lacks an operand");
};

export const rankOf = (t: Tensor): number => t.indices.length + t.dims.length;
/** The axis in the graph of a value's k-th own axis. */
export const axisOf = (t: Tensor, k: number): number => t.indices.length + k;

/** Only once checking is over: the sizes of indices, then of axes. */
export const shapeOf = ({ indices, dims }: Meeting): Shape => [...indices.map((i) => i.range.closed), ...dims.map((d) => d.closed)];

/** The node of t with exactly these indices and axes: transposed, then repeated where it lacks some. */
export function aligned(b: GraphBuilder, t: Tensor, to: Meeting): Id {
  const offset = to.dims.length - t.dims.length;
  const isRepeated = (k: number): boolean => t.dims[k]?.constant === 1 && to.dims[k + offset]?.constant !== 1;
  const kept = t.dims.flatMap((_, k) => (isRepeated(k) ? [] : [k]));
  const axes = [...t.indices.map((index) => to.indices.indexOf(index)), ...kept.map((k) => to.indices.length + k + offset)];
  const node = t.emit();
  const sizes = [...t.indices.map((index) => index.range.closed), ...t.dims.filter((_, k) => !isRepeated(k)).map((dim) => dim.closed)];
  const order = axes.map((_, at) => at).sort((p, q) => (axes[p] ?? 0) - (axes[q] ?? 0));
  const ordered = b.transpose(b.reshape(node, sizes), order);
  return b.broadcast(
    ordered,
    shapeOf(to),
    order.flatMap((at) => axes[at] ?? []),
  );
}

/** One elementwise op over operands that meet; `what` names it in messages. */
export function elementwise(
  site: Site,
  what: string,
  operands: readonly Tensor[],
  dtype: DType,
  build: (b: GraphBuilder, ids: readonly Id[]) => Id,
): Tensor {
  const meeting = meet(operands, what, site.span);
  return tensor(site, { dtype, ...meeting }, operands, (b, nodes) =>
    build(b, nodes.length === 1 ? nodes : operands.map((operand) => aligned(b, operand, meeting))),
  );
}

/** A scalar: one leaf, or a few. */
export function scalar(site: Site, dtype: DType, build: (b: GraphBuilder) => Id): Tensor {
  return tensor(site, { dtype, indices: [], dims: [] }, [], (b) => build(b));
}

export function cast(site: Site, x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : { ...mapTensor(site, x, { dtype }, (b, id) => b.cast(id, dtype)), named: x.named };
}

/** Reduces over some indices and some own axes at once. */
export function reduced(
  site: Site,
  x: Tensor,
  over: { readonly indices: readonly IndexVariable[]; readonly axes: readonly number[] },
  dtype: DType,
  build: (b: GraphBuilder, id: Id, axes: readonly number[]) => Id,
): Tensor {
  const axes = [...x.indices.flatMap((index, at) => (over.indices.includes(index) ? [at] : [])), ...over.axes.map((k) => axisOf(x, k))];
  const indices = x.indices.filter((index) => !over.indices.includes(index));
  const dims = x.dims.filter((_, k) => !over.axes.includes(k));
  return mapTensor(site, x, { dtype, indices, dims }, (b, id) =>
    build(
      b,
      id,
      axes.sort((p, q) => p - q),
    ),
  );
}

/** How many elements a reduction covers; call it only when checking is over. */
export const extent = (dims: readonly Dimension[]): Size => dims.reduce<Size>((total, dim) => multiplySizes(total, dim.closed), one);

/** The value with its k-th axis turned into an index. */
export function axisToIndex(site: Site, x: Tensor, k: number, index: IndexVariable): Tensor {
  const at = axisOf(x, k);
  const rest = x.dims.filter((_, axis) => axis !== k);
  return mapTensor(site, x, { indices: [...x.indices, index], dims: rest }, (b, id) =>
    b.transpose(id, moved(rankOf(x), at, x.indices.length)),
  );
}

/** The value with these indices turned into its first axes, in this order. An index it lacks repeats it. */
export function indicesToAxes(site: Site, x: Tensor, bound: readonly IndexVariable[]): Tensor {
  const outer = x.indices.filter((index) => !bound.includes(index));
  const dims = [...bound.map((index) => index.range), ...x.dims];
  return mapTensor(site, x, { indices: outer, dims }, (b) => aligned(b, x, { indices: [...outer, ...bound], dims: x.dims }));
}

/** The permutation that puts axis `from` at `to` and keeps the order of the others. */
export function moved(rank: number, from: number, to: number): readonly number[] {
  const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== from);
  return [...others.slice(0, to), from, ...others.slice(to)];
}
