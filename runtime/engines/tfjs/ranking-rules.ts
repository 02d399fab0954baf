/** Ops that look for order along one axis. */
import { NO_INDEX, cumsum as cumsumOnHost, type Layout, type Numbers, sort as sortOnHost, topk as topkOnHost } from "./host-ops.js";
import type { Call } from "./rule.js";
import { stretchTo } from "./stretch.js";
import { around, operand, type Tensor, type TensorFlow } from "./tensorflow.js";

const layoutOf = (x: Tensor, axis: number): Layout => around(x.shape, axis);
const numbersOf = (x: Tensor): Numbers => x.dataSync<"float32">();

/** Beyond every index that a float32 holds exactly. */
const FAR = 2 ** 25;

/** The lowest index among the largest elements; a NaN is the largest. Backends promise nothing about ties. */
export function argmax({ tf, quirks, ins, attrs, shape }: Call<"argmax">): Tensor {
  const [outer, along, inner] = around(operand(ins, 0).shape, attrs.axis);
  if (along > FAR / 2) throw new Error(`argmax along ${along} elements: indices are ranked as float32`);
  const x = operand(ins, 0).reshape([outer, along, inner]);
  const isBest = tf.logicalOr(tf.equal(x, stretchTo(tf, quirks, tf.max(x, 1, true), x.shape)), tf.notEqual(x, x));
  const away = tf.mul(tf.cast(tf.logicalNot(isBest), "float32"), FAR);
  const places = tf.add(away, tf.range(0, along, 1, "float32").reshape([1, along, 1]));
  return tf.cast(tf.min(places, 1), "int32").reshape([...shape]);
}

type TopK = Call<"topk"> | Call<"topk_index">;

function ranked({ tf, ins, attrs, shape, quirks }: TopK): { readonly values: Tensor; readonly indices: Tensor } {
  const x = operand(ins, 0);
  const layout = layoutOf(x, attrs.axis);
  if (quirks.memory === "here") {
    const { values, indices } = topkOnHost(numbersOf(x), null, layout, attrs.k);
    return { values: tf.tensor(values, [...shape], x.dtype), indices: tf.tensor(indices, [...shape], "int32") };
  }
  return rankedOnDevice(tf, x, layout, attrs.k, shape);
}

const LARGEST_F32 = 3.4028234663852886e38;

/** TensorFlow documents ties to the lower index, and nothing about NaN: it is ranked as an infinity above all others. */
function rankedOnDevice(
  tf: TensorFlow,
  tensor: Tensor,
  [outer, along, inner]: Layout,
  k: number,
  shape: readonly number[],
): { readonly values: Tensor; readonly indices: Tensor } {
  const lines = tf.transpose(tensor.reshape([outer, along, inner]), [0, 2, 1]).reshape([outer * inner, along]);
  const keys =
    lines.dtype === "int32"
      ? lines
      : tf.where(tf.notEqual(lines, lines), tf.scalar(Number.POSITIVE_INFINITY), tf.minimum(lines, LARGEST_F32));
  const { indices } = tf.topk(keys, Math.min(k, along), true);
  const starts = tf.mul(tf.range(0, outer * inner, 1, "int32"), tf.scalar(along, "int32")).reshape([outer * inner, 1]);
  const values = tf.gather(lines.flatten(), tf.add(indices, starts).flatten().toInt()).reshape(indices.shape);
  const missing = Math.max(k - along, 0);
  const back = (t: Tensor, fill: number): Tensor =>
    tf
      .transpose(
        tf
          .pad(
            t,
            [
              [0, 0],
              [0, missing],
            ],
            fill,
          )
          .reshape([outer, inner, k]),
        [0, 2, 1],
      )
      .reshape([...shape]);
  return { values: back(values, tensor.dtype === "int32" ? -2147483648 : Number.NEGATIVE_INFINITY), indices: back(indices, NO_INDEX) };
}

export const topk = (call: Call<"topk">): Tensor => ranked(call).values;
export const topkIndex = (call: Call<"topk_index">): Tensor => ranked(call).indices;

/** No backend sorts. */
export function sort({ tf, ins, attrs }: Call<"sort">): Tensor {
  const x = operand(ins, 0);
  return tf.tensor(sortOnHost(numbersOf(x) as Float32Array, layoutOf(x, attrs.axis)), x.shape, x.dtype);
}

/** In float64: a running sum in f32 drifts on every backend. */
export function cumsum({ tf, ins, attrs }: Call<"cumsum">): Tensor {
  const x = operand(ins, 0);
  return tf.tensor(cumsumOnHost(numbersOf(x) as Float32Array, layoutOf(x, attrs.axis), attrs.reverse), x.shape, x.dtype);
}
