import type { DType } from "../../../compiler/graph/type.js";

/** Where there is no element to name. */
export const NO_INDEX = 2147483647;

/** What a maximum over nothing is. */
export const lowest = (dtype: DType): number => (dtype === "i32" ? -(2 ** 31) : dtype === "u32" ? 0 : Number.NEGATIVE_INFINITY);
export const highest = (dtype: DType): number => (dtype === "i32" ? 2 ** 31 - 1 : dtype === "u32" ? 2 ** 32 - 1 : Number.POSITIVE_INFINITY);

/** Below 0 where a comes first in rising order, NaN last. */
export function compareNumbers(a: number, b: number): number {
  if (a !== a || b !== b) return Number(a !== a) - Number(b !== b);
  return a < b ? -1 : a > b ? 1 : 0;
}

export type Ranked = { readonly value: number; readonly index: number };
/** The largest first (NaN above all), ties to the lower index. */
export const falling = (a: Ranked, b: Ranked): number => compareNumbers(b.value, a.value) || a.index - b.index;
