/** What blocks leave behind: one tensor per piece, merged block by block and joined when all are done. */
import type { Merge } from "../../../compiler/graph/graph.js";
import { NO_INDEX, topk as topkOnHost } from "./host-ops.js";
import type { Quirks } from "./quirks.js";
import { logAddExp, maximum, minimum } from "./special-functions.js";
import { around, count, type Tensor, type TensorFlow } from "./tensorflow.js";

export type Partial = {
  readonly tf: TensorFlow;
  readonly quirks: Quirks;
  readonly whole: Tensor;
  readonly part: Tensor;
  /** The values that these indices follow. */
  readonly by: { readonly whole: Tensor; readonly part: Tensor } | null;
  /** The axis along which a top-k competes. */
  readonly axis: number | null;
};

type Merger = (partial: Partial) => Tensor;

function followed({ by }: Partial): { readonly whole: Tensor; readonly part: Tensor } {
  if (by === null) throw new Error("indices follow no values");
  return by;
}

/** The k best of both. Rows of k are few, so that reading them is cheap on every backend. */
function ranked(
  { tf, whole, axis }: Partial,
  values: { readonly whole: Tensor; readonly part: Tensor },
  indices: { readonly whole: Tensor; readonly part: Tensor } | null,
): ReturnType<typeof topkOnHost> {
  if (axis === null) throw new Error("a top-k has no axis");
  const both = (pair: { readonly whole: Tensor; readonly part: Tensor }): Tensor => tf.concat([pair.whole, pair.part], axis);
  const all = both(values);
  const names = indices === null ? null : both(indices).dataSync<"int32">();
  return topkOnHost(all.dataSync<"float32">(), names as Int32Array | null, around(all.shape, axis), whole.shape[axis] ?? 1);
}

/** Later blocks hold higher indices, so that a tie keeps what is there; a NaN outranks everything. */
function argmax(partial: Partial): Tensor {
  const { tf, whole, part } = partial;
  const values = followed(partial);
  const isNaN = (x: Tensor): Tensor => tf.notEqual(x, x);
  const better = tf.logicalOr(tf.greater(values.part, values.whole), tf.logicalAnd(isNaN(values.part), tf.logicalNot(isNaN(values.whole))));
  return tf.where(tf.logicalOr(better, tf.equal(whole, tf.scalar(NO_INDEX, "int32"))), part, whole);
}

export const mergers = {
  none: ({ whole }) => whole.clone(),
  sum: ({ tf, whole, part }) => tf.add(whole, part),
  max: ({ tf, quirks, whole, part }) => maximum(tf, quirks, whole, part),
  min: ({ tf, quirks, whole, part }) => minimum(tf, quirks, whole, part),
  logsumexp: ({ tf, whole, part }) => logAddExp(tf, whole, part),
  argmax,
  topk: (partial) => partial.tf.tensor(ranked(partial, partial, null).values, partial.whole.shape, partial.whole.dtype),
  topk_index: (partial) => partial.tf.tensor(ranked(partial, followed(partial), partial).indices, partial.whole.shape, "int32"),
} as const satisfies Record<Merge, Merger>;

/**
 * Puts the pieces side by side. `pieces` are in the order of their blocks, the first blocked axis outermost;
 * `blocks`: how many there are along each blocked axis.
 */
export function join(tf: TensorFlow, pieces: readonly Tensor[], axes: readonly number[], blocks: readonly number[]): Tensor {
  let parts = pieces;
  for (let k = axes.length - 1; k >= 0; k--) {
    const [axis, along] = [axes[k] ?? 0, blocks[k] ?? 1];
    parts = Array.from({ length: parts.length / along }, (_, row) => concatAlong(tf, parts.slice(row * along, (row + 1) * along), axis));
  }
  const [whole] = parts;
  if (whole === undefined || parts.length !== 1) throw new Error(`${pieces.length} pieces do not make a whole`);
  return whole;
}

function concatAlong(tf: TensorFlow, parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  if (first === undefined) throw new Error("nothing to join");
  if (parts.length === 1) return first.clone();
  const shape = first.shape.map((extent, k) => (k === axis ? parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0) : extent));
  const outer = count(shape.slice(0, axis));
  return tf
    .concat(
      parts.map((part) => part.reshape([outer, part.size / outer])),
      1,
    )
    .reshape(shape);
}
