/** Composites by their definitions, not by their decompositions: two ways to the same number. */
import { type Call, operand } from "./rule.js";
import { erf, sigmoid } from "./special-functions.js";
import { offsetsOf, others, pick, walksOf } from "./strides.js";
import { emptyValue, type Value } from "./value.js";

/** Maps every slice along one axis. */
function alongAxis(x: Value, axis: number, f: (slice: readonly number[]) => readonly number[]): Value {
  const walks = walksOf(x.shape);
  const along = offsetsOf(pick(walks, [axis]));
  const result = emptyValue(x.shape);
  for (const start of offsetsOf(pick(walks, others(x.shape.length, [axis])))) {
    const mapped = f(Array.from(along, (offset) => x.data[start + offset] ?? 0));
    along.forEach((offset, k) => {
      result.data[start + offset] = mapped[k] ?? 0;
    });
  }
  return result;
}

const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

/** All 0 over a row of −inf. */
export const softmax = ({ ins, attrs }: Call<"softmax">): Value =>
  alongAxis(operand(ins, 0), attrs.axis, (slice) => {
    const high = slice.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    if (high === Number.NEGATIVE_INFINITY) return slice.map(() => 0);
    const weights = slice.map((x) => Math.exp(x - high));
    const sum = total(weights);
    return weights.map((w) => w / sum);
  });

export const l2Normalize = ({ ins, attrs }: Call<"l2_normalize">): Value =>
  alongAxis(operand(ins, 0), attrs.axis, (slice) => {
    const norm = Math.max(Math.sqrt(total(slice.map((x) => x * x))), attrs.eps);
    return slice.map((x) => x / norm);
  });

export const layerNorm = ({ ins, attrs }: Call<"layer_norm">): Value =>
  alongAxis(operand(ins, 0), operand(ins, 0).shape.length - 1, (slice) => {
    const mean = total(slice) / slice.length;
    const variance = total(slice.map((x) => (x - mean) ** 2)) / slice.length;
    return slice.map((x) => (x - mean) / Math.sqrt(variance + attrs.eps));
  });

const geluOf = {
  none: (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  tanh: (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  quick: (x: number) => x * sigmoid(1.702 * x),
} as const;

export function gelu({ ins, attrs }: Call<"gelu">): Value {
  const x = operand(ins, 0);
  const f = geluOf[attrs.approximate];
  return { shape: x.shape, data: x.data.map((element) => f(element)) };
}
