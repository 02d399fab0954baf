/** What each op of a plan is in TensorFlow.js. Elementwise operands may have size 1 where others have more. */
import type { OpName } from "../../../compiler/graph/op-table.js";
import { dot } from "./contraction.js";
import { broadcast, cast, concat, gather, pad, scatterAdd, slice, windows } from "./layout-rules.js";
import { argmax, cumsum, sort, topk, topkIndex } from "./ranking-rules.js";
import { random } from "./random.js";
import { type Call, type Rule, type Unsupported, unsupported } from "./rule.js";
import { abs, erf, log1p, logsumexp, maximum, minimum, multiply, negate, select, sign, toInteger } from "./special-functions.js";
import { sum } from "./sums.js";
import type { Quirks } from "./quirks.js";
import { compare, whole } from "./stretch.js";
import { operand, storedType, type Tensor, type TensorFlow } from "./tensorflow.js";

type Like = Pick<Call<"neg">, "tf" | "quirks" | "ins">;

const unary =
  (f: (tf: TensorFlow, x: Tensor) => Tensor) =>
  ({ tf, ins }: Like): Tensor =>
    f(tf, operand(ins, 0));
/** Kernels that repeat a float operand at speed on every backend. */
const arithmetic =
  (f: (tf: TensorFlow, x: Tensor, y: Tensor, quirks: Quirks) => Tensor) =>
  ({ tf, quirks, ins }: Like): Tensor => {
    const operands = operand(ins, 0).dtype === "float32" ? ins : whole(tf, quirks, ins);
    return f(tf, operand(operands, 0), operand(operands, 1), quirks);
  };
const binary =
  (f: (tf: TensorFlow, x: Tensor, y: Tensor, quirks: Quirks) => Tensor) =>
  ({ tf, quirks, ins }: Like): Tensor => {
    const operands = whole(tf, quirks, ins);
    return f(tf, operand(operands, 0), operand(operands, 1), quirks);
  };
const comparison =
  (f: (tf: TensorFlow, x: Tensor, y: Tensor) => Tensor) =>
  ({ tf, quirks, ins }: Like): Tensor =>
    compare(tf, quirks, operand(ins, 0), operand(ins, 1), (x, y) => f(tf, x, y));

/** In float64, where the backend's own is coarse and the elements are at hand. */
const orOnHost =
  (f: (tf: TensorFlow, x: Tensor) => Tensor, g: (x: number) => number) =>
  ({ tf, quirks, ins }: Like): Tensor => {
    const x = operand(ins, 0);
    return quirks.sinCos === "exact" ? f(tf, x) : tf.tensor(x.dataSync<"float32">().map(g), x.shape, "float32");
  };

function constant(tf: TensorFlow, value: number, dtype: Call<"const">["dtype"]): Tensor {
  return tf.scalar(dtype === "bool" ? value !== 0 : value, storedType[dtype]);
}

const counting = (tf: TensorFlow, start: number, length: number): Tensor => tf.range(start, start + length, 1, "int32");

const composite = unsupported("it is decomposed before there is a plan");
const structural = unsupported("it is no statement of a plan");

export const rules = {
  input: structural,
  const: ({ tf, attrs }) => constant(tf, attrs.value, attrs.dtype),
  size: ({ tf, attrs, extent }) => constant(tf, extent(attrs.size), attrs.dtype),
  iota: ({ tf, attrs, extent }) => counting(tf, 0, extent(attrs.size)),

  neg: unary(negate),
  abs: unary(abs),
  sign: unary(sign),
  exp: unary((tf, x) => tf.exp(x)),
  expm1: unary((tf, x) => tf.expm1(x)),
  log: unary((tf, x) => tf.log(x)),
  log1p: ({ tf, quirks, ins }) => log1p(tf, quirks, operand(ins, 0)),
  sqrt: unary((tf, x) => tf.sqrt(x)),
  rsqrt: unary((tf, x) => tf.rsqrt(x)),
  sin: orOnHost((tf, x) => tf.sin(x), Math.sin),
  cos: orOnHost((tf, x) => tf.cos(x), Math.cos),
  tanh: unary((tf, x) => tf.tanh(x)),
  erf: ({ tf, quirks, ins }) => erf(tf, quirks, operand(ins, 0)),
  floor: unary((tf, x) => tf.floor(x)),
  sigmoid: unary((tf, x) => tf.sigmoid(x)),
  softplus: unary((tf, x) => tf.softplus(x)),
  not: unary((tf, x) => tf.logicalNot(x)),
  stop_gradient: unary((_, x) => x.clone()),
  cast: (call) => cast(call, (x) => toInteger(call.tf, x)),

  add: arithmetic((tf, x, y) => tf.add(x, y)),
  sub: arithmetic((tf, x, y) => tf.sub(x, y)),
  mul: arithmetic((tf, x, y, quirks) => multiply(tf, quirks, x, y)),
  div: arithmetic((tf, x, y) => tf.div(x, y)),
  mod: binary((tf, x, y) => tf.mod(x, y)),
  pow: binary((tf, x, y) => tf.pow(x, y)),
  maximum: binary((tf, x, y, quirks) => maximum(tf, quirks, x, y)),
  minimum: binary((tf, x, y, quirks) => minimum(tf, quirks, x, y)),
  eq: comparison((tf, x, y) => tf.equal(x, y)),
  ne: comparison((tf, x, y) => tf.notEqual(x, y)),
  lt: comparison((tf, x, y) => tf.less(x, y)),
  le: comparison((tf, x, y) => tf.lessEqual(x, y)),
  gt: comparison((tf, x, y) => tf.greater(x, y)),
  ge: comparison((tf, x, y) => tf.greaterEqual(x, y)),
  and: binary((tf, x, y) => tf.logicalAnd(x, y)),
  or: binary((tf, x, y) => tf.logicalOr(x, y)),
  select: ({ tf, quirks, ins }) => {
    const operands = whole(tf, quirks, ins);
    return select(tf, operand(operands, 0), operand(operands, 1), operand(operands, 2));
  },
  random,

  broadcast,
  transpose: ({ tf, ins, attrs }) => tf.transpose(operand(ins, 0), [...attrs.perm]),
  reshape: ({ ins, shape }) => operand(ins, 0).reshape([...shape]),
  slice,
  pad,
  concat,
  windows,
  stored: ({ ins }) => operand(ins, 0).clone(),

  sum: ({ tf, quirks, ins, attrs, shape }) => sum(tf, quirks, operand(ins, 0), attrs.axes, shape),
  max: ({ tf, ins, attrs }) => tf.max(operand(ins, 0), [...attrs.axes]),
  min: ({ tf, ins, attrs }) => tf.min(operand(ins, 0), [...attrs.axes]),
  logsumexp: ({ tf, quirks, ins, attrs, shape }) =>
    logsumexp(tf, operand(ins, 0), attrs.axes, (x) => sum(tf, quirks, x, attrs.axes, shape)),
  argmax,
  topk,
  topk_index: topkIndex,
  cumsum,
  sort,

  dot: ({ tf, quirks, ins, attrs, shape }) => dot(tf, quirks, operand(ins, 0), operand(ins, 1), attrs, shape),
  gather,
  scatter_add: scatterAdd,

  conv2d: composite,
  log_sigmoid: composite,
  gelu: composite,
  softmax: composite,
  l2_normalize: composite,
  layer_norm: composite,
  in_top_k: composite,

  arg: structural,
  loop_index: ({ tf, attrs, block }) => {
    const { start, length } = block(attrs.loop);
    return counting(tf, start, length);
  },
  project: structural,
} as const satisfies { readonly [K in OpName]: Rule<K> | Unsupported };

/** Runs one op; the result is a tensor of its own, never an operand. */
export function evaluate<K extends OpName>(op: K, call: Call<K>): Tensor {
  const rule: Rule<K> | Unsupported = rules[op] as unknown as Rule<K> | Unsupported;
  if ("unsupported" in rule) throw new Error(`${op}: ${rule.unsupported}`);
  const result = rule(call);
  return call.ins.includes(result) ? result.clone() : result;
}
