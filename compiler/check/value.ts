/** What an expression can stand for: numbers and choices of compile time, tensors of run time, modules and layers. */
import type { ModuleDecl } from "../../grammar/ast.js";
import type { Span } from "../../grammar/span.js";
import type { Id } from "../graph/graph.js";
import { printSize, type Size } from "../graph/size.js";
import type { DType } from "../graph/type.js";
import type { Init } from "../lower/program.js";
import type { Dimension, Origin } from "./dimension.js";
import type { IndexVariable } from "./index-variable.js";
import type { Scope } from "./scope.js";

/** Known at compile time, exact in float64. As an operand it takes the dtype of what it meets. */
export type NumberValue = { readonly kind: "number"; readonly value: number; readonly integer: boolean; readonly origin: Origin | null };
/** A size that grows with a batch: `n`, `2 * n`. As an operand it is the whole batch's size. */
export type SizeValue = { readonly kind: "size"; readonly size: Size; readonly origin: Origin | null };
export type BoolValue = { readonly kind: "bool"; readonly value: boolean };
export type StringValue = { readonly kind: "string"; readonly value: string };
export type ListValue = { readonly kind: "list"; readonly items: readonly { readonly value: Value; readonly span: Span }[] };

/**
 * A run-time value: for each of its free indices, an array of `dims`.
 * `emit` makes its graph node once, with the axes of `indices` first and then `dims`; call it only when checking is over,
 * since a range may be inferred from a later line.
 */
export type Tensor = {
  readonly kind: "tensor";
  readonly dtype: DType;
  readonly indices: readonly IndexVariable[];
  readonly dims: readonly Dimension[];
  /** How the user calls it, where it has a name, and where that name is defined. */
  readonly named: { readonly name: string; readonly span: Span } | null;
  readonly emit: () => Id;
};

/** Fans of a parameter's shape: inputs and outputs of one unit. */
export type Fans = { readonly in: number; readonly out: number };
/** `normal(0.02)`, `lecun_normal()`: how a parameter is drawn, once its shape is known. */
export type InitialiserValue = {
  readonly kind: "initialiser";
  readonly name: string;
  readonly needsFans: boolean;
  readonly draw: (fans: Fans) => Init;
};

/** A region of names. */
export type Region = Scope<Value>;
export type ModuleValue = { readonly kind: "module"; readonly decl: ModuleDecl; readonly scope: Region };
/** A module with its configuration; with a path once a name is given to it. `count`: so many in a row, by `repeat`. */
export type LayerValue = {
  readonly kind: "layer";
  readonly decl: ModuleDecl;
  readonly scope: Region;
  readonly configs: ReadonlyMap<string, Value>;
  readonly path: string | null;
  readonly count: number | null;
};
/** A layer whose `when` does not hold. */
export type AbsentValue = { readonly kind: "absent"; readonly span: Span };
/** Reported already; silences what uses it. */
export type ErrorValue = { readonly kind: "error" };

export type Value =
  | NumberValue
  | SizeValue
  | BoolValue
  | StringValue
  | ListValue
  | Tensor
  | InitialiserValue
  | ModuleValue
  | LayerValue
  | AbsentValue
  | ErrorValue;

export const errorValue: ErrorValue = { kind: "error" };
export const number = (value: number, integer = Number.isInteger(value), origin: Origin | null = null): NumberValue => ({
  kind: "number",
  value,
  integer,
  origin,
});
export const bool = (value: boolean): BoolValue => ({ kind: "bool", value });

/** `f32[n, 768]`; with free indices, `f32[768] for each i`. */
export function printTensor(t: Tensor): string {
  const type = t.dims.length === 0 ? t.dtype : `${t.dtype}[${t.dims.map((dim) => dim.text).join(", ")}]`;
  return t.indices.length === 0 ? type : `${type} for each ${t.indices.map((i) => i.name).join(", ")}`;
}

type Describe = { readonly [K in Value["kind"]]: (value: Extract<Value, { readonly kind: K }>) => string };
const descriptions: Describe = {
  number: ({ value }) => `the number ${value}`,
  size: ({ size }) => `the size ${printSize(size)}`,
  bool: ({ value }) => `the choice ${value}`,
  string: ({ value }) => `the string "${value}"`,
  list: () => "a list",
  tensor: printTensor,
  initialiser: ({ name }) => `the initialiser \`${name}\``,
  module: ({ decl }) => `the module \`${decl.name.name}\``,
  layer: ({ decl }) => `a layer, \`${decl.name.name}\``,
  absent: () => "a layer that is left out",
  error: () => "an error",
};

/** "f32[n, 768]", "the number 4", "a list". */
export function describe(value: Value): string {
  // Kind and description come from one value, so they fit; TypeScript cannot follow the union.
  return descriptions[value.kind](value as never);
}
