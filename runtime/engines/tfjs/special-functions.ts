/** Functions of one variable where a backend's own lose digits. All work element by element and keep NaN. */
import type { Quirks } from "./quirks.js";
import type { Tensor, TensorFlow } from "./tensorflow.js";

const isNaN = (tf: TensorFlow, x: Tensor): Tensor => tf.notEqual(x, x);

/**
 * log(1 + x) from a log that is right to the last bit: with u = 1 + x rounded, log(u)·x / (u − 1) takes the rounding
 * of u back out (Kahan; HP-15C Advanced Functions Handbook, 1982).
 */
export function log1p(tf: TensorFlow, { log1p: quality }: Quirks, x: Tensor): Tensor {
  if (quality === "exact") return tf.log1p(x);
  const u = tf.add(x, 1);
  const log = tf.log(u);
  const corrected = tf.mul(log, tf.div(x, tf.sub(u, 1)));
  // 1 + x was 1: the quotient is 0/0. It was infinite: ∞/∞.
  return tf.where(tf.equal(u, 1), x, tf.where(tf.equal(u, Number.POSITIVE_INFINITY), log, corrected));
}

/** Coefficients of erf(x)·√π/2 in odd powers of x, rising. (−1)^k / (k!·(2k + 1)): Abramowitz & Stegun 7.1.5 */
const ERF_SERIES = [1, -1 / 3, 1 / 10, -1 / 42, 1 / 216, -1 / 1320, 1 / 9360, -1 / 75600] as const;

/** The series where an absolute error would swamp the value. The first term left out is 3e-11 of it at 0.5. */
export function erf(tf: TensorFlow, { erf: quality }: Quirks, x: Tensor): Tensor {
  const whole = tf.erf(x);
  if (quality === "exact") return whole;
  const square = tf.square(x);
  // Each step's sum is dropped as soon as the next is there.
  const series = ERF_SERIES.reduceRight<Tensor>((sum, coefficient) => {
    const next = tf.tidy(() => tf.add(tf.mul(sum, square), coefficient));
    sum.dispose();
    return next;
  }, tf.scalar(0));
  return tf.where(tf.less(tf.abs(x), 0.5), tf.mul(tf.mul(series, x), 2 / Math.sqrt(Math.PI)), whole);
}

function orNaN(tf: TensorFlow, { maximumOfNaN }: Quirks, x: Tensor, y: Tensor, result: Tensor): Tensor {
  if (maximumOfNaN === "keeps" || x.dtype !== "float32") return result;
  return tf.where(isNaN(tf, x), x, tf.where(isNaN(tf, y), y, result));
}
export const maximum = (tf: TensorFlow, quirks: Quirks, x: Tensor, y: Tensor): Tensor => orNaN(tf, quirks, x, y, tf.maximum(x, y));
export const minimum = (tf: TensorFlow, quirks: Quirks, x: Tensor, y: Tensor): Tensor => orNaN(tf, quirks, x, y, tf.minimum(x, y));

/** The wasm kernel goes through float32, and loses integers beyond 2^24. */
export const negate = (tf: TensorFlow, x: Tensor): Tensor => (x.dtype === "int32" ? tf.sub(tf.zerosLike(x), x) : tf.neg(x));

/** Here the namespace itself goes through float32. */
export const abs = (tf: TensorFlow, x: Tensor): Tensor =>
  x.dtype === "int32" ? tf.where(tf.less(x, tf.zerosLike(x)), negate(tf, x), x) : tf.abs(x);

/** By halves of 16 bits, each product of which float64 holds. */
export function multiply(tf: TensorFlow, { integerProducts }: Quirks, x: Tensor, y: Tensor): Tensor {
  if (x.dtype !== "int32" || integerProducts === "exact") return tf.mul(x, y);
  const half = tf.scalar(65536, "int32");
  const low = tf.mod(x, half);
  const high = tf.floorDiv(tf.sub(x, low), half);
  return tf.add(tf.mul(tf.mul(high, y), half), tf.mul(low, y));
}

/** The wasm kernel goes through an integer: 0.5 gives 0. */
export function sign(tf: TensorFlow, x: Tensor): Tensor {
  const signs = tf.sub(tf.cast(tf.greater(x, 0), x.dtype), tf.cast(tf.less(x, 0), x.dtype));
  return x.dtype === "float32" ? tf.where(isNaN(tf, x), x, signs) : signs;
}

const TWO_31 = 2 ** 31;
/** The largest float32 below 2^31. */
const BELOW_TWO_31 = TWO_31 - 128;

/** Truncates and saturates; NaN is 0. Backends wrap, or do what C leaves undefined. */
export function toInteger(tf: TensorFlow, x: Tensor): Tensor {
  const inside = tf.cast(tf.clipByValue(tf.where(isNaN(tf, x), tf.zerosLike(x), x), -TWO_31, BELOW_TWO_31), "int32");
  return tf.where(tf.greaterEqual(x, TWO_31), tf.scalar(TWO_31 - 1, "int32"), inside);
}

/** where() of bools reads four bytes an element in wasm. */
export function select(tf: TensorFlow, condition: Tensor, x: Tensor, y: Tensor): Tensor {
  if (x.dtype !== "bool") return tf.where(condition, x, y);
  return tf.logicalOr(tf.logicalAnd(condition, x), tf.logicalAnd(tf.logicalNot(condition), y));
}

/** log Σ exp along axes kept at size 1. A largest of ±∞ is not subtracted: ∞ − ∞ is NaN. */
export function logsumexp(tf: TensorFlow, x: Tensor, axes: readonly number[], sum: (x: Tensor) => Tensor): Tensor {
  const high = tf.max(x, [...axes], true);
  const base = tf.where(tf.less(tf.abs(high), Number.POSITIVE_INFINITY), high, tf.zerosLike(high));
  const total = sum(tf.exp(tf.sub(x, base)));
  return tf.add(tf.log(total), base.reshape(total.shape));
}

/** log(exp(x) + exp(y)); two equal infinities stay what they are. */
export function logAddExp(tf: TensorFlow, x: Tensor, y: Tensor): Tensor {
  const high = tf.where(tf.greater(x, y), x, y);
  const gap = tf.where(tf.equal(x, y), tf.zerosLike(high), tf.abs(tf.sub(x, y)));
  return tf.add(high, tf.softplus(tf.neg(gap)));
}
