/** What the evaluation of one op sees. */
import type { Attrs, OpName } from "../../../compiler/graph/op-table.js";
import type { Size } from "../../../compiler/graph/size.js";
import type { DType, Shape } from "../../../compiler/graph/type.js";
import type { Value } from "./value.js";

/** The block of a loop that a body is run for. */
export type Block = { readonly start: number; readonly length: number };

export type Call<K extends OpName> = {
  readonly ins: readonly Value[];
  readonly attrs: Attrs[K];
  readonly dtype: DType;
  /** The storage types of the operands. */
  readonly inTypes: readonly DType[];
  readonly shape: readonly number[];
  readonly extent: (size: Size) => number;
  readonly shapeOf: (shape: Shape) => readonly number[];
  readonly input: (name: string) => Value;
  readonly arg: (index: number) => Value;
  readonly block: (loop: number) => Block;
};

export type Rule<K extends OpName> = (call: Call<K>) => Value;

/** The k-th operand; the graph's arity was checked when it was built. */
export function operand(ins: readonly Value[], k: number): Value {
  const value = ins[k];
  if (value === undefined) throw new Error(`operand ${k} is missing`);
  return value;
}
