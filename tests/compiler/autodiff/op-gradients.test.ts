/** Every op's gradient against one-direction finite differences, on odd sizes and away from kinks; a new op must say how it is tried. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Convolution } from "../../../compiler/graph/convolution.js";
import type { Graph, Id } from "../../../compiler/graph/graph.js";
import type { OpName, Windows } from "../../../compiler/graph/op-table.js";
import { batch, constant, evaluateSize } from "../../../compiler/graph/size.js";
import { type DType, isFloat, type Shape } from "../../../compiler/graph/type.js";
import { elementCount } from "../../../runtime/engines/reference/value.js";
import { expectGradient } from "../../support/finite-difference.js";
import { randomFrom } from "../../support/random.js";

type Maker = {
  readonly b: GraphBuilder;
  /** An input, drawn evenly from [low, high); integers from [0, high). */
  readonly draw: (shape: Shape, low?: number, high?: number, dtype?: DType) => Id;
  /** f32[n, 5] in (−2, 2), the usual operand. */
  readonly x: () => Id;
  readonly y: () => Id;
  readonly positive: () => Id;
};
type Sample = (m: Maker) => Id;

const n = batch("n");
const m = batch("m");
const five = constant(5);
const dims = { n: 7, m: 3 };

const unary =
  (op: OpName): Sample =>
  ({ b, x }) =>
    b.emit(op, [x()], {} as never);
const unaryOfPositive =
  (op: OpName): Sample =>
  ({ b, positive }) =>
    b.emit(op, [positive()], {} as never);
const binary =
  (op: OpName): Sample =>
  ({ b, x, y }) =>
    b.emit(op, [x(), y()], {} as never);
const comparison =
  (op: OpName): Sample =>
  ({ b, x, y }) => {
    const [left, right] = [x(), y()];
    return b.select(b.emit(op, [left, right], {} as never), b.mul(left, right), right);
  };
const logical =
  (op: OpName): Sample =>
  ({ b, x, y }) => {
    const [left, right] = [x(), y()];
    const [p, q] = [b.emit("gt", [left, b.constLike(0, left)], {}), b.emit("gt", [right, b.constLike(0, right)], {})];
    return b.select(b.emit(op, op === "not" ? [p] : [p, q], {} as never), left, right);
  };
const reduction = (op: "sum" | "max" | "min" | "logsumexp"): readonly Sample[] =>
  [[0], [1], [0, 2], [0, 1, 2]].map(
    (axes): Sample =>
      ({ b, draw }) =>
        b.emit(op, [draw([n, five, m])], { axes }),
  );
/** One-hot rows scaled by x: a use of an index that a gradient must pass by. */
const byIndex = (b: GraphBuilder, value: Id, index: Id): Id =>
  b.mul(b.emit("gather", [value, index], { axis: 0 }), b.emit("gather", [value, index], { axis: 0 }));

const windows = (b: GraphBuilder, x: Id, given: Partial<Windows>): Id =>
  b.emit("windows", [x], { axis: 1, count: 4, size: 3, stride: 1, dilation: 1, start: 0, over: 1, ...given });
/** `m` of the picture is 3. */
const convolution =
  (x: Shape, weight: readonly number[], given: Partial<Convolution>): Sample =>
  ({ b, draw }) =>
    b.emit("conv2d", [draw(x.map((size) => (size === m ? constant(3) : size))), draw(weight.map(constant))], {
      stride: [1, 1],
      dilation: [1, 1],
      low: [0, 0],
      high: [0, 0],
      groups: 1,
      ...given,
    });

const inBody = "belongs to tiles, which are formed after gradients";

const samples = {
  input: [({ x }) => x()],
  const: [({ b, x }) => b.mul(b.constLike(3, x()), x())],
  size: [({ b, x }) => b.mul(b.broadcast(b.size(n), [n, five], []), x())],
  iota: [({ b, x }) => b.mul(b.broadcast(b.cast(b.emit("iota", [], { size: n }), "f32"), [n, five], [0]), x())],

  neg: [unary("neg")],
  abs: [unary("abs")],
  sign: [({ b, x }) => b.mul(b.emit("sign", [x()], {}), x())],
  exp: [unary("exp")],
  expm1: [unary("expm1")],
  log: [unaryOfPositive("log")],
  log1p: [unaryOfPositive("log1p")],
  sqrt: [unaryOfPositive("sqrt")],
  rsqrt: [unaryOfPositive("rsqrt")],
  sin: [unary("sin")],
  cos: [unary("cos")],
  tanh: [unary("tanh")],
  erf: [unary("erf")],
  floor: [({ b, x }) => b.mul(b.emit("floor", [x()], {}), x())],
  sigmoid: [unary("sigmoid")],
  softplus: [unary("softplus")],
  not: [logical("not")],
  stop_gradient: "has another gradient than its slope, by design: see the test below",
  cast: [({ b, x }) => b.cast(b.cast(x(), "f64"), "f32"), ({ b, x }) => b.mul(b.cast(b.cast(x(), "i32"), "f32"), x())],
  add: [binary("add")],
  sub: [binary("sub")],
  mul: [binary("mul"), ({ b, x }) => b.mul(x(), x())],
  div: [({ b, x, positive }) => b.div(x(), positive())],
  mod: [({ b, x, positive }) => b.emit("mod", [x(), positive()], {}), ({ b, x, positive }) => b.emit("mod", [x(), b.neg(positive())], {})],
  pow: [({ b, positive, y }) => b.emit("pow", [positive(), y()], {}), ({ b, x }) => b.emit("pow", [x(), b.constLike(3, x())], {})],
  maximum: [binary("maximum")],
  minimum: [binary("minimum")],
  eq: [comparison("eq")],
  ne: [comparison("ne")],
  lt: [comparison("lt")],
  le: [comparison("le")],
  gt: [comparison("gt")],
  ge: [comparison("ge")],
  and: [logical("and")],
  or: [logical("or")],
  select: [comparison("lt")],
  random: [
    ({ b, x }) => {
      const [at, zero] = [b.broadcast(b.emit("iota", [], { size: n }), [n, five], [0]), b.broadcast(b.const(0, "i32"), [n, five], [])];
      return b.mul(x(), b.emit("random", [at, zero, at, zero], {}));
    },
  ],

  broadcast: [
    ({ b, draw }) => b.broadcast(draw([five]), [n, five, m], [1]),
    ({ b, draw }) => b.broadcast(draw([n, m]), [n, five, m], [0, 2]),
    ({ b, draw }) => b.broadcast(draw([]), [n], []),
  ],
  transpose: [({ b, draw }) => b.transpose(draw([n, five, m]), [2, 0, 1]), ({ b, draw }) => b.transpose(draw([n, five, m]), [1, 2, 0])],
  reshape: [({ b, draw }) => b.reshape(draw([n, constant(6)]), [n, constant(2), constant(3)])],
  stored: [({ b, x }) => b.emit("stored", [b.mul(x(), x())], {})],
  slice: [({ b, x }) => b.emit("slice", [x()], { axis: 1, start: constant(1), stop: constant(4) })],
  pad: [({ b, x }) => b.emit("pad", [x()], { axis: 0, low: constant(2), high: constant(1) })],
  concat: [
    ({ b, x, y }) => b.emit("concat", [x(), y(), x()], { axis: 0 }),
    ({ b, draw }) => b.emit("concat", [draw([n, m]), draw([n, five])], { axis: 1 }),
  ],
  windows: [
    ({ b, draw }) => windows(b, draw([n, constant(6), m]), {}),
    ({ b, draw }) => windows(b, draw([n, constant(6)]), { count: 3, size: 3, stride: 2, start: -1 }),
    ({ b, draw }) => windows(b, draw([n, constant(6)]), { count: 5, size: 2, dilation: 3, start: -2 }),
    ({ b, draw }) => windows(b, draw([n, constant(4)]), { count: 7, size: 3, dilation: -1, start: 1, over: 2 }),
    ({ b, draw }) => windows(b, draw([n, constant(4)]), { count: 3, size: 2, stride: 3, dilation: -2, start: 3, over: 2 }),
  ],

  sum: reduction("sum"),
  max: reduction("max"),
  min: reduction("min"),
  logsumexp: reduction("logsumexp"),
  argmax: [({ b, draw }) => byIndex(b, draw([five]), b.emit("argmax", [draw([n, five])], { axis: 1 }))],
  topk: [
    ({ b, x }) => b.emit("topk", [x()], { axis: 1, k: 2 }),
    ({ b, x }) => b.emit("topk", [x()], { axis: 0, k: 3 }),
    // Fewer than k: the missing slots are −inf, and their cotangents must go nowhere.
    ({ b, draw }) => b.exp(b.emit("topk", [draw([n, m])], { axis: 1, k: 5 })),
  ],
  topk_index: [({ b, draw }) => byIndex(b, draw([five]), b.emit("topk_index", [draw([n, five])], { axis: 1, k: 2 }))],
  cumsum: [
    ({ b, x }) => b.emit("cumsum", [x()], { axis: 0, reverse: false }),
    ({ b, x }) => b.emit("cumsum", [x()], { axis: 1, reverse: true }),
  ],
  sort: "is refused: see the diagnostics below",

  dot: [
    ({ b, draw }) => b.dot(draw([n, five]), draw([m, five]), [[1, 1]]),
    ({ b, draw }) => b.dot(draw([n, five]), draw([five, m]), [[1, 0]]),
    ({ b, draw }) => b.dot(draw([five, n]), draw([five, m]), [[0, 0]]),
    ({ b, draw }) => b.dot(draw([n, five]), draw([n, five]), [[1, 1]], [[0, 0]]),
    ({ b, draw }) => b.dot(draw([n]), draw([m]), []),
    ({ b, draw }) =>
      b.dot(draw([n, five]), draw([five, n]), [
        [0, 1],
        [1, 0],
      ]),
    // Attention: [n, heads, queries, width] with [n, keys, heads, width], batch axes out of place.
    ({ b, draw }) =>
      b.dot(
        draw([n, constant(2), m, five]),
        draw([n, constant(4), constant(2), five]),
        [[3, 3]],
        [
          [0, 0],
          [1, 2],
        ],
      ),
    // Two contract pairs in crossed order, free axes on both sides of them.
    ({ b, draw }) =>
      b.dot(draw([constant(2), n, five, m]), draw([five, constant(3), n, constant(4)]), [
        [2, 0],
        [1, 2],
      ]),
    ({ b, draw }) =>
      b.dot(
        draw([constant(2), n, five, m]),
        draw([five, constant(3), n, m]),
        [
          [1, 2],
          [2, 0],
        ],
        [[3, 3]],
      ),
  ],
  gather: [
    ({ b, draw }) => b.emit("gather", [draw([n, five]), draw([m, constant(2)], 0, 9, "i32")], { axis: 0 }),
    ({ b, draw }) => b.emit("gather", [draw([n, five]), draw([m], 0, 7, "i32")], { axis: 1 }),
  ],
  scatter_add: [
    ({ b, draw }) => b.emit("scatter_add", [draw([n, five]), draw([n], 0, 6, "i32")], { axis: 0, size: m }),
    ({ b, draw }) => b.emit("scatter_add", [draw([five, n, m]), draw([n, m], 0, 6, "i32")], { axis: 1, size: five }),
  ],

  conv2d: [
    convolution([n, five, constant(6), m], [3, 3, 3, 4], { low: [1, 1], high: [1, 1] }),
    convolution([five, constant(7), constant(2)], [3, 2, 2, 3], { stride: [2, 3], low: [1, 0], high: [0, 1] }),
    convolution([n, five, constant(5), constant(2)], [2, 3, 2, 1], { dilation: [3, 2], low: [2, 2], high: [1, 2] }),
    convolution([n, constant(7), five, constant(4)], [3, 3, 2, 6], { groups: 2, stride: [2, 2], low: [1, 1], high: [1, 1] }),
    convolution([n, five, five, constant(3)], [3, 3, 1, 3], { groups: 3, stride: [1, 2], low: [1, 1], high: [1, 1] }),
    convolution([n, five, five, constant(2)], [3, 3, 1, 6], { groups: 2, dilation: [2, 1], low: [2, 1], high: [2, 1] }),
    convolution([n, constant(4), constant(6), constant(2)], [2, 3, 2, 3], { stride: [2, 3] }),
    convolution([n, five, five, constant(2)], [1, 1, 2, 3], {}),
    convolution([n, five, five, constant(2)], [1, 1, 2, 3], { stride: [2, 2] }),
    convolution([n, m, m, constant(2)], [1, 2, 2, 3], { stride: [4, 2] }),
  ],
  log_sigmoid: [unary("log_sigmoid")],
  gelu: (["none", "tanh", "quick"] as const).map(
    (approximate): Sample =>
      ({ b, x }) =>
        b.emit("gelu", [x()], { approximate }),
  ),
  softmax: [0, 1].map(
    (axis): Sample =>
      ({ b, x }) =>
        b.emit("softmax", [x()], { axis }),
  ),
  l2_normalize: [
    ({ b, x }) => b.emit("l2_normalize", [x()], { axis: 1, eps: 1e-6 }),
    ({ b, x }) => b.emit("l2_normalize", [x()], { axis: 0, eps: 1e-6 }),
    // Shorter than eps: a division by a constant.
    ({ b, x }) => b.emit("l2_normalize", [x()], { axis: 1, eps: 50 }),
  ],
  layer_norm: [
    ({ b, x }) => b.emit("layer_norm", [x()], { eps: 1e-3 }),
    ({ b, draw }) => b.emit("layer_norm", [draw([n, m, five])], { eps: 1e-6 }),
  ],
  in_top_k: [({ b, x }) => b.selectOrZero(b.emit("in_top_k", [x()], { axis: 1, k: 2 }), x())],

  arg: inBody,
  loop_index: inBody,
  project: inBody,
} as const satisfies { readonly [K in OpName]: readonly Sample[] | string };

const span = { file: "op.sig", start: 0, end: 0 };

/** loss = Σ sin(sample), whose cotangents differ from element to element. */
function programOf(sample: Sample, seed: number) {
  const random = randomFrom(seed);
  const b = new GraphBuilder(span);
  const inputs = new Map<string, { readonly shape: readonly number[]; readonly data: Float64Array }>();
  const wrt: string[] = [];
  const draw: Maker["draw"] = (shape, low = -2, high = 2, dtype = "f32") => {
    const name = `in${inputs.size}`;
    const concrete = shape.map((size) => evaluateSize(size, dims));
    const element = isFloat(dtype) ? () => low + (high - low) * random.uniform() : () => random.below(high);
    inputs.set(name, { shape: concrete, data: Float64Array.from({ length: elementCount(concrete) }, element) });
    if (isFloat(dtype)) wrt.push(name);
    return b.emit("input", [], { name, role: "data", type: { dtype, shape } });
  };
  const once = (make: () => Id): (() => Id) => {
    let id: Id | null = null;
    return () => (id ??= make());
  };
  const maker: Maker = {
    b,
    draw,
    x: once(() => draw([n, five])),
    y: once(() => draw([n, five])),
    positive: once(() => draw([n, five], 0.5, 2)),
  };
  const value = sample(maker);
  const loss = b.sum(
    b.emit("sin", [value], {}),
    b.shape(value).map((_, axis) => axis),
  );
  return { graph: b.finish([{ name: "loss", value: loss }]), inputs, wrt };
}

function gradientOf(graph: Graph, wrt: readonly string[]): Graph {
  const result = differentiate(graph, { of: "loss", wrt });
  if (result.graph === null) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
  return result.graph;
}

describe("the gradient of each op is its slope", () => {
  for (const [op, tried] of Object.entries(samples)) {
    if (typeof tried === "string") {
      test(`${op} ${tried}`, () => expect(tried).not.toBe(""));
      continue;
    }
    tried.forEach((sample: Sample, k: number) => {
      test(`${op} ${k}`, () => {
        for (const seed of [1, 2, 3]) {
          const { graph, inputs, wrt } = programOf(sample, seed * 1000 + k);
          expectGradient({ graph: gradientOf(graph, wrt), wrt, inputs, dims, seed });
        }
      });
    });
  }
});
