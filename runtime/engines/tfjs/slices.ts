/** A window cut out of a tensor, at the cost of the window. */
import type { Quirks } from "./quirks.js";
import type { Tensor, TensorFlow } from "./tensorflow.js";

type Numbers = Float32Array | Int32Array | Uint8Array;
type TensorInfo = Pick<Tensor, "dataId" | "shape" | "dtype">;

/** What the wasm backend offers its kernels. */
type Heap = {
  readonly makeOutput: (shape: number[], dtype: string) => TensorInfo;
  readonly typedArrayFromHeap: (tensor: TensorInfo) => Numbers;
};

export function slice(tf: TensorFlow, { slices }: Quirks, x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  if (slices === "window") return tf.slice(x, [...begin], [...size]);
  const heap = tf.backend() as unknown as Heap;
  // Allocated first: the heap may move when it grows, and views on it with it.
  const out = heap.makeOutput([...size], x.dtype);
  copyWindow(heap.typedArrayFromHeap(x), x.shape, begin, size, heap.typedArrayFromHeap(out));
  return tf.engine().makeTensorFromTensorInfo(out);
}

/** Row-major, in the longest runs of neighbours that the window has. */
function copyWindow(from: Numbers, shape: readonly number[], begin: readonly number[], size: readonly number[], to: Numbers): void {
  // Axes behind the last cut one are whole: with it they are one run.
  const last = Math.max(
    shape.findLastIndex((extent, axis) => size[axis] !== extent),
    0,
  );
  const inner = shape.slice(last + 1).reduce((a, b) => a * b, 1);
  const run = (size[last] ?? 1) * inner;
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const outer = size.slice(0, last);
  const index = outer.map(() => 0);
  for (let at = 0; at < to.length; at += run) {
    const start = index.reduce((sum, i, axis) => sum + (i + (begin[axis] ?? 0)) * (strides[axis] ?? 1), (begin[last] ?? 0) * inner);
    to.set(from.subarray(start, start + run), at);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (outer[axis] ?? 1)) break;
      index[axis] = 0;
    }
  }
}
