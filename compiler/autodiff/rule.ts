/** The form of a gradient rule: one thunk per operand, called only where that operand's cotangent is wanted. */
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import type { Attrs, OpName, ops } from "../graph/op-table.js";

type InsByArity = {
  readonly 0: readonly [];
  readonly 1: readonly [Id];
  readonly 2: readonly [Id, Id];
  readonly 3: readonly [Id, Id, Id];
  readonly many: readonly Id[];
};
type Ins<K extends OpName> = InsByArity[(typeof ops)[K]["arity"]];

/** What a rule sees: the node as it stands in the builder, and the cotangent `d` of its result. */
export type Context<K extends OpName> = {
  readonly ins: Ins<K>;
  readonly attrs: Attrs[K];
  readonly out: Id;
  readonly d: Id;
  readonly b: GraphBuilder;
};

/** `null` for an operand that has no derivative: a condition, an index. */
export type Cotangent = (() => Id) | null;

/** One cotangent per operand, so that tsc counts them. */
type PerOperand<Operands extends readonly Id[]> = { readonly [I in keyof Operands]: Cotangent };

export type Gradient<K extends OpName> = (context: Context<K>) => PerOperand<Ins<K>>;

/** The loss does depend on the operand, and the house has no derivative to offer: a mistake of the user. */
export type NotDifferentiable = { readonly notDifferentiable: string };

/** `zero`: flat wherever it has a derivative, so that nothing flows back. */
export type Rule<K extends OpName> = Gradient<K> | "zero" | NotDifferentiable;

export const notDifferentiable = (reason: string): NotDifferentiable => ({ notDifferentiable: reason });
