/** Every op with the operands at which engines go wrong: extremes, ties, odd sizes, edges of integers. */
import { GraphBuilder } from "../../compiler/graph/builder.js";
import type { Graph, Id } from "../../compiler/graph/graph.js";
import type { OpName, Windows } from "../../compiler/graph/op-table.js";
import { addSizes, constant } from "../../compiler/graph/size.js";
import type { DType, Shape } from "../../compiler/graph/type.js";
import type { Value } from "../../runtime/engines/reference/value.js";
import { randomFrom } from "../support/random.js";

export type OpCase = {
  readonly name: string;
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<
    string,
    Value
  > /** `largest`: rounding accumulates, so that errors are measured against the largest element. */;
  readonly measure: "each" | "largest";
};

type Given = { readonly dtype: DType; readonly shape: readonly number[]; readonly data: readonly number[] };

const shapeOf = (shape: readonly number[]): Shape => shape.map(constant);

function opCase(
  name: string,
  measure: OpCase["measure"],
  given: readonly Given[],
  emit: (b: GraphBuilder, ids: readonly Id[]) => Id,
): OpCase {
  const b = new GraphBuilder({ file: "conformance.sig", start: 0, end: 0 });
  const ids = given.map(({ dtype, shape }, k) =>
    b.emit("input", [], { name: `x${k}`, role: "data", type: { dtype, shape: shapeOf(shape) } }),
  );
  const result = emit(b, ids);
  const inputs = new Map(given.map(({ shape, data }, k): [string, Value] => [`x${k}`, { shape, data: Float64Array.from(data) }]));
  return { name, graph: b.finish([{ name: "result", value: result }]), inputs, measure };
}

const f32 = (shape: readonly number[], data: readonly number[]): Given => ({ dtype: "f32", shape, data });
const i32 = (shape: readonly number[], data: readonly number[]): Given => ({ dtype: "i32", shape, data });
const bool = (shape: readonly number[], data: readonly number[]): Given => ({ dtype: "bool", shape, data });

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const normals = (seed: number, ...shape: number[]): Given => f32(shape, Array.from({ length: count(shape) }, randomFrom(seed).normal));
/** Many equal elements. */
const tied = (seed: number, ...shape: number[]): Given => {
  const { below } = randomFrom(seed);
  return f32(
    shape,
    Array.from({ length: count(shape) }, () => below(4) - 2),
  );
};
const indices = (seed: number, below: number, ...shape: number[]): Given =>
  i32(
    shape,
    Array.from({ length: count(shape) }, () => randomFrom(seed + count(shape)).below(below)),
  );
const coins = (seed: number, ...shape: number[]): Given => {
  const { below } = randomFrom(seed);
  return bool(
    shape,
    Array.from({ length: count(shape) }, () => below(2)),
  );
};

/** Integers of 32 bits, the ends among them. */
const words = (seed: number): Given => {
  const { below } = randomFrom(seed);
  return i32([40], [0, 1, -1, 2147483647, -2147483648, ...Array.from({ length: 35 }, () => below(2 ** 31) * 2 - 2 ** 31)]);
};

const window = { count: 1, size: 1, stride: 1, dilation: 1, start: 0, over: 1 };
const windows = (name: string, x: Given, attrs: Partial<Windows> & { readonly axis: number }): OpCase =>
  opCase(name, "each", [x], (b, ids) => b.emit("windows", ids, { ...window, ...attrs }));
/** Places of places, which no kernel indexes through in one step. */
const windowsOfWindows = (): OpCase =>
  opCase("of windows", "each", [normals(4, 9, 2)], (b, ids) => {
    const once = b.emit("windows", ids, { ...window, axis: 0, count: 5, size: 4, stride: 2, start: -1 });
    return b.emit("windows", [once], { ...window, axis: 1, count: 4, size: 2, start: -1 });
  });

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const reals = [
  0,
  1e-30,
  1e-8,
  -1e-8,
  1e-6,
  1e-4,
  -1e-4,
  0.01,
  -0.3,
  0.49,
  0.5,
  -0.51,
  0.99,
  1,
  -1,
  1.5,
  3,
  -3,
  10,
  -10,
  30,
  -30,
  60,
  -60,
  87,
  -87,
  100,
  -100,
  1e4,
  -1e4,
  1e30,
  inf,
  -inf,
  nan,
];
const positive = reals.filter((x) => !(x < 0));
/** Where trigonometry still means something in f32. */
const angles = reals.filter((x) => Number.isFinite(x) && Math.abs(x) <= 1e4);
const integers = [0, 1, -1, 7, -7, 1000, 65536, 16777216, 16777217, -16777217, 2147483647, -2147483648];

const plain = {} as never;
const of =
  (op: OpName, ...given: Given[]) =>
  (name: string, measure: OpCase["measure"] = "each", attrs: object = {}): OpCase =>
    opCase(name, measure, given, (b, ids) => b.emit(op, ids, attrs as never));
const unary = (op: OpName, data: readonly number[] = reals): readonly OpCase[] => [
  of(op, f32([data.length], data))("extremes"),
  of(op, normals(3, 3, 5, 7))("three axes"),
];
const signed = (op: OpName): readonly OpCase[] => [...unary(op), of(op, i32([integers.length], integers))("integers")];

/** All pairs of two lists. */
const pairs = (list: readonly number[], other: readonly number[] = list): readonly [number[], number[]] => [
  list.flatMap((x) => other.map(() => x)),
  list.flatMap(() => [...other]),
];
function binary(op: OpName, list: readonly number[] = [0, 0.5, -0.5, 1, -1, 3, -3, 1e4, -1e4, 1e-8, inf, -inf, nan]): readonly OpCase[] {
  const [x, y] = pairs(list);
  const row = (b: GraphBuilder, [m, v]: readonly Id[]): Id => b.emit(op, [m ?? 0, b.broadcast(v ?? 0, shapeOf([5, 7]), [1])], plain);
  const column = (b: GraphBuilder, [m, v]: readonly Id[]): Id => b.emit(op, [b.broadcast(v ?? 0, shapeOf([5, 7]), [0]), m ?? 0], plain);
  const outer = (b: GraphBuilder, [p, q]: readonly Id[]): Id =>
    b.emit(op, [b.broadcast(p ?? 0, shapeOf([5, 7]), [0]), b.broadcast(q ?? 0, shapeOf([5, 7]), [1])], plain);
  const number = (b: GraphBuilder, [m]: readonly Id[]): Id => b.emit(op, [m ?? 0, b.constLike(0.75, m ?? 0)], plain);
  return [
    of(op, f32([x.length], x), f32([y.length], y))("all pairs of extremes"),
    opCase("with a row", "each", [normals(4, 5, 7), normals(5, 7)], row),
    opCase("with a column", "each", [normals(4, 5, 7), normals(5, 5)], column),
    opCase("of a column and a row", "each", [normals(6, 5), normals(7, 7)], outer),
    opCase("with a number", "each", [normals(8, 5, 7)], number),
  ];
}
function integral(op: OpName, list: readonly number[] = integers): readonly OpCase[] {
  const [x, y] = pairs(
    list,
    list.filter((v) => v !== 0 || op !== "mod"),
  );
  return [...binary(op), of(op, i32([x.length], x), i32([y.length], y))("all pairs of integers")];
}
const equality = (op: OpName): readonly OpCase[] => [...integral(op), of(op, bool([4], [0, 0, 1, 1]), bool([4], [0, 1, 0, 1]))("bools")];

function reductions(
  op: OpName,
  axes: readonly (readonly number[])[] = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]],
): readonly OpCase[] {
  const special = f32([6, 4], [1, nan, 2, 3, -inf, -inf, -inf, -inf, inf, 1, -inf, 2, 1e4, 1e4, -1e4, 1, -inf, nan, inf, 0, 5, 5, 5, 5]);
  return [
    ...axes.map((list) => of(op, normals(9, 3, 37, 5))(`over [${list}]`, "largest", { axes: list })),
    of(op, normals(10, 1, 131))("over a long odd axis", "largest", { axes: [1] }),
    of(op, normals(11, 131, 3))("over a long first axis", "largest", { axes: [0] }),
    of(op, normals(12, 1, 1))("over single elements", "largest", { axes: [0, 1] }),
    of(op, special)("with infinities and NaN", "each", { axes: [1] }),
    of(op, special)("with infinities and NaN, first axis", "each", { axes: [0] }),
  ];
}
const integerReduction = (op: OpName): OpCase =>
  of(op, i32([3, 4], [1, 16777217, -5, 2147483646, 3, 3, 3, -2147483648, 0, 0, 0, 0]))("integers", "each", { axes: [1] });

const special = f32(
  [5, 6],
  [1, nan, 2, nan, 3, 0, -inf, -inf, -inf, -inf, -inf, -inf, 2, inf, inf, 1, -inf, 2, 0, 0, 0, 0, 0, 0, -inf, 4, -inf, 4, 1, -inf],
);
function ranking(op: OpName, attrs: object): readonly OpCase[] {
  return [
    of(op, tied(13, 9, 11))("ties along the last axis", "each", { axis: 1, ...attrs }),
    of(op, tied(14, 9, 11))("ties along the first axis", "each", { axis: 0, ...attrs }),
    of(op, normals(15, 3, 7, 5))("along a middle axis", "each", { axis: 1, ...attrs }),
    of(op, special)("infinities and NaN", "each", { axis: 1, ...attrs }),
  ];
}
const topk = (op: OpName): readonly OpCase[] => [
  ...ranking(op, { k: 3 }),
  ...ranking(op, { k: 1 }),
  of(op, normals(16, 3, 4))("fewer than k", "each", { axis: 1, k: 6 }),
];

/** Sums that a naive f32 loop gets wrong by 1e-3; exact in f64 in any order, so that the oracle's own loop is right. */
const manyEqual = (): OpCase =>
  of(
    "sum",
    f32(
      [512, 1024],
      Array.from({ length: 512 * 1024 }, () => Math.fround(0.1)),
    ),
  )("half a million equal numbers", "each", { axes: [0, 1] });

/** Reductions that keep lanes: more of them than one task takes, and rows enough to be shared. */
const wide = (op: OpName, attrs: object = {}): readonly OpCase[] => [
  of(op, normals(1, 300, 1037))("300 rows of 1037", "largest", { axes: [0], ...attrs }),
  of(op, normals(2, 2, 33, 515))("rows in the middle", "largest", { axes: [1], ...attrs }),
];

/** Products whose axes are put beside one another in another order, and times a matrix. */
const besideOneAnother = (name: string, perm: readonly number[], shape: readonly [number, number, number]): OpCase =>
  opCase(name, "largest", [normals(1, 2, 3, 17, 5), normals(2, 2, 3, 5, 9), normals(3, shape[2], 11)], (b, [x = -1, y = -1, w = -1]) => {
    const batch = [
      [0, 0],
      [1, 1],
    ] as const;
    const heads = b.dot(x, y, [[3, 2]], batch);
    return b.dot(b.emit("reshape", [b.transpose(heads, perm)], { shape: shapeOf(shape) }), w, [[2, 0]], []);
  });

export const opCases = {
  input: [],
  const: [
    opCase("as a result", "each", [], (b) => b.const(-0.1)),
    opCase("infinite, repeated", "each", [], (b) => b.broadcast(b.const(-inf), shapeOf([3, 2]), [])),
    opCase("integer", "each", [], (b) => b.const(16777217, "i32")),
    opCase("bool", "each", [], (b) => b.const(1, "bool")),
  ],
  size: [opCase("as a number", "each", [normals(1, 3)], (b, [x]) => b.mul(b.broadcast(b.size(constant(1001)), shapeOf([3]), []), x ?? 0))],
  iota: [
    opCase("17", "each", [], (b) => b.emit("iota", [], { size: constant(17) })),
    opCase("1", "each", [], (b) => b.emit("iota", [], { size: constant(1) })),
  ],

  neg: signed("neg"),
  abs: signed("abs"),
  sign: signed("sign"),
  exp: unary("exp"),
  expm1: unary("expm1"),
  log: unary("log"),
  log1p: [...unary("log1p"), of("log1p", f32([3], [-1, -0.999999, 3e38]))("ends")],
  sqrt: unary("sqrt"),
  rsqrt: unary("rsqrt", positive),
  sin: unary("sin", angles),
  cos: unary("cos", angles),
  tanh: unary("tanh"),
  erf: unary("erf"),
  floor: unary("floor"),
  sigmoid: unary("sigmoid"),
  softplus: unary("softplus"),
  not: [of("not", coins(1, 3, 5))("bools")],
  // Dropped before any plan.
  stop_gradient: [],
  cast: [
    of("cast", f32([11], [1.9, -1.9, 0, 0.3, nan, inf, -inf, 3e9, -3e9, 2147483648, 16777217]))("float to integer", "each", {
      dtype: "i32",
    }),
    of("cast", f32([6], [1.9, -0.3, 0, nan, 1e-30, -0]))("float to bool", "each", { dtype: "bool" }),
    of("cast", i32([5], [0, 1, 2, -7, 65536]))("integer to bool", "each", { dtype: "bool" }),
    of("cast", i32([5], [0, 1, -7, 65537, 16777215]))("integer to float", "each", { dtype: "f32" }),
    of("cast", coins(2, 3, 3))("bool to float", "each", { dtype: "f32" }),
    of("cast", coins(2, 3, 3))("bool to integer", "each", { dtype: "i32" }),
    of("cast", normals(2, 4))("float to float", "each", { dtype: "f32" }),
  ],

  add: integral("add"),
  sub: integral("sub"),
  mul: integral("mul"),
  div: binary("div"),
  mod: [
    ...binary("mod", [0.5, -0.5, 3, -3, 7.25, -7.25, 100]),
    of("mod", i32([6], [7, -7, 7, -7, 6, 0]), i32([6], [3, 3, -3, -3, 3, 5]))("integers"),
  ],
  pow: binary("pow", [0, 0.5, -0.5, 2, -2, 3, -3]),
  maximum: integral("maximum"),
  minimum: integral("minimum"),
  eq: equality("eq"),
  ne: equality("ne"),
  lt: integral("lt"),
  le: integral("le"),
  gt: integral("gt"),
  ge: integral("ge"),
  and: [of("and", bool([4], [0, 0, 1, 1]), bool([4], [0, 1, 0, 1]))("all")],
  or: [of("or", bool([4], [0, 0, 1, 1]), bool([4], [0, 1, 0, 1]))("all")],
  select: [
    of("select", bool([4], [0, 1, 0, 1]), f32([4], [nan, 1, inf, 2]), f32([4], [3, nan, 4, -inf]))("what is not chosen does not leak"),
    of("select", bool([2], [1, 0]), i32([2], [16777217, 1]), i32([2], [5, 16777219]))("integers"),
    of("select", bool([4], [0, 0, 1, 1]), bool([4], [0, 1, 0, 1]), bool([4], [1, 0, 1, 0]))("bools"),
    opCase("a row of conditions", "each", [coins(5, 7), normals(6, 5, 7)], (b, [c, x]) =>
      b.selectOrZero(b.broadcast(c ?? 0, shapeOf([5, 7]), [1]), x ?? 0),
    ),
    opCase("a column of conditions on numbers", "each", [coins(5, 5)], (b, [c]) => {
      const shape = shapeOf([5, 7]);
      return b.select(b.broadcast(c ?? 0, shape, [0]), b.broadcast(b.const(1), shape, []), b.broadcast(b.const(-inf), shape, []));
    }),
  ],

  broadcast: [
    opCase("into a middle axis", "each", [normals(1, 3, 5)], (b, [x]) => b.broadcast(x ?? 0, shapeOf([2, 3, 4, 5]), [1, 3])),
    opCase("a number", "each", [normals(1)], (b, [x]) => b.broadcast(x ?? 0, shapeOf([3, 2]), [])),
    opCase("bools", "each", [coins(1, 3)], (b, [x]) => b.broadcast(x ?? 0, shapeOf([3, 4]), [0])),
    opCase("twice, then reduced", "largest", [normals(1, 3)], (b, [x]) =>
      b.sum(b.broadcast(b.broadcast(x ?? 0, shapeOf([3, 4]), [0]), shapeOf([2, 3, 4]), [1, 2]), [0, 2]),
    ),
    opCase("an axis of one", "each", [normals(1, 3, 1)], (b, [x]) => b.broadcast(x ?? 0, shapeOf([2, 3, 1]), [1, 2])),
  ],
  transpose: [
    ...(
      [
        [1, 0],
        [0, 1],
      ] as const
    ).map((perm) => of("transpose", normals(1, 17, 9))(`[${perm}]`, "each", { perm })),
    of("transpose", normals(1, 3, 4, 5))("three axes", "each", { perm: [2, 0, 1] }),
    of("transpose", normals(1, 2, 4, 2, 4, 2, 3))("six axes, as in patches", "each", { perm: [0, 1, 3, 2, 4, 5] }),
    of("transpose", coins(1, 3, 5))("bools", "each", { perm: [1, 0] }),
    of("transpose", i32([2, 2], [1, 16777217, 3, 4]))("integers", "each", { perm: [1, 0] }),
  ],
  reshape: [
    of("reshape", normals(1, 4, 6))("to three axes", "each", { shape: shapeOf([2, 3, 4]) }),
    of("reshape", normals(1, 1))("to a number", "each", { shape: [] }),
  ],
  stored: [
    opCase("a square", "each", [normals(1, 4, 6)], (b, [x]) => b.exp(b.emit("stored", [b.mul(x ?? 0, x ?? 0)], {}))),
    opCase("of a transpose, of a number", "each", [normals(1, 4, 6)], (b, [x]) =>
      b.add(b.emit("stored", [b.transpose(x ?? 0, [1, 0])], {}), b.broadcast(b.emit("stored", [b.const(2)], {}), shapeOf([6, 4]), [])),
    ),
  ],
  slice: [
    of("slice", normals(1, 7, 5))("first axis", "each", { axis: 0, start: constant(2), stop: constant(5) }),
    of("slice", normals(1, 3, 7, 2, 2, 2, 2))("second of six axes", "each", { axis: 1, start: constant(6), stop: constant(7) }),
    of("slice", coins(1, 7))("bools", "each", { axis: 0, start: constant(1), stop: constant(4) }),
  ],
  pad: [
    of("pad", normals(1, 3, 5))("last axis", "each", { axis: 1, low: constant(2), high: constant(0) }),
    of("pad", normals(1, 2, 3, 2, 2, 2))("second of five axes", "each", { axis: 1, low: constant(0), high: constant(3) }),
    of("pad", i32([3], [5, 16777217, -1]))("integers", "each", { axis: 0, low: constant(1), high: constant(1) }),
    of("pad", coins(1, 3))("bools", "each", { axis: 0, low: constant(1), high: constant(1) }),
  ],
  concat: [
    of("concat", normals(1, 3, 5), normals(2, 3, 2), normals(3, 3, 1))("last axis", "each", { axis: 1 }),
    of("concat", normals(1, 3, 5), normals(2, 1, 5))("first axis", "each", { axis: 0 }),
    of("concat", coins(1, 3), coins(2, 2))("bools", "each", { axis: 0 }),
  ],
  random: [
    of("random", words(1), words(2), words(3), words(4))("all sorts of words"),
    opCase("a key for all", "each", [words(5), i32([], [-1])], (b, [x = -1, key = -1]) => {
      const everywhere = b.broadcast(key, shapeOf([40]), []);
      return b.emit("random", [x, everywhere, everywhere, x], {});
    }),
  ],

  windows: [
    windows("overlapping, with zeros", normals(1, 2, 7, 5), { axis: 1, count: 4, size: 3, stride: 2, start: -1 }),
    windows("one place to a window", normals(1, 7, 3), { axis: 0, count: 9, size: 1, start: -1 }),
    windows("the last axis", normals(1, 3, 7), { axis: 1, count: 3, size: 4, stride: 2, dilation: 2, start: -3 }),
    windows("between zeros, backwards", normals(1, 2, 4, 3), { axis: 1, count: 9, size: 3, dilation: -1, start: 1, over: 2 }),
    windows("all outside", normals(1, 4, 3), { axis: 0, count: 2, size: 2, start: 9 }),
    windows("zeros beside infinity", f32([3], [inf, nan, -inf]), { axis: 0, count: 3, size: 3, start: -1 }),
    windowsOfWindows(),
    opCase("of a broadcast, and summed", "largest", [normals(2, 5)], (b, [x = -1]) =>
      b.sum(b.emit("windows", [b.broadcast(x, shapeOf([4, 5]), [1])], { axis: 0, ...window, count: 4, size: 3, start: -1 }), [0]),
    ),
    opCase("of an axis of one", "each", [normals(2, 5)], (b, [x = -1]) =>
      b.emit("windows", [b.reshape(b.exp(x), shapeOf([5, 1, 1]))], { axis: 1, ...window, count: 2, size: 2, start: -1 }),
    ),
    opCase("beside what they are cut from", "each", [normals(2, 6, 5)], (b, [x = -1]) => {
      const y = b.exp(x);
      return b.mul(b.sum(b.emit("windows", [y], { axis: 0, ...window, count: 6, size: 3, start: -1 }), [1]), y);
    }),
    opCase("sliced, reshaped and sorted", "each", [normals(2, 6, 4)], (b, [x = -1]) => {
      const cut = b.emit("windows", [x], { axis: 0, ...window, count: 6, size: 3, start: -1 });
      const some = b.emit("slice", [cut], { axis: 0, start: constant(1), stop: constant(5) });
      return b.emit("sort", [b.reshape(some, shapeOf([12, 4]))], { axis: 0 });
    }),
  ],

  sum: [...reductions("sum"), integerReduction("sum"), manyEqual(), ...wide("sum")],
  max: [...reductions("max"), integerReduction("max")],
  min: [...reductions("min"), integerReduction("min")],
  logsumexp: [
    ...reductions("logsumexp"),
    ...wide("logsumexp"),
    of("logsumexp", f32([5, 2], [0, -inf, 15, 3, 15.5, 40, 33, -60, 120, 41]))("by small steps and large ones, upwards", "each", {
      axes: [0],
    }),
    of("logsumexp", f32([4, 3], [1e4, 1e4, 1e4, -1e4, -1e4, -1e4, 1e4, -1e4, 0, -inf, -1e4, -inf]))("at ±1e4", "each", { axes: [1] }),
  ],
  argmax: ranking("argmax", {}),
  topk: topk("topk"),
  topk_index: topk("topk_index"),
  cumsum: [
    of("cumsum", normals(1, 5, 33))("forward", "largest", { axis: 1, reverse: false }),
    of("cumsum", normals(1, 33, 5))("from the end", "largest", { axis: 0, reverse: true }),
    of(
      "cumsum",
      f32(
        [1, 4096],
        Array.from({ length: 4096 }, () => 0.1),
      ),
    )("long", "each", { axis: 1, reverse: false }),
    of("cumsum", i32([4], [1, 16777217, 3, -4]))("integers", "each", { axis: 0, reverse: false }),
  ],
  sort: [...ranking("sort", {}), of("sort", i32([4], [3, -7, 16777217, 16777216]))("integers", "each", { axis: 0 })],

  dot: [
    ...([[[1, 0]], [[1, 1]], [[0, 0]], [[0, 1]]] as const).map((contract) =>
      of("dot", normals(1, 33, 33), normals(2, 33, 33))(`axes ${JSON.stringify(contract)}`, "largest", { batch: [], contract }),
    ),
    of("dot", normals(1, 67, 5), normals(2, 41, 5))("odd sizes", "largest", { batch: [], contract: [[1, 1]] }),
    of("dot", normals(1, 3, 7, 5), normals(2, 3, 9, 5))("one batch axis", "largest", { batch: [[0, 0]], contract: [[2, 2]] }),
    of("dot", normals(1, 3, 7, 2, 5), normals(2, 5, 2, 3, 4))("batch axes in other places", "largest", {
      batch: [
        [0, 2],
        [2, 1],
      ],
      contract: [[3, 0]],
    }),
    of("dot", normals(1, 3, 4, 5), normals(2, 4, 7, 5))("two contracted axes", "largest", {
      batch: [],
      contract: [
        [1, 0],
        [2, 2],
      ],
    }),
    of("dot", normals(1, 5, 33), normals(2, 5, 33))("row by row", "largest", { batch: [[0, 0]], contract: [[1, 1]] }),
    of("dot", normals(1, 33), normals(2, 33))("two vectors", "largest", { batch: [], contract: [[0, 0]] }),
    of("dot", normals(1, 5), normals(2, 7))("outer product", "largest", { batch: [], contract: [] }),
    of("dot", normals(1, 5, 7), normals(2, 7))("matrix and vector", "largest", { batch: [], contract: [[1, 0]] }),
    of("dot", f32([2, 2], [0, 1, inf, 1]), f32([2, 2], [nan, 1, 2, 0]))("NaN and infinity reach the result", "each", {
      batch: [],
      contract: [[1, 0]],
    }),
    of("dot", normals(1, 4, 4001), normals(2, 4001, 3))("a long inner axis", "largest", { batch: [], contract: [[1, 0]] }),
    besideOneAnother("heads side by side, times a matrix", [0, 2, 1, 3], [2, 17, 27]),
    besideOneAnother("rows that become columns, times a matrix", [0, 3, 1, 2], [2, 9, 51]),
    opCase(
      "of one right operand as a matrix and as a column",
      "largest",
      [normals(1, 4, 6), normals(2, 6, 5), normals(3, 6, 5)],
      (b, ins) => {
        const [x = -1, y = -1, z = -1] = ins;
        const product = b.dot(x, y, [[1, 0]], []);
        const number = b.emit("dot", [z, y], {
          batch: [],
          contract: [
            [0, 0],
            [1, 1],
          ],
        });
        const again = b.dot(x, y, [[1, 0]], []);
        return b.add(b.add(product, again), b.broadcast(number, shapeOf([4, 5]), []));
      },
    ),
    opCase(
      "and an array added whose columns lie far apart",
      "largest",
      [normals(1, 13, 6), normals(2, 6, 53), normals(3, 53, 13)],
      (b, ins) => {
        const [x = -1, y = -1, z = -1] = ins;
        return b.add(b.dot(x, y, [[1, 0]], []), b.transpose(z, [1, 0]));
      },
    ),
  ],
  gather: [
    of("gather", normals(1, 7, 5), i32([6], [0, 6, 3, 3, -1, 7]))("rows, two of them out of range", "each", { axis: 0 }),
    of("gather", normals(1, 3, 7, 2), indices(2, 7, 2, 2))("middle axis by a matrix", "each", { axis: 1 }),
    of("gather", normals(1, 7, 5), i32([], [2]))("by a number", "each", { axis: 0 }),
    of("gather", i32([3], [16777217, 2, 3]), i32([2], [0, 9]))("integers", "each", { axis: 0 }),
    of("gather", f32([3], [nan, 2, inf]), i32([3], [-1, 1, 3]))("out of range reads 0, not NaN", "each", { axis: 0 }),
    of("gather", coins(3, 5), i32([3], [4, 0, 5]))("bools", "each", { axis: 0 }),
  ],
  scatter_add: [
    of("scatter_add", normals(1, 6, 5), i32([6], [0, 3, 3, 3, -1, 4]))("rows, some twice, two out of range", "each", {
      axis: 0,
      size: constant(4),
    }),
    of("scatter_add", normals(1, 3, 2, 2, 5), indices(2, 7, 2, 2))("middle axes by a matrix", "largest", { axis: 1, size: constant(7) }),
    of("scatter_add", i32([3], [16777217, 2, 3]), i32([3], [0, 0, 9]))("integers", "each", {
      axis: 0,
      size: addSizes(constant(1), constant(1)),
    }),
    of("scatter_add", normals(1, 5), i32([], [2]))("by a number", "each", { axis: 0, size: constant(4) }),
  ],

  conv2d: [],
  log_sigmoid: [],
  gelu: [],
  softmax: [],
  l2_normalize: [],
  layer_norm: [],
  in_top_k: [],
  arg: [],
  loop_index: [],
  project: [],
} as const satisfies { readonly [K in OpName]: readonly OpCase[] };
