/** The optimisers as graph ops: from a gradient and the old state to a direction and the new state, all elementwise. */
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
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

export type Optimizer<K extends OptimizerSpec["kind"]> = {
  /** `adam.m` of the parameter `w` is the state `adam.m.w`. */
  readonly states: (spec: SpecOf<K>) => readonly string[];
  readonly update: (update: Update<K>) => Updated;
};

const scaled = (b: GraphBuilder, x: Id, factor: number): Id => b.mul(x, b.constLike(factor, x));

function state(states: readonly Id[], k: number): Id {
  const id = states[k];
  if (id === undefined) throw new Error(`the optimizer has no state ${k}`);
  return id;
}

/** beta · average + (1 − beta) · x */
const blend = (b: GraphBuilder, beta: number, average: Id, x: Id): Id => b.add(scaled(b, average, beta), scaled(b, x, 1 - beta));

/** 1 − beta^step. By expm1: in f32, 1 − 0.999 has lost four digits of the first steps. */
function bias(b: GraphBuilder, beta: number, step: Id, like: Id): Id {
  const missing = b.emit("expm1", [scaled(b, step, Math.log(beta))], {});
  return b.broadcast(b.neg(missing), b.shape(like), []);
}

export const optimizers: { readonly [K in OptimizerSpec["kind"]]: Optimizer<K> } = {
  /** As torch.optim.SGD without dampening: m = momentum · m + g; the direction is m, or g + momentum · m with Nesterov. */
  sgd: {
    states: ({ momentum }) => (momentum === 0 ? [] : ["sgd.m"]),
    update: ({ b, spec: { momentum, nesterov }, gradient, states }) => {
      if (momentum === 0) return { direction: gradient, states: [] };
      const m = b.add(scaled(b, state(states, 0), momentum), gradient);
      return { direction: nesterov ? b.add(gradient, scaled(b, m, momentum)) : m, states: [m] };
    },
  },
  /** Loshchilov & Hutter 2019; as torch.optim.AdamW and optax.adamw, epsilon outside the root. */
  adamw: {
    states: () => ["adam.m", "adam.v"],
    update: ({ b, spec: { beta1, beta2, eps }, gradient, states, step }) => {
      const m = blend(b, beta1, state(states, 0), gradient);
      const v = blend(b, beta2, state(states, 1), b.mul(gradient, gradient));
      const root = b.emit("sqrt", [b.div(v, bias(b, beta2, step, v))], {});
      return { direction: b.div(b.div(m, bias(b, beta1, step, m)), b.add(root, b.constLike(eps, root))), states: [m, v] };
    },
  },
  /** Chen et al. 2023, Algorithm 2: the sign of one blend, the state another. */
  lion: {
    states: () => ["lion.m"],
    update: ({ b, spec: { beta1, beta2 }, gradient, states }) => {
      const m = state(states, 0);
      return { direction: b.emit("sign", [blend(b, beta1, m, gradient)], {}), states: [blend(b, beta2, m, gradient)] };
    },
  },
};
