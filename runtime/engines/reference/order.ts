/** The order of max, argmax, topk and sort: NaN above everything, ties to the lower index. */
import type { DType } from "../../../compiler/graph/type.js";
import { integerRange } from "./integers.js";

/** Where there is no element to name. */
export const NO_INDEX = 2147483647;

export const lowest = (dtype: DType): number => (dtype === "i32" || dtype === "u32" ? integerRange[dtype][0] : Number.NEGATIVE_INFINITY);
export const highest = (dtype: DType): number => (dtype === "i32" || dtype === "u32" ? integerRange[dtype][1] : Number.POSITIVE_INFINITY);

function compare(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x > y ? 1 : x < y ? -1 : 0;
}

/** Does (x, i) come before (y, j) in falling order? */
export const precedes = (x: number, i: number, y: number, j: number): boolean => {
  const order = compare(x, y);
  return order > 0 || (order === 0 && i < j);
};

/** For `sort`: rising, NaN last. */
export const rising = compare;
