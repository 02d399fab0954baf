import { degree, printSize, product, sameSize, type Size } from "./size.js";

/** How an element is stored. Engines may compute wider: see each op's contract. */
export type DType = "bool" | "i32" | "u32" | "bf16" | "f16" | "f32" | "f64";
export type Shape = readonly Size[];
export type Type = { readonly dtype: DType; readonly shape: Shape };

/** Bytes per element as stored in a plan's buffers and in files. */
export const dtypeBytes = { bool: 1, i32: 4, u32: 4, bf16: 2, f16: 2, f32: 4, f64: 8 } as const satisfies Record<DType, number>;

export const isFloat = (dtype: DType): boolean => dtype === "f32" || dtype === "f64" || dtype === "f16" || dtype === "bf16";
export const isInteger = (dtype: DType): boolean => dtype === "i32" || dtype === "u32";

export const scalar = (dtype: DType): Type => ({ dtype, shape: [] });
export const elements = (type: Type): Size => product(type.shape);
/** 2 for an n*m array: the measure of "pair value" and of the plan's promise. */
export const batchDegree = (type: Type): number => degree(elements(type));

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => sameSize(size, b[i] ?? []));
export const sameType = (a: Type, b: Type): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

export const printShape = (shape: Shape): string => `[${shape.map(printSize).join(", ")}]`;
/** `f32[n, 768]`; `f32[]` for a scalar. */
export const printType = (type: Type): string => `${type.dtype}${printShape(type.shape)}`;
