import { wrapTo } from "./integers.js";
import { highest, lowest, NO_INDEX, precedes, rising } from "./order.js";
import { type Call, operand } from "./rule.js";
import { offsetsOf, others, pick, walksOf } from "./strides.js";
import { emptyValue, type Value } from "./value.js";

/** The offsets along some axes, and those where each such slice starts. */
function slices(x: Value, axes: readonly number[]): { readonly starts: Int32Array; readonly along: Int32Array } {
  const walks = walksOf(x.shape);
  return { starts: offsetsOf(pick(walks, others(x.shape.length, axes))), along: offsetsOf(pick(walks, axes)) };
}

function fold(
  x: Value,
  axes: readonly number[],
  shape: readonly number[],
  start: number,
  f: (total: number, element: number) => number,
): Value {
  const { starts, along } = slices(x, axes);
  const data = new Float64Array(starts.length);
  for (let i = 0; i < starts.length; i++) {
    let total = start;
    for (let k = 0; k < along.length; k++) total = f(total, x.data[(starts[i] ?? 0) + (along[k] ?? 0)] ?? 0);
    data[i] = total;
  }
  return { shape, data };
}

export function sum({ ins, attrs, shape, dtype }: Call<"sum">): Value {
  const wrap = wrapTo(dtype);
  return fold(operand(ins, 0), attrs.axes, shape, 0, (a, b) => wrap(a + b));
}
export const max = ({ ins, attrs, shape, dtype }: Call<"max">): Value => fold(operand(ins, 0), attrs.axes, shape, lowest(dtype), Math.max);
export const min = ({ ins, attrs, shape, dtype }: Call<"min">): Value => fold(operand(ins, 0), attrs.axes, shape, highest(dtype), Math.min);

export function logsumexp({ ins, attrs, shape }: Call<"logsumexp">): Value {
  const { starts, along } = slices(operand(ins, 0), attrs.axes);
  const x = operand(ins, 0).data;
  const result = emptyValue(shape);
  starts.forEach((start, i) => {
    let high = Number.NEGATIVE_INFINITY;
    for (const k of along) high = Math.max(high, x[start + k] ?? 0);
    // Nothing, a row of −inf, a +inf: the difference below would be NaN.
    if (Math.abs(high) === Number.POSITIVE_INFINITY) {
      result.data[i] = high;
      return;
    }
    let total = 0;
    for (const k of along) total += Math.exp((x[start + k] ?? 0) - high);
    result.data[i] = high + Math.log(total);
  });
  return result;
}

/** The indices of each slice's elements in falling order, ties to the lower index. */
function ranked(
  x: Value,
  axis: number,
): { readonly starts: Int32Array; readonly along: Int32Array; readonly order: (start: number) => readonly number[] } {
  const { starts, along } = slices(x, [axis]);
  const at = (start: number, k: number): number => x.data[start + (along[k] ?? 0)] ?? 0;
  const order = (start: number): readonly number[] =>
    Array.from(along, (_, k) => k).sort((p, q) => (precedes(at(start, p), p, at(start, q), q) ? -1 : 1));
  return { starts, along, order };
}

export function argmax({ ins, attrs, shape }: Call<"argmax">): Value {
  const x = operand(ins, 0);
  const { starts, along } = slices(x, [attrs.axis]);
  const result = emptyValue(shape, NO_INDEX);
  starts.forEach((start, i) => {
    let best = Number.NEGATIVE_INFINITY;
    along.forEach((offset, k) => {
      const element = x.data[start + offset] ?? 0;
      if (!precedes(element, k, best, result.data[i] ?? NO_INDEX)) return;
      best = element;
      result.data[i] = k;
    });
  });
  return result;
}

function topkOf(
  x: Value,
  axis: number,
  count: number,
  shape: readonly number[],
  missing: number,
  get: (start: number, k: number) => number,
): Value {
  const { starts, order } = ranked(x, axis);
  const result = emptyValue(shape, missing);
  const written = slices(result, [axis]);
  starts.forEach((start, i) => {
    const best = order(start).slice(0, count);
    best.forEach((k, place) => {
      result.data[(written.starts[i] ?? 0) + (written.along[place] ?? 0)] = get(start, k);
    });
  });
  return result;
}

export function topk({ ins, attrs, shape, dtype }: Call<"topk">): Value {
  const x = operand(ins, 0);
  const { along } = slices(x, [attrs.axis]);
  return topkOf(x, attrs.axis, attrs.k, shape, lowest(dtype), (start, k) => x.data[start + (along[k] ?? 0)] ?? 0);
}
export const topkIndex = ({ ins, attrs, shape }: Call<"topk_index">): Value =>
  topkOf(operand(ins, 0), attrs.axis, attrs.k, shape, NO_INDEX, (_, k) => k);

export function inTopK({ ins, attrs }: Call<"in_top_k">): Value {
  const x = operand(ins, 0);
  const { starts, along, order } = ranked(x, attrs.axis);
  const result = emptyValue(x.shape);
  for (const start of starts) for (const k of order(start).slice(0, attrs.k)) result.data[start + (along[k] ?? 0)] = 1;
  return result;
}

export function cumsum({ ins, attrs, dtype }: Call<"cumsum">): Value {
  const x = operand(ins, 0);
  const { starts, along } = slices(x, [attrs.axis]);
  const result = emptyValue(x.shape);
  const wrap = wrapTo(dtype);
  const order = attrs.reverse ? along.toReversed() : along;
  for (const start of starts) {
    let total = 0;
    for (const offset of order) {
      total = wrap(total + (x.data[start + offset] ?? 0));
      result.data[start + offset] = total;
    }
  }
  return result;
}

export function sort({ ins, attrs }: Call<"sort">): Value {
  const x = operand(ins, 0);
  const { starts, along } = slices(x, [attrs.axis]);
  const result = emptyValue(x.shape);
  for (const start of starts) {
    const sorted = Array.from(along, (offset) => x.data[start + offset] ?? 0).sort(rising);
    along.forEach((offset, k) => {
      result.data[start + offset] = sorted[k] ?? 0;
    });
  }
  return result;
}
