/**
 * Kernels: leaf work over strided views. One typed scalar-expression DAG is shared by all forms.
 * Register, cache and thread loops exist only inside an engine's template for a form.
 */
import type { Merge } from "../graph/graph.js";
import type { OpName } from "../graph/op-table.js";
import type { DType } from "../graph/type.js";

/** Which kernel dimension runs along each axis of an operand's view. A dimension that no axis names repeats the operand. */
export type Access = readonly number[];

/** One entry of a scalar DAG; `ins` are earlier entries. */
export type Scalar =
  | { readonly kind: "load"; readonly operand: number; readonly access: Access; readonly dtype: DType }
  /** The global index along a dimension: block start plus local index. i32 */
  | { readonly kind: "index"; readonly dim: number }
  | { readonly kind: "const"; readonly value: number; readonly dtype: DType }
  /** The contraction's sum for this row and column. */
  | { readonly kind: "accumulator"; readonly dtype: DType }
  | { readonly kind: "op"; readonly op: OpName; readonly ins: readonly number[]; readonly dtype: DType };

/** A result: stored where `merge` is "none", else reduced over the dimensions that `access` leaves out. `by`: see TileOut. */
export type KernelOut = { readonly operand: number; readonly access: Access; readonly value: number; readonly merge: Merge; readonly k: number | null; readonly by: number | null };

type Common = { readonly dims: number; readonly operands: readonly { readonly dtype: DType; readonly rank: number }[]; readonly scalars: readonly Scalar[]; readonly outs: readonly KernelOut[] };

export type Kernel =
  /** Every out is stored. */
  | (Common & { readonly form: "map" })
  /** Some outs are reduced. */
  | (Common & { readonly form: "reduce" })
  /** accumulator[batch…, rows…, cols…] = Σ over `inner` of left × right, then the scalars as its epilogue. Inner dimensions come last in `dims`. */
  | (Common & { readonly form: "contract"; readonly left: { readonly operand: number; readonly access: Access }; readonly right: { readonly operand: number; readonly access: Access }; readonly inner: number })
  | { readonly form: "gather"; readonly axis: number; readonly rank: number; readonly indexRank: number; readonly dtype: DType }
  | { readonly form: "scatter_add"; readonly axis: number; readonly rank: number; readonly indexRank: number; readonly dtype: DType }
  | { readonly form: "cumsum"; readonly axis: number; readonly reverse: boolean; readonly rank: number; readonly dtype: DType }
  | { readonly form: "sort"; readonly axis: number; readonly rank: number; readonly dtype: DType };
