/**
 * Adafactor (Shazeer & Stern 2018) as Zhai et al. 2022 train vision transformers with it and big_vision has it
 * (`scale_by_adafactor`): momentum, a cap on beta2, no step size of its own.
 *
 *   s = g² + eps                      β2 = min(beta2, 1 − t^−power), t from 1
 *   v ← β2 v + (1 − β2) s             u = g / √v
 *   or, factored: row and col ← the same of the means of s along the longest and the second longest axis
 *                                     u = g · (row / mean(row))^−½ · col^−½
 *   u ← u / max(1, rms(u) / clip_rms)
 *   m ← momentum · m + (1 − momentum) · u, the direction
 */
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import { evaluateSize } from "../graph/size.js";
import type { Shape, Type } from "../graph/type.js";
import { blend, type Optimizer, scaled, state } from "./optimizer.js";

/** The axes that the second moment is averaged along. */
type Factors = { readonly longest: number; readonly second: number };

const lengthOf = (shape: Shape, axis: number): number => evaluateSize(shape[axis] ?? [], {});

/** null where the second moment is kept whole. Of equal axes the later is the longer one, as in optax. */
function factorsOf(shape: Shape, from: number): Factors | null {
  const [second, longest] = shape
    .map((_, axis) => axis)
    .sort((a, b) => lengthOf(shape, a) - lengthOf(shape, b) || a - b)
    .slice(-2);
  return second === undefined || longest === undefined || lengthOf(shape, second) < from ? null : { longest, second };
}

const without = ({ dtype, shape }: Type, axis: number): Type => ({ dtype, shape: shape.filter((_, k) => k !== axis) });

function mean(b: GraphBuilder, x: Id, axes: readonly number[]): Id {
  const count = axes.reduce((product, axis) => product * lengthOf(b.shape(x), axis), 1);
  const sum = b.sum(x, axes);
  return b.div(sum, b.constLike(count, sum));
}

/** average + share · (x − average), for a share of run time. The first step's share is 1, and from zeros it gives x exactly. */
const towards = (b: GraphBuilder, average: Id, x: Id, share: Id): Id =>
  b.add(average, b.mul(b.broadcast(share, b.shape(x), []), b.sub(x, average)));

const rsqrt = (b: GraphBuilder, x: Id): Id => b.emit("rsqrt", [x], {});

export const adafactor: Optimizer<"adafactor"> = {
  states: ({ momentum, factorFrom }, type) => {
    const factors = factorsOf(type.shape, factorFrom);
    const second =
      factors === null
        ? [{ slot: "adafactor.v", type }]
        : [
            { slot: "adafactor.row", type: without(type, factors.longest) },
            { slot: "adafactor.col", type: without(type, factors.second) },
          ];
    return momentum === 0 ? second : [...second, { slot: "adafactor.m", type }];
  },
  update: ({ b, spec: { momentum, beta2, power, clipRms, factorFrom, eps }, gradient, states, step }) => {
    const shape = b.shape(gradient);
    // 1 − β2, without the difference that f32 would lose digits in.
    const share = b.emit("maximum", [b.constLike(1 - beta2, step), b.emit("pow", [step, b.constLike(-power, step)], {})], {});
    // Squares below 1e-38 are 0 in f32: eps, far above, stands for them.
    const squares = b.add(b.mul(gradient, gradient), b.constLike(eps, gradient));
    const factors = factorsOf(shape, factorFrom);
    const moments = factors === null ? [squares] : [mean(b, squares, [factors.longest]), mean(b, squares, [factors.second])];
    const next = moments.map((moment, k) => towards(b, state(states, k), moment, share));
    const scaledGradient = factors === null ? b.mul(gradient, rsqrt(b, state(next, 0))) : factored(factors, state(next, 0), state(next, 1));
    const bounded = clipRms === null ? scaledGradient : clipped(scaledGradient, clipRms);
    if (momentum === 0) return { direction: bounded, states: next };
    const m = blend(b, momentum, state(states, next.length), bounded);
    return { direction: m, states: [...next, m] };

    function factored({ longest, second }: Factors, row: Id, col: Id): Id {
      const along = second > longest ? second - 1 : second;
      const middle = mean(b, row, [along]);
      // √mean(row) beside col^−½ and not under row: row / mean(row) may be 0 in f32, and no gradient makes that whole again.
      const root = b.unreduce(
        b.emit("sqrt", [middle], {}),
        shape,
        [longest, second].sort((x, y) => x - y),
      );
      const rows = b.unreduce(rsqrt(b, row), shape, [longest]);
      const columns = b.unreduce(rsqrt(b, col), shape, [second]);
      return b.mul(b.mul(gradient, rows), b.mul(columns, root));
    }

    function clipped(u: Id, bound: number): Id {
      const rms = b.emit(
        "sqrt",
        [
          mean(
            b,
            b.mul(u, u),
            shape.map((_, axis) => axis),
          ),
        ],
        {},
      );
      const excess = b.emit("maximum", [scaled(b, rms, 1 / bound), b.constLike(1, rms)], {});
      return b.div(u, b.broadcast(excess, shape, []));
    }
  },
};
