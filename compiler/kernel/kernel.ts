/**
 * Kernels: leaf work over strided views. One typed scalar-expression DAG is shared by all forms.
 * Register, cache and thread loops exist only inside an engine's template for a form.
 */
import type { Merge } from "../graph/graph.js";
import type { OpName, ops } from "../graph/op-table.js";
import type { DType } from "../graph/type.js";

/** Which kernel dimension runs along each axis of an operand's view. A dimension that no axis names repeats the operand. */
export type Access = readonly number[];

/** The ops that act on each element alone: all that a scalar DAG is made of. */
export type ScalarOp = Exclude<{ [K in OpName]: (typeof ops)[K]["kind"] extends "elementwise" ? K : never }[OpName], "stop_gradient">;

/** The position (Σ (dim / divisor % modulus) * step + start) / over, of 0 … extent−1; without an extent it is always inside. */
export type WindowAxis = {
  readonly terms: readonly WindowTerm[];
  readonly start: number;
  readonly over: number;
  readonly extent: number | null;
};
/** Dims that were folded into one are taken apart again; without a modulus, the outermost. */
export type WindowTerm = { readonly dim: number; readonly divisor: number; readonly modulus: number | null; readonly step: number };

/** One entry of a scalar DAG; `ins` are earlier entries. */
export type Scalar =
  | { readonly kind: "load"; readonly operand: number; readonly access: Access; readonly dtype: DType }
  /** An element at a position along each axis of the operand: 0 where one of them is no whole number, or outside. */
  | { readonly kind: "window"; readonly operand: number; readonly axes: readonly WindowAxis[]; readonly dtype: DType }
  /** The position along a dimension, from 0 in every block; a block's start comes as a parameter. i32 */
  | { readonly kind: "index"; readonly dim: number; readonly dtype: "i32" }
  /** A number that the call hands in: a size, the start of a block, the start of a slice. */
  | { readonly kind: "parameter"; readonly parameter: number; readonly dtype: DType }
  | { readonly kind: "const"; readonly value: number; readonly dtype: DType }
  /** The contraction's sum for this row and column. */
  | { readonly kind: "accumulator"; readonly dtype: DType }
  | { readonly kind: "op"; readonly op: ScalarOp; readonly ins: readonly number[]; readonly dtype: DType };

/**
 * A result. The dimensions that `access` leaves out are reduced by `merge`, in rising index order; the reduced block is then
 * stored, or merged into what is there (see `first` of a call). `none` leaves nothing out and is stored.
 *
 * `argmax` and `topk_index`: `value` is an index that travels with the result `by`; it goes where that result's value is the
 * largest (the k largest in falling order), ties to the lower index, NaN above all. They are merged before their `by` is.
 */
export type KernelOut = {
  readonly operand: number;
  /** The dimension along each axis of the operand, without the axis that `topk` adds. */
  readonly access: Access;
  readonly value: number;
  readonly merge: Merge;
  /** For topk and topk_index: how many, and which axis of the operand counts them. */
  readonly topk: { readonly k: number; readonly axis: number } | null;
  readonly by: number | null;
};

export type KernelOperand = { readonly dtype: DType; readonly rank: number };
type Operands = { readonly operands: readonly KernelOperand[] };
type Points = Operands & { readonly dims: number; readonly scalars: readonly Scalar[]; readonly outs: readonly KernelOut[] };
/**
 * One side of a contraction: a value at each point of all dims, inner ones too. A bare operand is a single load; more entries are a
 * prologue, which an engine evaluates once per element while it packs a panel. The dims that its loads and indices name are its own.
 */
export type Factor = { readonly scalars: readonly FactorScalar[]; readonly value: number };
export type FactorScalar = Exclude<Scalar, { readonly kind: "accumulator" }>;

export type Kernel =
  /**
   * No result is reduced. In `map`, and in a `reduce` whose results are reduced to the same dims, each point is visited once, and its
   * loads come before its stores: a result may lie in the bytes of an operand that is read at the very elements that it writes.
   */
  | (Points & { readonly form: "map" })
  | (Points & { readonly form: "reduce" })
  /**
   * accumulator[batch…, rows…, columns…] = Σ over the last `inner` dims of left × right, in rising index order; `scalars` are
   * its epilogue and never name an inner dim. A dim of both factors is a batch, of the left one a row, of the right one a column.
   */
  | (Points & {
      readonly form: "contract";
      readonly left: Factor;
      readonly right: Factor;
      readonly inner: number;
      /**
       * The sums as another kernel left them, one for each point: read instead of being added up. All else goes the same way in the
       * same order, so that the results have the same bits.
       */
      readonly kept?: { readonly operand: number; readonly access: Access };
    })
  /** [x, index, result]: `axis` of x is replaced by the axes of the index. An index out of range reads 0. */
  | (Operands & { readonly form: "gather"; readonly axis: number })
  /** [updates, index, result]: added in the order of the updates to zeros, or to what is there. An index out of range is dropped. */
  | (Operands & { readonly form: "scatter_add"; readonly axis: number })
  /** [x, result] */
  | (Operands & { readonly form: "cumsum"; readonly axis: number; readonly reverse: boolean })
  /** [x, result]: rising, NaN last. */
  | (Operands & { readonly form: "sort"; readonly axis: number });

export type KernelForm = Kernel["form"];
export type KernelOf<F extends KernelForm> = Extract<Kernel, { readonly form: F }>;
/** The forms that evaluate scalars at every point of a space. */
export type PointKernel = KernelOf<"map" | "reduce" | "contract">;
