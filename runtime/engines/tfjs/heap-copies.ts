/** Windows and rows of a tensor, at the cost of what is copied: on wasm by way of its heap, as its own kernels should. */
import type { Quirks } from "./quirks.js";
import type { Tensor, TensorFlow } from "./tensorflow.js";

type Numbers = Float32Array | Int32Array | Uint8Array;
type TensorInfo = Pick<Tensor, "dataId" | "shape" | "dtype">;

/** What the wasm backend offers its kernels. */
type Heap = {
  readonly makeOutput: (shape: number[], dtype: string) => TensorInfo;
  readonly typedArrayFromHeap: (tensor: TensorInfo) => Numbers;
};

function copied(tf: TensorFlow, x: Tensor, shape: readonly number[], copy: (from: Numbers, to: Numbers) => void): Tensor {
  const heap = tf.backend() as unknown as Heap;
  // Allocated first: the heap may move when it grows, and views on it with it.
  const out = heap.makeOutput([...shape], x.dtype);
  copy(heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(out));
  return tf.engine().makeTensorFromTensorInfo(out);
}

export function slice(tf: TensorFlow, { copies }: Quirks, x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  if (copies === "fast") return tf.slice(x, [...begin], [...size]);
  return copied(tf, x, size, (from, to) => copyWindow(from, x.shape, begin, size, to));
}

/** Rows of x[outer, rows, inner] by number; a number out of range gives zeros. */
export function gatherRows(tf: TensorFlow, { copies }: Quirks, x: Tensor, index: Tensor): Tensor {
  const [outer = 1, rows = 1, inner = 1] = x.shape;
  const numbers = index.dataSync<"int32">();
  if (copies === "slow")
    return copied(tf, x, [outer, numbers.length, inner], (from, to) => copyRows(from, [outer, rows, inner], numbers, to));
  const inside = numbers.every((row) => row >= 0 && row < rows);
  if (inside) return tf.gather(x, index, 1);
  const within = tf.logicalAnd(tf.greaterEqual(index, tf.scalar(0, "int32")), tf.less(index, tf.scalar(rows, "int32")));
  const taken = tf.gather(x, tf.where(within, index, tf.zerosLike(index)), 1);
  return tf.where(within.reshape([1, index.size, 1]), taken, tf.zerosLike(taken));
}

function copyRows(from: Numbers, [outer, rows, inner]: readonly [number, number, number], numbers: ArrayLike<number>, to: Numbers): void {
  let at = 0;
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < numbers.length; k++, at += inner) {
      const row = numbers[k] ?? -1;
      const start = (o * rows + row) * inner;
      if (row < 0 || row >= rows) to.fill(0, at, at + inner);
      else if (inner === 1) to[at] = from[start] ?? 0;
      else to.set(from.subarray(start, start + inner), at);
    }
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
