/** Sums over any axes, exact enough on backends that add naively, and without their slow transposes. */
import type { Quirks } from "./quirks.js";
import type { Tensor, TensorFlow } from "./tensorflow.js";

/** How many elements one naive pass may add: at most this many roundings of the partial sum. */
const RUN = 32;

/** Axes that neighbour each other and are summed alike become one: `[outer, summed, kept, summed, …]`. */
function grouped(shape: readonly number[], axes: readonly number[]): readonly { readonly extent: number; readonly summed: boolean }[] {
  const groups: { extent: number; summed: boolean }[] = [];
  shape.forEach((extent, axis) => {
    const summed = axes.includes(axis);
    const last = groups.at(-1);
    if (last !== undefined && (last.summed === summed || extent === 1)) last.extent *= extent;
    else groups.push({ extent, summed });
  });
  return groups;
}

/** `result`: the shape without the axes. */
export function sum(tf: TensorFlow, quirks: Quirks, x: Tensor, axes: readonly number[], result: readonly number[]): Tensor {
  if (x.size === 0) return tf.zeros([...result], x.dtype);
  if (x.dtype === "int32") return tf.sum(x, [...axes]);
  let groups = grouped(x.shape, axes);
  let partial = x;
  for (let at = groups.length - 1; at >= 0; at--) {
    const group = groups[at];
    if (group?.summed !== true) continue;
    const extents = groups.map(({ extent }) => extent);
    const outer = extents.slice(0, at).reduce((a, b) => a * b, 1);
    const inner = extents.slice(at + 1).reduce((a, b) => a * b, 1);
    partial =
      inner === 1
        ? sumRows(tf, quirks, partial.reshape([outer, group.extent]))
        : sumColumns(tf, partial.reshape([outer, group.extent, inner]));
    groups = groups.filter((_, k) => k !== at);
  }
  return partial.reshape([...result]);
}

/** [rows, n] → [rows] */
function sumRows(tf: TensorFlow, { sums }: Quirks, x: Tensor): Tensor {
  const rows = x.shape[0] ?? 1;
  let n = x.shape[1] ?? 1;
  let partial = x;
  const alone = sums === "naive" ? 2 * RUN : Number.POSITIVE_INFINITY;
  while (n > alone) {
    const run = runOf(n);
    const padded = Math.ceil(n / run) * run;
    if (padded !== n)
      partial = tf.pad(partial, [
        [0, 0],
        [0, padded - n],
      ]);
    partial = tf.sum(partial.reshape([(rows * padded) / run, run]), 1);
    n = padded / run;
    partial = partial.reshape([rows, n]);
  }
  return tf.sum(partial, 1);
}

/** [outer, n, inner] → [outer, inner], as products with a row of ones: the one contraction that needs no transpose. */
function sumColumns(tf: TensorFlow, x: Tensor): Tensor {
  const [outer = 1, , inner = 1] = x.shape;
  let n = x.shape[1] ?? 1;
  let partial = x;
  while (n > 1) {
    const run = n <= 2 * RUN ? n : runOf(n);
    const padded = Math.ceil(n / run) * run;
    if (padded !== n)
      partial = tf.pad(partial, [
        [0, 0],
        [0, padded - n],
        [0, 0],
      ]);
    const runs = (outer * padded) / run;
    const ones = tf.ones(runs === 1 ? [1, run] : [runs, 1, run]);
    partial = tf.matMul(ones, partial.reshape(runs === 1 ? [run, inner] : [runs, run, inner]));
    n = padded / run;
    partial = partial.reshape([outer, n, inner]);
  }
  return partial.reshape([outer, inner]);
}

/** A divisor of n near RUN, so that nothing need be padded; RUN itself where there is none. */
function runOf(n: number): number {
  for (let away = 0; away < RUN / 2; away++) for (const run of [RUN - away, RUN + away]) if (n % run === 0) return run;
  return RUN;
}
