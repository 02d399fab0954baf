/** What an optimiser is, and the words that their formulas share. */
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import type { Type } from "../graph/type.js";
import type { OptimizerSpec } from "../lower/program.js";

type SpecOf<K extends OptimizerSpec["kind"]> = Extract<OptimizerSpec, { readonly kind: K }>;

export type Update<K extends OptimizerSpec["kind"]> = {
  readonly b: GraphBuilder;
  readonly spec: SpecOf<K>;
  readonly gradient: Id;
  /** In the order of `states`; zeros before the first step. */
  readonly states: readonly Id[];
  /** The count of this step from 1: a float scalar. */
  readonly step: Id;
};

/** The parameter goes against the direction, at the learning rate. */
export type Updated = { readonly direction: Id; readonly states: readonly Id[] };

/** `adam.m` of the parameter `w` is the state `adam.m.w`. */
export type Slot = { readonly slot: string; readonly type: Type };

export type Optimizer<K extends OptimizerSpec["kind"]> = {
  /** What is kept for a parameter whose gradient has this type. */
  readonly states: (spec: SpecOf<K>, gradient: Type) => readonly Slot[];
  readonly update: (update: Update<K>) => Updated;
};

export const scaled = (b: GraphBuilder, x: Id, factor: number): Id => b.mul(x, b.constLike(factor, x));

export function state(states: readonly Id[], k: number): Id {
  const id = states[k];
  if (id === undefined) throw new Error(`the optimizer has no state ${k}`);
  return id;
}

/** beta · average + (1 − beta) · x */
export const blend = (b: GraphBuilder, beta: number, average: Id, x: Id): Id => b.add(scaled(b, average, beta), scaled(b, x, 1 - beta));
