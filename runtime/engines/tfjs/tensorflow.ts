/** The injected namespace: `@tensorflow/tfjs`, `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`. */
import type * as namespace from "@tensorflow/tfjs";
import type { DType } from "../../../compiler/graph/type.js";

export type TensorFlow = typeof namespace;
export type Tensor = namespace.Tensor;
export type StoredType = "float32" | "int32" | "bool";

/** TensorFlow.js computes in float32 and has one integer type. */
export const storedType = {
  bool: "bool",
  i32: "int32",
  u32: "int32",
  bf16: "float32",
  f16: "float32",
  f32: "float32",
  f64: "float32",
} as const satisfies Record<DType, StoredType>;

/** The k-th operand; the graph's arity was checked when it was built. */
export function operand(tensors: readonly Tensor[], k: number): Tensor {
  const tensor = tensors[k];
  if (tensor === undefined) throw new Error(`operand ${k} is missing`);
  return tensor;
}

export const count = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** x seen as [outer, along, inner] around some neighbouring axes: three axes are enough for every layout op. */
export function around(shape: readonly number[], axis: number, axes = 1): readonly [outer: number, along: number, inner: number] {
  return [count(shape.slice(0, axis)), count(shape.slice(axis, axis + axes)), count(shape.slice(axis + axes))];
}
