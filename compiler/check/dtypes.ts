/** Which dtype operands meet in. */
import type { DType } from "../graph/type.js";

export const dtypes: readonly DType[] = ["bool", "i32", "u32", "bf16", "f16", "f32", "f64"];
export const isDType = (name: string): name is DType => (dtypes as readonly string[]).includes(name);

/** Wider wins; integers meet floats as floats, as in NumPy and JAX; the two halves meet in f32. */
const rank = { bool: 0, u32: 1, i32: 2, bf16: 3, f16: 3, f32: 4, f64: 5 } as const satisfies Record<DType, number>;

export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  if (rank[a] === rank[b]) return "f32";
  return rank[a] > rank[b] ? a : b;
}

/** What an integer becomes where only floats will do. */
export const toFloat = (dtype: DType): DType => (rank[dtype] < rank.bf16 ? "f32" : dtype);
