/** What the evaluation of one op sees. */
import type { Attrs, OpName } from "../../../compiler/graph/op-table.js";
import type { Size } from "../../../compiler/graph/size.js";
import type { DType } from "../../../compiler/graph/type.js";
import type { Quirks } from "./quirks.js";
import type { Tensor, TensorFlow } from "./tensorflow.js";

export type Block = { readonly start: number; readonly length: number };

export type Call<K extends OpName> = {
  readonly tf: TensorFlow;
  readonly quirks: Quirks;
  readonly ins: readonly Tensor[];
  readonly attrs: Attrs[K];
  readonly dtype: DType;
  /** The result's. */
  readonly shape: readonly number[];
  readonly extent: (size: Size) => number;
  /** The current block of the k-th loop around, outermost first. */
  readonly block: (loop: number) => Block;
};

export type Rule<K extends OpName> = (call: Call<K>) => Tensor;

/** An op that no plan for this engine holds, with the reason. */
export type Unsupported = { readonly unsupported: string };
export const unsupported = (reason: string): Unsupported => ({ unsupported: reason });
