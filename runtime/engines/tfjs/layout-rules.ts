/** Layout and indexing ops, on three axes at most: backends differ in the ranks that they get right. */
import { isFloat } from "../../../compiler/graph/type.js";
import type { Call } from "./rule.js";
import { gatherRows, slice as window } from "./heap-copies.js";
import { stretchTo } from "./stretch.js";
import { around, operand, storedType, type Tensor } from "./tensorflow.js";

/** Operands may have size 1 where the result repeats them. */
export function broadcast({ tf, quirks, ins, attrs, shape }: Call<"broadcast">): Tensor {
  const x = operand(ins, 0);
  const aligned = shape.map(() => 1);
  attrs.axes.forEach((axis, k) => {
    aligned[axis] = x.shape[k] ?? 1;
  });
  return stretchTo(tf, quirks, x.reshape(aligned), shape);
}

export function slice({ tf, quirks, ins, attrs, shape, extent }: Call<"slice">): Tensor {
  const x = operand(ins, 0);
  const [outer, along, inner] = around(x.shape, attrs.axis);
  const start = extent(attrs.start);
  const length = extent(attrs.stop) - start;
  if (start < 0 || length < 0 || start + length > along) throw new Error(`slice ${start} to ${start + length} of ${along}`);
  return window(tf, quirks, x.reshape([outer, along, inner]), [0, start, 0], [outer, length, inner]).reshape([...shape]);
}

export function pad({ tf, ins, attrs, shape, extent }: Call<"pad">): Tensor {
  const x = operand(ins, 0);
  const widths: [number, number][] = [
    [0, 0],
    [extent(attrs.low), extent(attrs.high)],
    [0, 0],
  ];
  return tf.pad(x.reshape([...around(x.shape, attrs.axis)]), widths).reshape([...shape]);
}

export function concat({ tf, ins, attrs, shape }: Call<"concat">): Tensor {
  const flat = ins.map((x) => {
    const [outer, along, inner] = around(x.shape, attrs.axis);
    return x.reshape([outer, along * inner]);
  });
  return tf.concat(flat, 1).reshape([...shape]);
}

/** An index out of range reads 0. */
export function gather({ tf, quirks, ins, attrs, shape, dtype }: Call<"gather">): Tensor {
  const [x, index] = [operand(ins, 0), operand(ins, 1).flatten()];
  const [outer, along, inner] = around(x.shape, attrs.axis);
  if (along === 0) return tf.zeros([...shape], storedType[dtype]);
  const numbers = x.dtype === "bool" ? tf.cast(x, "int32") : x;
  const result = gatherRows(tf, quirks, numbers.reshape([outer, along, inner]), index).reshape([...shape]);
  return x.dtype === "bool" ? tf.notEqual(result, tf.scalar(0, "int32")) : result;
}

/** Every place of every window in order, each a row of the axis; those outside read 0. */
export function windows({ tf, quirks, ins, attrs, shape }: Call<"windows">): Tensor {
  const x = operand(ins, 0);
  const { axis, count, size, stride, dilation, start, over } = attrs;
  const positions = Array.from({ length: count * size }, (_, at) => {
    const position = (Math.floor(at / size) * stride + (at % size) * dilation + start) / over;
    return Number.isInteger(position) ? position : -1;
  });
  const index = tf.tensor1d(positions, "int32");
  return gatherRows(tf, quirks, x.reshape([...around(x.shape, axis)]), index).reshape([...shape]);
}

/** An index out of range is dropped: it goes to one row more, which is cut off. scatterND traps on it in wasm. */
export function scatterAdd({ tf, ins, attrs, shape, extent }: Call<"scatter_add">): Tensor {
  const updates = operand(ins, 0);
  const index: Tensor = operand(ins, 1).flatten();
  const rows = extent(attrs.size);
  const [outer, , inner] = around(updates.shape, attrs.axis, operand(ins, 1).rank);
  const inside = tf.logicalAnd(tf.greaterEqual(index, tf.scalar(0, "int32")), tf.less(index, tf.scalar(rows, "int32")));
  const target = tf.where(inside, index, tf.scalar(rows, "int32")).reshape([index.size, 1]);
  const byIndex = tf.transpose(updates.reshape([outer, index.size, inner]), [1, 0, 2]).reshape([index.size, outer * inner]);
  const scattered = tf.slice(tf.scatterND(target, byIndex, [rows + 1, outer * inner]), [0, 0], [rows, outer * inner]);
  return tf.transpose(scattered.reshape([rows, outer, inner]), [1, 0, 2]).reshape([...shape]);
}

export function cast({ tf, ins, attrs }: Call<"cast">, toInteger: (x: Tensor) => Tensor): Tensor {
  const x = operand(ins, 0);
  // A bool must be 0 or 1; casting keeps other numbers in some backends and truncates in others.
  if (attrs.dtype === "bool") return x.dtype === "bool" ? x.clone() : tf.notEqual(x, tf.zerosLike(x));
  return x.dtype === "float32" && !isFloat(attrs.dtype) ? toInteger(x) : tf.cast(x, storedType[attrs.dtype]);
}
