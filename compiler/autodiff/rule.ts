/** The form of a gradient rule: one thunk per operand, called only where that operand's cotangent is wanted. */
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import type { Attrs, OpName } from "../graph/op-table.js";
import type { Operands } from "../graph/operands.js";

/** What a rule sees: the node as it stands in the builder, and the cotangent `d` of its result. */
export type Context<K extends OpName> = {
  readonly ins: Operands<K>;
  readonly attrs: Attrs[K];
  readonly out: Id;
  readonly d: Id;
  readonly b: GraphBuilder;
};

/** `null` for an operand that has no derivative: a condition, an index. */
export type Cotangent = (() => Id) | null;

/** One cotangent per operand, so that tsc counts them. */
type PerOperand<T extends readonly Id[]> = { readonly [I in keyof T]: Cotangent };

export type Gradient<K extends OpName> = (context: Context<K>) => PerOperand<Operands<K>>;

/** The loss does depend on the operand, and the house has no derivative to offer: a mistake of the user. */
export type NotDifferentiable = { readonly notDifferentiable: string };

/** `zero`: flat wherever it has a derivative, so that nothing flows back. */
export type Rule<K extends OpName> = Gradient<K> | "zero" | NotDifferentiable;

export const notDifferentiable = (reason: string): NotDifferentiable => ({ notDifferentiable: reason });
