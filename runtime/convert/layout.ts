/** How one parameter lies in another library: the same numbers in another order, so that a conversion keeps every bit. */
import { type HostArray, hostArray, zeros } from "../data/host-array.js";

/**
 * same: as it is. led: behind an axis of size 1. linear: torch's [out, in] for our [in, out].
 * patches: a convolution's [out, channels, rows, columns] for our [rows * columns * channels, out].
 */
export type LayoutName = "same" | "led" | "linear" | "patches";

/** Our array, seen with the axes `factors`; the peer's has the axes `factors[axes[0]]`, `factors[axes[1]]`, … */
export type Layout = { readonly factors: readonly number[]; readonly axes: readonly number[] };

/** null where a parameter of this shape has no such layout. `channels`: of the pictures. */
export function layoutOf(name: LayoutName, shape: readonly number[], channels: number): Layout | null {
  const inOrder = (factors: readonly number[]): Layout => ({ factors, axes: factors.map((_, axis) => axis) });
  switch (name) {
    case "same":
      return inOrder(shape);
    case "led":
      return inOrder([1, ...shape]);
    case "linear":
      return shape.length === 2 ? { factors: shape, axes: [1, 0] } : null;
    case "patches": {
      const [numbers = 0, width = 0] = shape;
      const patch = Math.round(Math.sqrt(numbers / channels));
      return shape.length === 2 && patch > 0 && patch * patch * channels === numbers
        ? { factors: [patch, patch, channels, width], axes: [3, 2, 0, 1] }
        : null;
    }
  }
}

export const peerShape = ({ factors, axes }: Layout): readonly number[] => axes.map((axis) => factors[axis] ?? 0);

export const toPeerLayout = (array: HostArray, layout: Layout): HostArray =>
  permuted(array, layout.factors, layout.axes, peerShape(layout));

export function fromPeerLayout(array: HostArray, layout: Layout, shape: readonly number[]): HostArray {
  return permuted(
    array,
    peerShape(layout),
    layout.factors.map((_, axis) => layout.axes.indexOf(axis)),
    shape,
  );
}

/** The elements of `array`, seen as [...sizes], with the axes in the order `axes`; the result is given as `shape`. */
function permuted(array: HostArray, sizes: readonly number[], axes: readonly number[], shape: readonly number[]): HostArray {
  const result = zeros(array.dtype, shape);
  if (axes.every((axis, place) => axis === place)) {
    result.data.set(array.data);
    return result;
  }
  const strides = sizes.map((_, axis) => sizes.slice(axis + 1).reduce((product, size) => product * size, 1));
  const counts = axes.map((axis) => sizes[axis] ?? 0);
  const steps = axes.map((axis) => strides[axis] ?? 0);
  let at = 0;
  const walk = (axis: number, from: number): void => {
    const [count = 0, step = 0] = [counts[axis], steps[axis]];
    if (axis === counts.length - 1) for (let i = 0; i < count; i++) result.data[at++] = array.data[from + i * step] ?? 0;
    else for (let i = 0; i < count; i++) walk(axis + 1, from + i * step);
  };
  walk(0, 0);
  return result;
}

/** Part `k` of `count` equal parts along the first axis, a view. */
export function partOf(array: HostArray, k: number, count: number): HostArray {
  if (count === 1) return array;
  const [rows = 0, ...rest] = array.shape;
  const length = array.data.length / count;
  return hostArray(array.dtype, [rows / count, ...rest], array.data.subarray(k * length, (k + 1) * length));
}

/** One behind the other along the first axis; all are of one type. */
export function joined(parts: readonly HostArray[]): HostArray {
  const [first] = parts;
  if (first === undefined) throw new Error("nothing to join");
  if (parts.length === 1) return first;
  const [rows = 0, ...rest] = first.shape;
  const result = zeros(first.dtype, [rows * parts.length, ...rest]);
  for (const [k, part] of parts.entries()) result.data.set(part.data, k * part.data.length);
  return result;
}
