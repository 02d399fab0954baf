/** One graph that applies every op: what printers, verifiers and engines are walked over with. */
import { GraphBuilder } from "../../compiler/graph/builder.js";
import type { Graph, Id } from "../../compiler/graph/graph.js";
import type { OpName } from "../../compiler/graph/op-table.js";
import { addSizes, batch, constant, one } from "../../compiler/graph/size.js";

const n = batch("n");
const k = constant(5);

type Given = { readonly x: Id; readonly y: Id; readonly i: Id; readonly p: Id; readonly q: Id };
type Make = (b: GraphBuilder, given: Given) => Id;

/** For ops without attributes. */
const u =
  (op: OpName): Make =>
  (b, { x }) =>
    b.emit(op, [x], {} as never);
const bin =
  (op: OpName): Make =>
  (b, { x, y }) =>
    b.emit(op, [x, y], {} as never);

/** Ops that stand in bodies or need a tile are not here. */
export const makers = {
  input: (_, { x }) => x,
  const: (b) => b.const(-0.25, "f64"),
  size: (b) => b.size(addSizes(n, constant(2)), "i32"),
  iota: (b) => b.emit("iota", [], { size: n }),
  neg: u("neg"),
  abs: u("abs"),
  sign: u("sign"),
  exp: u("exp"),
  expm1: u("expm1"),
  log: u("log"),
  log1p: u("log1p"),
  sqrt: u("sqrt"),
  rsqrt: u("rsqrt"),
  sin: u("sin"),
  cos: u("cos"),
  tanh: u("tanh"),
  erf: u("erf"),
  floor: u("floor"),
  sigmoid: u("sigmoid"),
  softplus: u("softplus"),
  stop_gradient: u("stop_gradient"),
  not: (b, { p }) => b.emit("not", [p], {}),
  cast: (b, { x }) => b.emit("cast", [x], { dtype: "i32" }),
  add: bin("add"),
  sub: bin("sub"),
  mul: bin("mul"),
  div: bin("div"),
  mod: bin("mod"),
  pow: bin("pow"),
  maximum: bin("maximum"),
  minimum: bin("minimum"),
  eq: bin("eq"),
  ne: bin("ne"),
  lt: bin("lt"),
  le: bin("le"),
  gt: bin("gt"),
  ge: bin("ge"),
  and: (b, { p, q }) => b.emit("and", [p, q], {}),
  or: (b, { p, q }) => b.emit("or", [p, q], {}),
  random: (b, { i }) => b.emit("random", [i, i, i, i], {}),
  select: (b, { p, x, y }) => b.select(p, x, y),
  broadcast: (b, { x }) => b.broadcast(x, [n, constant(2), k], [0, 2]),
  transpose: (b, { x }) => b.transpose(x, [1, 0]),
  reshape: (b, { x }) => b.reshape(x, [k, n]),
  slice: (b, { x }) => b.emit("slice", [x], { axis: 1, start: constant(1), stop: constant(4) }),
  pad: (b, { x }) => b.emit("pad", [x], { axis: 0, low: constant(0), high: addSizes(n, constant(2)) }),
  concat: (b, { x, y }) => b.emit("concat", [x, y, x], { axis: 0 }),
  windows: (b, { x }) => b.emit("windows", [x], { axis: 1, count: 3, size: 2, stride: 2, dilation: -1, start: -1, over: 3 }),
  stored: (b, { x }) => b.emit("stored", [x], {}),
  sum: (b, { x }) => b.sum(x, [0, 1]),
  max: (b, { x }) => b.emit("max", [x], { axes: [0] }),
  min: (b, { x }) => b.emit("min", [x], { axes: [1] }),
  logsumexp: (b, { x }) => b.emit("logsumexp", [x], { axes: [1] }),
  argmax: (b, { x }) => b.emit("argmax", [x], { axis: 1 }),
  topk: (b, { x }) => b.emit("topk", [x], { axis: 1, k: 3 }),
  topk_index: (b, { x }) => b.emit("topk_index", [x], { axis: 0, k: 2 }),
  cumsum: (b, { x }) => b.emit("cumsum", [x], { axis: 0, reverse: true }),
  sort: (b, { x }) => b.emit("sort", [x], { axis: 1 }),
  dot: (b, { x, y }) => b.dot(x, y, [[1, 1]], [[0, 0]]),
  gather: (b, { x, i }) => b.emit("gather", [x, i], { axis: 1 }),
  scatter_add: (b, { x, i }) => b.emit("scatter_add", [x, i], { axis: 0, size: constant(4) }),
  conv2d: (b, { x }) =>
    b.emit("conv2d", [b.reshape(x, [n, constant(5), constant(1), constant(1)]), b.reshape(b.const(2), [one, one, one, one])], {
      stride: [2, 1],
      dilation: [1, 1],
      low: [0, 1],
      high: [1, 0],
      groups: 1,
    }),
  log_sigmoid: u("log_sigmoid"),
  gelu: (b, { x }) => b.emit("gelu", [x], { approximate: "quick" }),
  softmax: (b, { x }) => b.emit("softmax", [x], { axis: 0 }),
  l2_normalize: (b, { x }) => b.emit("l2_normalize", [x], { axis: 1, eps: 1e-12 }),
  layer_norm: (b, { x }) => b.emit("layer_norm", [x], { eps: 1e-6 }),
  in_top_k: (b, { x }) => b.emit("in_top_k", [x], { axis: 1, k: 2 }),
} as const satisfies { readonly [K in Exclude<OpName, "arg" | "loop_index" | "project">]: Make };

/** x, y: f32[n, 5]; i: i32[n] in 0…4; p, q: bool[n, 5]. */
export function everyOp(): Graph {
  const b = new GraphBuilder({ file: "every.sig", start: 0, end: 1 });
  const input = (name: string, dtype: "f32" | "i32" | "bool", wide: boolean): Id =>
    b.emit("input", [], { name, role: "data", type: { dtype, shape: wide ? [n, k] : [n] } });
  const given = {
    x: input("x", "f32", true),
    y: input("y", "f32", true),
    i: input("i", "i32", false),
    p: input("p", "bool", true),
    q: input("q", "bool", true),
  };
  const outputs = Object.entries(makers).map(([name, make], at) => {
    b.span = { file: "every.sig", start: at, end: at + 3 };
    return { name, value: make(b, given) };
  });
  return b.finish(outputs);
}
