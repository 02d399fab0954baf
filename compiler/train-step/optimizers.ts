/** The optimisers as graph ops: from a gradient and the old state to a direction and the new state. */
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import type { OptimizerSpec } from "../lower/program.js";
import { adafactor } from "./adafactor.js";
import { blend, type Optimizer, scaled, state } from "./optimizer.js";

/** 1 − beta^step. By expm1: in f32, 1 − 0.999 has lost four digits of the first steps. */
function bias(b: GraphBuilder, beta: number, step: Id, like: Id): Id {
  const missing = b.emit("expm1", [scaled(b, step, Math.log(beta))], {});
  return b.broadcast(b.neg(missing), b.shape(like), []);
}

export const optimizers: { readonly [K in OptimizerSpec["kind"]]: Optimizer<K> } = {
  /** As torch.optim.SGD without dampening: m = momentum · m + g; the direction is m, or g + momentum · m with Nesterov. */
  sgd: {
    states: ({ momentum }, type) => (momentum === 0 ? [] : [{ slot: "sgd.m", type }]),
    update: ({ b, spec: { momentum, nesterov }, gradient, states }) => {
      if (momentum === 0) return { direction: gradient, states: [] };
      const m = b.add(scaled(b, state(states, 0), momentum), gradient);
      return { direction: nesterov ? b.add(gradient, scaled(b, m, momentum)) : m, states: [m] };
    },
  },
  /** Loshchilov & Hutter 2019; as torch.optim.AdamW and optax.adamw, epsilon outside the root. */
  adamw: {
    states: (_, type) => [
      { slot: "adam.m", type },
      { slot: "adam.v", type },
    ],
    update: ({ b, spec: { beta1, beta2, eps }, gradient, states, step }) => {
      const m = blend(b, beta1, state(states, 0), gradient);
      const v = blend(b, beta2, state(states, 1), b.mul(gradient, gradient));
      const root = b.emit("sqrt", [b.div(v, bias(b, beta2, step, v))], {});
      return { direction: b.div(b.div(m, bias(b, beta1, step, m)), b.add(root, b.constLike(eps, root))), states: [m, v] };
    },
  },
  /** Chen et al. 2023, Algorithm 2: the sign of one blend, the state another. */
  lion: {
    states: (_, type) => [{ slot: "lion.m", type }],
    update: ({ b, spec: { beta1, beta2 }, gradient, states }) => {
      const m = state(states, 0);
      return { direction: b.emit("sign", [blend(b, beta1, m, gradient)], {}), states: [blend(b, beta2, m, gradient)] };
    },
  },
  adafactor,
};
