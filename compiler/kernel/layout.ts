/** Layout ops are no work: a reader indexes their operand instead. */
import type { Node } from "../graph/graph.js";
import { addSizes, asNumber, constant, multiplySizes, one, printSize, product, sameSize, type Size } from "../graph/size.js";
import type { Windows } from "../graph/op-table.js";
import type { Shape } from "../graph/type.js";
import { isBlock, type SymbolicView } from "./call.js";

/** The index along one axis of a value: a dimension of its reader (null: always 0), or a position in windows, plus a start. */
export type AxisIndex = { readonly dim: number | null; readonly start: Size; readonly window?: WindowIndex };

/** (Σ dim * step + start) / over, where that is one of 0 … extent−1; elsewhere the element is 0. */
export type WindowIndex = {
  readonly terms: readonly { readonly dim: number; readonly step: number }[];
  readonly start: number;
  readonly over: number;
  readonly extent: number;
};

const zero = constant(0);
export const identityIndex = (rank: number): readonly AxisIndex[] => Array.from({ length: rank }, (_, dim) => ({ dim, start: zero }));

/** The axes of the operand and of the result that a reshape pairs when it only adds or drops axes of size 1; null where it does more. */
function squeezed(from: Shape, to: Shape): readonly (number | null)[] | null {
  const kept = to.flatMap((size, axis) => (sameSize(size, one) ? [] : [axis]));
  const pairs = from.map((size) => (sameSize(size, one) ? null : (kept.shift() ?? -1)));
  const fits = kept.length === 0 && pairs.every((axis, k) => axis === null || sameSize(to[axis] ?? [], from[k] ?? []));
  return fits ? pairs : null;
}

/** How the operand of a layout op is indexed where its result is indexed so; null where the op is more than a relabelling. */
export function indexOperand(node: Node, operand: Shape, index: readonly AxisIndex[]): readonly AxisIndex[] | null {
  const at = (axis: number): AxisIndex => index[axis] ?? { dim: null, start: zero };
  // Where an axis that is not there in the operand is read outside, its zeros would be lost.
  const drops = (kept: readonly (number | null)[]): boolean =>
    index.some(({ window }, axis) => window !== undefined && !kept.includes(axis));
  switch (node.op) {
    case "broadcast":
      return drops(node.attrs.axes) ? null : node.attrs.axes.map(at);
    case "transpose":
      return node.attrs.perm.reduce<AxisIndex[]>((list, from, axis) => {
        list[from] = at(axis);
        return list;
      }, []);
    case "slice":
      return index.map((i, axis) => (axis === node.attrs.axis ? { ...i, start: addSizes(i.start, node.attrs.start) } : i));
    case "reshape": {
      const kept = squeezed(operand, node.type.shape);
      return kept === null || drops(kept) ? null : kept.map((axis) => (axis === null ? { dim: null, start: zero } : at(axis)));
    }
    case "windows":
      return throughWindows(node.attrs, operand, index);
    default:
      return null;
  }
}

/** Null where the windows are themselves read through windows, or from a place that is known only later. */
function throughWindows(
  { axis, stride, dilation, start, over }: Windows,
  operand: Shape,
  index: readonly AxisIndex[],
): readonly AxisIndex[] | null {
  const [window, place] = [index[axis], index[axis + 1]];
  if (window === undefined || place === undefined || window.window !== undefined || place.window !== undefined) return null;
  const [first, second, extent] = [asNumber(window.start), asNumber(place.start), asNumber(operand[axis] ?? [])];
  if (first === null || second === null || extent === null) return null;
  const terms = [
    { dim: window.dim, step: stride },
    { dim: place.dim, step: dilation },
  ].flatMap(({ dim, step }) => (dim === null ? [] : [{ dim, step }]));
  const position = { terms, start: start + first * stride + second * dilation, over, extent };
  return [...index.slice(0, axis), { dim: null, start: zero, window: position }, ...index.slice(axis + 2)];
}

/** The dims that an index changes with. */
export const dimsOfIndex = (index: readonly AxisIndex[]): readonly number[] =>
  index.flatMap(({ dim, window }) => [...(dim === null ? [] : [dim]), ...(window?.terms.map((term) => term.dim) ?? [])]);

export const hasWindow = (index: readonly AxisIndex[]): boolean => index.some(({ window }) => window !== undefined);

export const indexText = (index: readonly AxisIndex[]): string =>
  index.map(({ dim, start, window }) => `${dim}+${printSize(start)}${window === undefined ? "" : JSON.stringify(window)}`).join();

/** The window on a value whose axes are indexed so by dims of these sizes: one axis per dim, stride 0 where it repeats. */
export function indexView(view: SymbolicView, index: readonly AxisIndex[], sizes: Shape): SymbolicView {
  const strideOf = (axis: number): Size => view.dims[axis]?.stride ?? one;
  if (hasWindow(index)) throw new Error("windows are no view of their operand");
  return {
    buffer: view.buffer,
    bases: view.bases,
    offset: index.reduce((sum, { start }, axis) => addSizes(sum, multiplySizes(start, strideOf(axis))), view.offset),
    dims: sizes.map((size, dim) => ({
      size,
      stride: index.reduce<Size>((sum, i, axis) => (i.dim === dim ? addSizes(sum, strideOf(axis)) : sum), zero),
    })),
  };
}

/**
 * The same bytes under another shape, or null where they do not lie in order: axes pair up in groups of equal extent, and a
 * group that changes must be contiguous. A block may stand only at the front of such a group: further in, the last one would leave gaps.
 */
export function reshapeView(view: SymbolicView, to: Shape): SymbolicView | null {
  const from = view.dims;
  const dims: { size: Size; stride: Size }[] = [];
  let [f, t] = [0, 0];
  while (f < from.length || t < to.length) {
    const group = nextGroup(
      from.map(({ size }) => size),
      to,
      f,
      t,
    );
    const source = from.slice(f, group.f);
    const target = to.slice(t, group.t);
    const last = source.at(-1);
    let stride = last?.stride ?? one;
    if (!(source.length === 1 && target.length === 1)) {
      const inOrder = source.every((dim, k) => {
        const next = source[k + 1];
        return next === undefined || sameSize(dim.stride, multiplySizes(next.size, next.stride));
      });
      const blockWithin = [source.map(({ size }) => size), target].some((sizes) =>
        sizes
          .filter((size) => !sameSize(size, one))
          .slice(1)
          .some(isBlock),
      );
      if (!inOrder || blockWithin) return null;
    }
    const strides: Size[] = [];
    for (const size of target.toReversed()) {
      strides.unshift(stride);
      stride = multiplySizes(stride, size);
    }
    target.forEach((size, k) => dims.push({ size, stride: strides[k] ?? one }));
    [f, t] = [group.f, group.t];
  }
  return { ...view, dims };
}

/** The shortest next runs of axes with equal products; all that is left where there are none. */
function nextGroup(from: Shape, to: Shape, f: number, t: number): { readonly f: number; readonly t: number } {
  for (let i = f + 1; i <= from.length; i++)
    for (let j = t + 1; j <= to.length; j++) if (sameSize(product(from.slice(f, i)), product(to.slice(t, j)))) return { f: i, t: j };
  return { f: from.length, t: to.length };
}
