/**
 * Operands of size 1 made whole. On wasm only add, sub, mul and div of floats repeat an operand at speed; every other
 * kernel, and tile, takes 100 times as long per element.
 */
import type { Quirks } from "./quirks.js";
import { count, type Tensor, type TensorFlow } from "./tensorflow.js";

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((extent, axis) => extent === b[axis]);

/** The shape that operands have together; ranks align at the right. */
export function commonShape(tensors: readonly Tensor[]): number[] {
  const rank = Math.max(...tensors.map((x) => x.rank));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = tensors.map((x) => x.shape[axis - rank + x.rank] ?? 1);
    return extents.find((extent) => extent !== 1) ?? 1;
  });
}

const HALF = 65536;

/** x as two floats, exact at any 32-bit integer: high·2^16 + low. */
function halves(tf: TensorFlow, x: Tensor): readonly [high: Tensor, low: Tensor] {
  const half = tf.scalar(HALF, "int32");
  const low = tf.mod(x, half);
  return [tf.cast(tf.floorDiv(tf.sub(x, low), half), "float32"), tf.cast(low, "float32")];
}

/** x itself where nothing is to repeat. */
export function stretchTo(tf: TensorFlow, { broadcasts }: Quirks, x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (x.size === count(shape)) return x.reshape([...shape]);
  if (broadcasts === "fast") return tf.broadcastTo(x, [...shape]);
  return tf.tidy(() => {
    // Times one keeps every bit, the sign of 0 included.
    const ones = tf.ones([...shape]);
    if (x.dtype === "float32") return tf.mul(x, ones);
    if (x.dtype === "bool") return tf.notEqual(tf.mul(tf.cast(x, "float32"), ones), tf.scalar(0));
    const [high, low] = halves(tf, x);
    const half = tf.tidy(() => tf.cast(tf.mul(low, ones), "int32"));
    return tf.add(
      tf.tidy(() => tf.mul(tf.cast(tf.mul(high, ones), "int32"), tf.scalar(HALF, "int32"))),
      half,
    );
  });
}

/** Operands of one shape, where the backend is slow at repeating them. */
export function whole(tf: TensorFlow, quirks: Quirks, tensors: readonly Tensor[]): readonly Tensor[] {
  if (quirks.broadcasts === "fast") return tensors;
  const shape = commonShape(tensors);
  return tensors.map((x) => stretchTo(tf, quirks, x, shape));
}

/**
 * x − y as a float with the right sign, and 0 for equal integers alone: differences of halves are exact, and their sum
 * is rounded once.
 */
export function signedDifference(tf: TensorFlow, x: Tensor, y: Tensor): Tensor {
  const [[xHigh, xLow], [yHigh, yLow]] = [halves(tf, x), halves(tf, y)];
  return tf.add(tf.mul(tf.sub(xHigh, yHigh), HALF), tf.sub(xLow, yLow));
}

type Compare = (x: Tensor, y: Tensor) => Tensor;

export function compare(tf: TensorFlow, quirks: Quirks, x: Tensor, y: Tensor, f: Compare): Tensor {
  if (quirks.broadcasts === "fast" || sameShape(x.shape, y.shape)) return f(x, y);
  if (x.dtype === "int32") return f(...pairOf(tf, signedDifference(tf, x, y)));
  const [left = x, right = y] = whole(tf, quirks, [x, y]);
  return f(left, right);
}

const pairOf = (tf: TensorFlow, difference: Tensor): readonly [Tensor, Tensor] => [difference, tf.zerosLike(difference)];
