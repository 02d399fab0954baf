import { type Call, operand } from "./rule.js";
import { offsetsOf, pick, stridesOf, walksOf } from "./strides.js";
import { emptyValue, type Value } from "./value.js";

/** Reads x at each offset, in order. */
function take(x: Value, offsets: Int32Array, shape: readonly number[], base = 0): Value {
  const data = new Float64Array(offsets.length);
  for (let i = 0; i < data.length; i++) data[i] = x.data[base + (offsets[i] ?? 0)] ?? 0;
  return { shape, data };
}

export function broadcast({ ins, attrs, shape }: Call<"broadcast">): Value {
  const x = operand(ins, 0);
  const strides = stridesOf(x.shape);
  const walks = shape.map((extent, axis) => ({ extent, stride: strides[attrs.axes.indexOf(axis)] ?? 0 }));
  return take(x, offsetsOf(walks), shape);
}

export function transpose({ ins, attrs, shape }: Call<"transpose">): Value {
  const x = operand(ins, 0);
  return take(x, offsetsOf(pick(walksOf(x.shape), attrs.perm)), shape);
}

export const reshape = ({ ins, shape }: Call<"reshape">): Value => ({ shape, data: operand(ins, 0).data });

export function slice({ ins, attrs, shape, extent }: Call<"slice">): Value {
  const x = operand(ins, 0);
  const [start, stop, whole] = [extent(attrs.start), extent(attrs.stop), x.shape[attrs.axis] ?? 0];
  if (start < 0 || stop > whole || start > stop) throw new Error(`slice [${start}, ${stop}) of an axis of ${whole}`);
  const walks = walksOf(x.shape).map((walk, axis) => ({ stride: walk.stride, extent: shape[axis] ?? 0 }));
  return take(x, offsetsOf(walks), shape, start * (stridesOf(x.shape)[attrs.axis] ?? 1));
}

/** Copies a part into the whole, `start` along one axis. */
function place(whole: Value, part: Value, axis: number, start: number): void {
  const strides = stridesOf(whole.shape);
  const offsets = offsetsOf(part.shape.map((extent, k) => ({ extent, stride: strides[k] ?? 1 })));
  const base = start * (strides[axis] ?? 1);
  for (let i = 0; i < offsets.length; i++) whole.data[base + (offsets[i] ?? 0)] = part.data[i] ?? 0;
}

export function pad({ ins, attrs, shape, extent }: Call<"pad">): Value {
  const [low, high] = [extent(attrs.low), extent(attrs.high)];
  if (low < 0 || high < 0) throw new Error(`pad by ${low} and ${high}`);
  const whole = emptyValue(shape);
  place(whole, operand(ins, 0), attrs.axis, low);
  return whole;
}

export function concat({ ins, attrs, shape }: Call<"concat">): Value {
  const whole = emptyValue(shape);
  let start = 0;
  for (const part of ins) {
    place(whole, part, attrs.axis, start);
    start += part.shape[attrs.axis] ?? 0;
  }
  return whole;
}
