/** One stored element: its C type, and how it is read and written as a number. */
import type { DType } from "../../../../compiler/graph/type.js";

const elementTypes = {
  f32: "float",
  f64: "double",
  i32: "int32_t",
  u32: "uint32_t",
  bool: "uint8_t",
  f16: "uint16_t",
  bf16: "uint16_t",
} as const satisfies Record<DType, string>;
export const elementType = (dtype: DType): string => elementTypes[dtype];

const is16 = (dtype: DType): boolean => dtype === "f16" || dtype === "bf16";

/** One stored element as a C number, and back. */
export const readElement = (dtype: DType, pointer: string): string =>
  is16(dtype) ? `load_first_${dtype}((const uint16_t *)${pointer}, 1, (f32v){0})[0]` : `*(const ${elementType(dtype)} *)(${pointer})`;
export const writeElement = (dtype: DType, pointer: string, value: string): string =>
  is16(dtype)
    ? `store_first_${dtype}((uint16_t *)(${pointer}), 1, splat_f32((float)(${value})));`
    : `*(${elementType(dtype)} *)(${pointer}) = (${elementType(dtype)})(${value});`;
