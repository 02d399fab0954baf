/** A convolution of two axes in numbers, and how many windows it has. */

/** For rows, then columns, of the picture; `low` and `high` are the zeros before and behind it. */
export type Convolution = {
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
  readonly groups: number;
};

/** How many windows of `size` places fit; below 1 where none does. */
export const windowCount = (extent: number, size: number, axis: 0 | 1, { stride, dilation, low, high }: Convolution): number =>
  Math.floor((low[axis] + extent + high[axis] - dilation[axis] * (size - 1) - 1) / stride[axis]) + 1;
