/** Gradients of reductions and of the composites that reduce. Corrections are made on the reduced, smaller value. */
import { extentOf, type GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import type { OpName } from "../graph/op-table.js";
import type { Shape } from "../graph/type.js";
import type { Rule } from "./rule.js";

const axesOf = (shape: Shape): readonly number[] => shape.map((_, axis) => axis);

/** `d` at the lowest index that holds the maximum along `axis`, 0 elsewhere. */
function toArgmax(b: GraphBuilder, x: Id, axis: number, d: Id): Id {
  const shape = b.shape(x);
  const winner = b.unreduce(b.emit("argmax", [x], { axis }), shape, [axis]);
  return b.selectOrZero(b.emit("eq", [b.indexAlong(shape, axis), winner], {}), b.unreduce(d, shape, [axis]));
}

/**
 * One element gets the whole cotangent: the lowest in row-major order. Several axes are reduced one after another,
 * the last first, so that each step is an argmax along one axis.
 */
function maxGradient(b: GraphBuilder, x: Id, axes: readonly number[], d: Id): Id {
  const [axis, ...earlier] = [...axes].reverse();
  if (axis === undefined) return d;
  if (earlier.length === 0) return toArgmax(b, x, axis, d);
  const reduced = b.emit("max", [x], { axes: [axis] });
  return toArgmax(b, x, axis, maxGradient(b, reduced, earlier.reverse(), d));
}

export const reductionRules = {
  sum: ({ ins: [x], attrs: { axes }, d, b }) => [() => b.unreduce(d, b.shape(x), axes)],
  max: ({ ins: [x], attrs: { axes }, d, b }) => [() => maxGradient(b, x, axes, d)],
  min: ({ ins: [x], attrs: { axes }, d, b }) => [() => maxGradient(b, b.neg(x), axes, d)],
  logsumexp: ({ ins: [x], attrs: { axes }, out, d, b }) => [
    () => {
      // A fully masked row has lse = −inf, and x − lse would be NaN; with 0 in its place exp(−inf − 0) = 0 is right.
      const masked = b.emit("eq", [out, b.constLike(Number.NEGATIVE_INFINITY, out)], {});
      const finite = b.select(masked, b.constLike(0, out), out);
      const shape = b.shape(x);
      return b.mul(b.unreduce(d, shape, axes), b.exp(b.sub(x, b.unreduce(finite, shape, axes))));
    },
  ],
  argmax: "zero",
  topk: ({ ins: [x], attrs: { axis, k }, d, b }) => [
    () => {
      // Slot s of the cotangent belongs to the element at index[s]; the slots become an axis of their own.
      const shape = b.shape(x);
      const slots = b.shape(d)[axis] ?? [];
      const wide = [...shape.slice(0, axis), slots, ...shape.slice(axis)];
      const kept = axesOf(wide).filter((a) => a !== axis + 1);
      const index = b.broadcast(b.emit("topk_index", [x], { axis, k }), wide, kept);
      const hit = b.emit("eq", [b.indexAlong(wide, axis + 1), index], {});
      return b.sum(b.selectOrZero(hit, b.broadcast(d, wide, kept)), [axis]);
    },
  ],
  topk_index: "zero",
  in_top_k: "zero",

  softmax: ({ attrs: { axis }, out, d, b }) => [
    () => {
      const shape = b.shape(out);
      return b.mul(out, b.sub(d, b.unreduce(b.sum(b.mul(out, d), [axis]), shape, [axis])));
    },
  ],
  l2_normalize: ({ ins: [x], attrs: { axis, eps }, out, d, b }) => [
    () => {
      const shape = b.shape(x);
      const norm = b.emit("sqrt", [b.sum(b.mul(x, x), [axis])], {});
      const floor = b.constLike(eps, norm);
      // Below eps the divisor is a constant, so the part along y is not taken off.
      const along = b.selectOrZero(b.emit("gt", [norm, floor], {}), b.sum(b.mul(out, d), [axis]));
      const divisor = b.emit("maximum", [norm, floor], {});
      const inverse = b.div(b.constLike(1, divisor), divisor);
      return b.mul(b.sub(d, b.mul(out, b.unreduce(along, shape, [axis]))), b.unreduce(inverse, shape, [axis]));
    },
  ],
  layer_norm: ({ ins: [x], attrs: { eps }, out, d, b }) => [
    () => {
      const shape = b.shape(x);
      const last = [shape.length - 1];
      const count = extentOf(shape, last);
      const mean = (value: Id): Id => {
        const total = b.sum(value, last);
        return b.div(total, b.broadcast(b.size(count, b.type(x).dtype), b.shape(total), []));
      };
      const centred = b.sub(x, b.unreduce(mean(x), shape, last));
      const variance = mean(b.mul(centred, centred));
      const scale = b.emit("rsqrt", [b.add(variance, b.constLike(eps, variance))], {});
      const off = b.sub(b.sub(d, b.unreduce(mean(d), shape, last)), b.mul(out, b.unreduce(mean(b.mul(d, out)), shape, last)));
      return b.mul(off, b.unreduce(scale, shape, last));
    },
  ],
} as const satisfies { readonly [K in OpName]?: Rule<K> };
