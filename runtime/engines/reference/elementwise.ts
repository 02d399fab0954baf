import { isFloat } from "../../../compiler/graph/type.js";
import { uniformAt } from "../../../compiler/kernel/philox.js";
import { integerRange, wrapTo } from "./integers.js";
import { type Call, operand } from "./rule.js";
import type { Value } from "./value.js";

type Like = Pick<Call<"neg">, "ins" | "dtype" | "shape" | "inTypes">;

export const unary =
  (f: (x: number) => number) =>
  ({ ins, dtype }: Like): Value => {
    const x = operand(ins, 0);
    const wrap = wrapTo(dtype);
    return { shape: x.shape, data: x.data.map((element) => wrap(f(element))) };
  };

export const binary =
  (f: (x: number, y: number) => number) =>
  ({ ins, dtype }: Like): Value => {
    const [x, y] = [operand(ins, 0), operand(ins, 1)];
    const wrap = wrapTo(dtype);
    return { shape: x.shape, data: x.data.map((element, i) => wrap(f(element, y.data[i] ?? 0))) };
  };

export const comparison = (f: (x: number, y: number) => boolean): ((call: Like) => Value) => binary((x, y) => Number(f(x, y)));

/** The product of two i32 or u32 may need more than float64's 53 bits. */
export const multiply = (call: Like): Value => binary(isFloat(call.dtype) ? (x, y) => x * y : Math.imul)(call);

export function select({ ins, shape }: Like): Value {
  const [condition, x, y] = [operand(ins, 0), operand(ins, 1), operand(ins, 2)];
  return { shape, data: condition.data.map((c, i) => (c === 0 ? (y.data[i] ?? 0) : (x.data[i] ?? 0))) };
}

export function random({ ins, shape }: Like): Value {
  const [place, row, k, l] = [operand(ins, 0).data, operand(ins, 1).data, operand(ins, 2).data, operand(ins, 3).data];
  return { shape, data: place.map((word, i) => uniformAt(word, row[i] ?? 0, k[i] ?? 0, l[i] ?? 0)) };
}

/** Between integers it wraps; from a float it truncates and saturates, and NaN is 0. Float to float keeps every bit. */
export function cast({ ins, dtype, inTypes }: Like): Value {
  const x = operand(ins, 0);
  if (dtype === "bool") return { shape: x.shape, data: x.data.map((element) => Number(element !== 0)) };
  if (dtype !== "i32" && dtype !== "u32") return x;
  const from = inTypes[0];
  if (from === undefined || !isFloat(from)) return { shape: x.shape, data: x.data.map(wrapTo(dtype)) };
  const [low, high] = integerRange[dtype];
  // The 0 turns −0 into 0.
  return {
    shape: x.shape,
    data: x.data.map((element) => (Number.isNaN(element) ? 0 : Math.min(Math.max(Math.trunc(element), low), high) + 0)),
  };
}
