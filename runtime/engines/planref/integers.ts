import type { DType } from "../../../compiler/graph/type.js";

/** Back into the integer type, as two's complement does; floats as they are. */
export const wrapTo = (dtype: DType): ((x: number) => number) =>
  dtype === "i32" ? (x) => x | 0 : dtype === "u32" ? (x) => x >>> 0 : (x) => x;
