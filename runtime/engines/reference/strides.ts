/** Index arithmetic: every layout op, reduction and contraction is a walk over lists of offsets. */

/** One axis of a walk. */
export type Walk = { readonly extent: number; readonly stride: number };

/** Row-major: the last axis is contiguous. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return strides;
}

/** The axes of an array as walks. */
export function walksOf(shape: readonly number[]): readonly Walk[] {
  const strides = stridesOf(shape);
  return shape.map((extent, axis) => ({ extent, stride: strides[axis] ?? 1 }));
}

/** The offsets that a nest of walks visits, the last walk innermost; one offset, 0, for no walk. */
export function offsetsOf(walks: readonly Walk[]): Int32Array {
  let offsets = Int32Array.of(0);
  for (const { extent, stride } of walks) {
    const inner = new Int32Array(offsets.length * extent);
    for (let i = 0; i < offsets.length; i++) for (let k = 0; k < extent; k++) inner[i * extent + k] = (offsets[i] ?? 0) + k * stride;
    offsets = inner;
  }
  return offsets;
}

export const pick = <T>(list: readonly T[], axes: readonly number[]): readonly T[] =>
  axes.map((axis) => list[axis] ?? raise(`axis ${axis} is out of range`));

export const others = (rank: number, axes: readonly number[]): readonly number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis));

function raise(message: string): never {
  throw new Error(message);
}
