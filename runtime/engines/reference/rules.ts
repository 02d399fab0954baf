/** What every op means, in float64. */
import type { OpName } from "../../../compiler/graph/op-table.js";
import { gelu, l2Normalize, layerNorm, softmax } from "./composites.js";
import { dot } from "./contraction.js";
import { conv2d, windows } from "./convolution.js";
import { binary, cast, comparison, multiply, random, select, unary } from "./elementwise.js";
import { gather, scatterAdd } from "./indexing.js";
import { broadcast, concat, pad, reshape, slice, transpose } from "./layout.js";
import { argmax, cumsum, inTopK, logsumexp, max, min, sort, sum, topk, topkIndex } from "./reductions.js";
import { operand, type Rule } from "./rule.js";
import { erf, floorMod, pow, sigmoid, softplus } from "./special-functions.js";
import { scalarValue, type Value } from "./value.js";

function counting(start: number, length: number): Value {
  return { shape: [length], data: Float64Array.from({ length }, (_, i) => start + i) };
}

export const rules = {
  input: ({ attrs, input }) => input(attrs.name),
  const: ({ attrs }) => scalarValue(attrs.value),
  size: ({ attrs, extent }) => scalarValue(extent(attrs.size)),
  iota: ({ attrs, extent }) => counting(0, extent(attrs.size)),

  neg: unary((x) => -x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  exp: unary(Math.exp),
  expm1: unary(Math.expm1),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  sqrt: unary(Math.sqrt),
  rsqrt: unary((x) => 1 / Math.sqrt(x)),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tanh: unary(Math.tanh),
  erf: unary(erf),
  floor: unary(Math.floor),
  sigmoid: unary(sigmoid),
  softplus: unary(softplus),
  not: unary((x) => 1 - x),
  stop_gradient: ({ ins }) => operand(ins, 0),
  cast,

  add: binary((x, y) => x + y),
  sub: binary((x, y) => x - y),
  mul: multiply,
  div: binary((x, y) => x / y),
  mod: binary(floorMod),
  pow: binary(pow),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  eq: comparison((x, y) => x === y),
  ne: comparison((x, y) => x !== y),
  lt: comparison((x, y) => x < y),
  le: comparison((x, y) => x <= y),
  gt: comparison((x, y) => x > y),
  ge: comparison((x, y) => x >= y),
  and: binary((x, y) => x * y),
  or: binary(Math.max),
  select,
  random,

  broadcast,
  transpose,
  reshape,
  slice,
  pad,
  concat,
  windows,
  stored: ({ ins }) => operand(ins, 0),

  sum,
  max,
  min,
  logsumexp,
  argmax,
  topk,
  topk_index: topkIndex,
  cumsum,
  sort,

  dot,
  gather,
  scatter_add: scatterAdd,

  conv2d,
  log_sigmoid: unary((x) => -softplus(-x)),
  gelu,
  softmax,
  l2_normalize: l2Normalize,
  layer_norm: layerNorm,
  in_top_k: inTopK,

  arg: ({ attrs, arg }) => arg(attrs.index),
  loop_index: ({ attrs, block }) => counting(block(attrs.loop).start, block(attrs.loop).length),
  project: () => {
    throw new Error("project is read by the walk over the graph");
  },
} as const satisfies { readonly [K in OpName]: Rule<K> };
