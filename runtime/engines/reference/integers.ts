import type { DType } from "../../../compiler/graph/type.js";

const wraps = {
  i32: (x: number): number => x | 0,
  u32: (x: number): number => x >>> 0,
} as const;

/** Brings a result back into its integer type, as the hardware does; other types keep it. */
export const wrapTo = (dtype: DType): ((x: number) => number) => (dtype === "i32" || dtype === "u32" ? wraps[dtype] : (x) => x);

export const integerRange = { i32: [-2147483648, 2147483647], u32: [0, 4294967295] } as const;
