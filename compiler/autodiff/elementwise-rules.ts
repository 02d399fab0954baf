/** Gradients of the ops that act on each element alone. Masks go through select: 0 · inf never arises. */
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import type { OpName } from "../graph/op-table.js";
import type { Rule } from "./rule.js";

const scaledBy = (b: GraphBuilder, x: Id, factor: number): Id => b.mul(x, b.constLike(factor, x));
const plus = (b: GraphBuilder, x: Id, term: number): Id => b.add(x, b.constLike(term, x));
const unlessZero = (b: GraphBuilder, condition: Id, x: Id): Id => b.select(condition, b.constLike(0, x), x);

/** exp(−x²) · factor */
const bell = (b: GraphBuilder, x: Id, factor: number): Id => scaledBy(b, b.exp(b.neg(b.mul(x, x))), factor);

export const elementwiseRules = {
  neg: ({ d, b }) => [() => b.neg(d)],
  abs: ({ ins: [x], d, b }) => [() => b.mul(d, b.emit("sign", [x], {}))],
  sign: "zero",
  exp: ({ out, d, b }) => [() => b.mul(d, out)],
  // exp(x) rather than out + 1, which rounds to 0 for x below −17 in f32.
  expm1: ({ ins: [x], d, b }) => [() => b.mul(d, b.exp(x))],
  log: ({ ins: [x], d, b }) => [() => b.div(d, x)],
  log1p: ({ ins: [x], d, b }) => [() => b.div(d, plus(b, x, 1))],
  sqrt: ({ out, d, b }) => [() => b.div(scaledBy(b, d, 0.5), out)],
  rsqrt: ({ out, d, b }) => [() => b.mul(scaledBy(b, d, -0.5), b.mul(out, b.mul(out, out)))],
  sin: ({ ins: [x], d, b }) => [() => b.mul(d, b.emit("cos", [x], {}))],
  cos: ({ ins: [x], d, b }) => [() => b.neg(b.mul(d, b.emit("sin", [x], {})))],
  tanh: ({ out, d, b }) => [() => b.mul(d, b.sub(b.constLike(1, out), b.mul(out, out)))],
  erf: ({ ins: [x], d, b }) => [() => b.mul(d, bell(b, x, 2 / Math.sqrt(Math.PI)))],
  floor: "zero",
  // σ(−x) rather than 1 − σ(x), which cancels for large x.
  sigmoid: ({ ins: [x], out, d, b }) => [() => b.mul(d, b.mul(out, b.sigmoid(b.neg(x))))],
  softplus: ({ ins: [x], d, b }) => [() => b.mul(d, b.sigmoid(x))],
  not: "zero",
  stop_gradient: "zero",
  // Only float → float carries a cotangent: integers and bools have none.
  cast: ({ ins: [x], d, b }) => [() => b.cast(d, b.type(x).dtype)],

  add: ({ d }) => [() => d, () => d],
  sub: ({ d, b }) => [() => d, () => b.neg(d)],
  mul: ({ ins: [x, y], d, b }) => [() => b.mul(d, y), () => b.mul(d, x)],
  div: ({ ins: [, y], out, d, b }) => [() => b.div(d, y), () => b.neg(b.mul(b.div(d, y), out))],
  // x − y · floor(x / y)
  mod: ({ ins: [x, y], d, b }) => [() => d, () => b.neg(b.mul(d, b.emit("floor", [b.div(x, y)], {})))],
  pow: ({ ins: [x, y], out, d, b }) => [
    // x^0 is flat at any x, where y · x^(y − 1) would be 0 · inf at x = 0.
    () => unlessZero(b, b.emit("eq", [y, b.constLike(0, y)], {}), b.mul(d, b.mul(y, b.emit("pow", [x, plus(b, y, -1)], {})))),
    // log x exists for x > 0 only; 0^y is flat in y, and a negative base has integer exponents.
    () => b.selectOrZero(b.emit("gt", [x, b.constLike(0, x)], {}), b.mul(d, b.mul(out, b.log(x)))),
  ],
  // Ties go to the first operand.
  maximum: ({ ins: [x, y], d, b }) => {
    const first = (): Id => b.emit("ge", [x, y], {});
    return [() => b.selectOrZero(first(), d), () => unlessZero(b, first(), d)];
  },
  minimum: ({ ins: [x, y], d, b }) => {
    const first = (): Id => b.emit("le", [x, y], {});
    return [() => b.selectOrZero(first(), d), () => unlessZero(b, first(), d)];
  },
  eq: "zero",
  ne: "zero",
  lt: "zero",
  le: "zero",
  gt: "zero",
  ge: "zero",
  and: "zero",
  or: "zero",
  select: ({ ins: [condition], d, b }) => [null, () => b.selectOrZero(condition, d), () => unlessZero(b, condition, d)],

  // σ(−x), exact where 1 − σ(x) has no digits left: the positives near convergence.
  log_sigmoid: ({ ins: [x], d, b }) => [() => b.mul(d, b.sigmoid(b.neg(x)))],
  gelu: ({ ins: [x], attrs, d, b }) => [() => b.mul(d, geluSlope[attrs.approximate](b, x))],
  random: "zero",
} as const satisfies { readonly [K in OpName]?: Rule<K> };

const geluSlope: Readonly<Record<"none" | "tanh" | "quick", (b: GraphBuilder, x: Id) => Id>> = {
  /** Φ(x) + x·φ(x) */
  none: (b, x) => {
    const u = scaledBy(b, x, Math.SQRT1_2);
    const cdf = scaledBy(b, plus(b, b.emit("erf", [u], {}), 1), 0.5);
    return b.add(cdf, b.mul(x, bell(b, u, 1 / Math.sqrt(2 * Math.PI))));
  },
  /** σ(u) + x·σ(u)·σ(−u)·u′ with u = 2√(2/π)(x + 0.044715x³) */
  tanh: (b, x) => {
    const scale = 2 * Math.sqrt(2 / Math.PI);
    const square = b.mul(x, x);
    // Spelt as the decomposition is, so that both share one sigmoid.
    const u = scaledBy(b, b.add(x, scaledBy(b, b.mul(square, x), 0.044715)), scale);
    const s = b.sigmoid(u);
    const inner = plus(b, scaledBy(b, square, 3 * 0.044715 * scale), scale);
    return b.add(s, b.mul(b.mul(b.mul(x, s), b.sigmoid(b.neg(u))), inner));
  },
  /** σ(cx) + cx·σ(cx)·σ(−cx) with c = 1.702 */
  quick: (b, x) => {
    const u = scaledBy(b, x, 1.702);
    const s = b.sigmoid(u);
    return b.add(s, b.mul(u, b.mul(s, b.sigmoid(b.neg(u)))));
  },
};
