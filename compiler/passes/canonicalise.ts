/**
 * One spelling for values that are equal: constants folded, layout ops composed, signs outward, work on repeated
 * elements done once.
 *
 *   neg neg x => x                    x * 1, x / 1 => x             x * -1 => neg x        neg x * y => neg (x * y)
 *   transpose transpose x => one      broadcast s * broadcast t => broadcast (s * t)       sum broadcast x => x * size
 *   dot (transpose x), y => dot x, y with other axes                select true, x, y => x
 *   dot x, y over nothing => broadcast x * broadcast y
 *
 * Keeps every value up to rounding, infinities and NaN included: x * 0, x − x and x + 0 (which turns −0 into 0) stay.
 * Keeps gradients too, so that it may run before and after autodiff: the winner of a tie stays the winner.
 */
import { extentOf, type GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import { type AxisPairs, isElementwise, type OpName } from "../graph/op-table.js";
import { outerProduct } from "../graph/outer-product.js";
import {
  type AnyOpRule,
  constantOf,
  madeBy,
  operandOf,
  type PeepholeRule,
  type PeepholeRules,
  rewritePeepholes,
} from "../graph/peephole.js";
import { addSizes, asNumber, sameSize, type Size, subtractSizes } from "../graph/size.js";
import { type DType, isFloat, isInteger, type Shape, sameShape } from "../graph/type.js";
import type { Pass } from "./pass.js";

const isPermutedIdentity = (perm: readonly number[]): boolean => perm.every((axis, k) => axis === k);
const rises = (axes: readonly number[]): boolean => axes.every((axis, k) => k === 0 || axis > (axes[k - 1] ?? -1));
const pick = <T>(from: readonly T[], at: readonly number[]): readonly T[] =>
  at.map((i) => {
    const value = from[i];
    if (value === undefined) throw new Error(`no entry ${i}`);
    return value;
  });
const axesOf = (shape: Shape): readonly number[] => shape.map((_, axis) => axis);

// Any elementwise op --------------------------------------------------------------------------------------------

/** The axes along which a value can vary, and the value without the others. */
function varying(b: GraphBuilder, id: Id): { readonly source: Id; readonly axes: readonly number[] } {
  const repeated = madeBy(b, id, "broadcast");
  const [source] = repeated?.ins ?? [];
  return repeated === null || source === undefined ? { source: id, axes: axesOf(b.shape(id)) } : { source, axes: repeated.attrs.axes };
}

/** op(broadcast s, broadcast t) => broadcast(op(s, t)), over the axes that either varies along. */
const narrow: AnyOpRule = (op, ins, attrs, b) => {
  const [first] = ins;
  if (!isElementwise(op) || first === undefined) return null;
  const shape = b.shape(first);
  const operands = ins.map((id) => varying(b, id));
  const axes = axesOf(shape).filter((axis) => operands.some((operand) => operand.axes.includes(axis)));
  if (axes.length === shape.length) return null;
  const small = pick(shape, axes);
  const narrowed = operands.map(({ source, axes: own }) =>
    b.broadcast(
      source,
      small,
      own.map((axis) => axes.indexOf(axis)),
    ),
  );
  return b.broadcast(b.emit(op, narrowed, attrs as never), shape, axes);
};

type Fold = (x: number, y: number, z: number) => number;
/** Float results are kept in float64; the store rounds them. */
const folds: { readonly [K in OpName]?: Fold } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  floor: Math.floor,
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  not: (x) => 1 - x,
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  pow: (x, y) => x ** y,
  maximum: Math.max,
  minimum: Math.min,
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  lt: (x, y) => Number(x < y),
  le: (x, y) => Number(x <= y),
  gt: (x, y) => Number(x > y),
  ge: (x, y) => Number(x >= y),
  and: (x, y) => x * y,
  or: (x, y) => Math.max(x, y),
  select: (c, x, y) => (c === 0 ? y : x),
};

/** The number as a constant of the dtype. Integers that would wrap or saturate are left to the engine. */
function constantIn(b: GraphBuilder, value: number, dtype: DType): Id | null {
  if (!isInteger(dtype)) return b.const(value, dtype);
  const [low, high] = dtype === "i32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  // + 0 because integers have no −0.
  return Number.isInteger(value) && value >= low && value <= high ? b.const(value + 0, dtype) : null;
}

/** An elementwise op over scalar constants. */
const fold: AnyOpRule = (op, ins, _, b) => {
  const compute = folds[op];
  const values = ins.flatMap((id) => madeBy(b, id, "const")?.attrs.value ?? []);
  const [x = Number.NaN, y = Number.NaN, z = Number.NaN] = values;
  if (compute === undefined || values.length < ins.length) return null;
  const value = compute(x, y, z);
  const comparison = op === "eq" || op === "ne" || op === "lt" || op === "le" || op === "gt" || op === "ge";
  const dtype = comparison ? "bool" : b.type(ins[ins.length - 1] ?? -1).dtype;
  return constantIn(b, value, dtype);
};

const foldCast: PeepholeRule<"cast"> = ({ ins: [x], attrs: { dtype }, b }) => {
  const value = madeBy(b, x, "const")?.attrs.value;
  if (value === undefined) return null;
  return constantIn(b, isFloat(dtype) ? value : dtype === "bool" ? Number(value !== 0) : Math.trunc(value), dtype);
};

// Arithmetic ------------------------------------------------------------------------------------------------------

/** A commutative op with this constant on either side. */
function besides(b: GraphBuilder, x: Id, y: Id, value: number): Id | null {
  if (Object.is(constantOf(b, y), value)) return x;
  return Object.is(constantOf(b, x), value) ? y : null;
}

/** Signs go outward through products and quotients, where equal values then look equal. */
function hoistSign(op: "mul" | "div"): PeepholeRule<"mul" | "div"> {
  return ({ ins: [x, y], b }) => {
    const [left, right] = [operandOf(b, x, "neg"), operandOf(b, y, "neg")];
    if (left === null && right === null) return null;
    const magnitude = b.emit(op, [left ?? x, right ?? y], {});
    return left !== null && right !== null ? magnitude : b.neg(magnitude);
  };
}

const whereNegated = (b: GraphBuilder, x: Id, then: (inner: Id) => Id): Id | null => {
  const inner = operandOf(b, x, "neg");
  return inner === null ? null : then(inner);
};

const arithmetic = {
  neg: [({ ins: [x], b }) => operandOf(b, x, "neg")],
  abs: [({ ins: [x], b }) => whereNegated(b, x, (inner) => b.emit("abs", [inner], {}))],
  not: [({ ins: [x], b }) => operandOf(b, x, "not")],
  cast: [({ ins: [x], attrs, b }) => (b.type(x).dtype === attrs.dtype ? x : null), foldCast],
  add: [
    ({ ins: [x, y], b }) => besides(b, x, y, -0) ?? (isInteger(b.type(x).dtype) ? besides(b, x, y, 0) : null),
    ({ ins: [x, y], b }) => whereNegated(b, y, (inner) => b.sub(x, inner)) ?? whereNegated(b, x, (inner) => b.sub(y, inner)),
  ],
  sub: [
    ({ ins: [x, y], b }) => (Object.is(constantOf(b, y), 0) ? x : null),
    ({ ins: [x, y], b }) => whereNegated(b, y, (inner) => b.add(x, inner)),
  ],
  mul: [
    ({ ins: [x, y], b }) => besides(b, x, y, 1),
    ({ ins: [x, y], b }) => {
      const x1 = besides(b, x, y, -1);
      return x1 === null ? null : b.neg(x1);
    },
    hoistSign("mul"),
  ],
  div: [({ ins: [x, y], b }) => (constantOf(b, y) === 1 ? x : constantOf(b, y) === -1 ? b.neg(x) : null), hoistSign("div")],
  pow: [
    ({ ins: [x, y], b }) => {
      const exponent = constantOf(b, y);
      if (exponent === 0) return b.constLike(1, x);
      if (exponent === 1) return x;
      if (exponent === 2) return b.mul(x, x);
      if (exponent === 3) return b.mul(b.mul(x, x), x);
      return exponent === -1 ? b.div(b.constLike(1, x), x) : null;
    },
  ],
  and: [
    ({ ins: [x, y], b }) => besides(b, x, y, 1),
    ({ ins: [x, y], b }) => (x === y || constantOf(b, x) === 0 ? x : constantOf(b, y) === 0 ? y : null),
  ],
  or: [
    ({ ins: [x, y], b }) => besides(b, x, y, 0),
    ({ ins: [x, y], b }) => (x === y || constantOf(b, x) === 1 ? x : constantOf(b, y) === 1 ? y : null),
  ],
  select: [
    ({ ins: [condition, x, y], b }) => {
      const known = constantOf(b, condition);
      return x === y || known === 1 ? x : known === 0 ? y : null;
    },
    ({ ins: [condition, x, y], b }) => {
      const opposite = operandOf(b, condition, "not");
      return opposite === null ? null : b.select(opposite, y, x);
    },
    // A branch that asks the same question again knows the answer.
    ({ ins: [condition, x, y], b }) => {
      const [inner, again] = [madeBy(b, x, "select")?.ins, madeBy(b, y, "select")?.ins];
      const yes = inner?.[0] === condition ? inner[1] : undefined;
      const no = again?.[0] === condition ? again[2] : undefined;
      return yes === undefined && no === undefined ? null : b.select(condition, yes ?? x, no ?? y);
    },
  ],
  size: [
    ({ attrs: { size, dtype }, b }) => {
      const value = asNumber(size);
      return value === null ? null : b.const(value, dtype);
    },
  ],
} as const satisfies PeepholeRules["byOp"];

// Layout ------------------------------------------------------------------------------------------------------------

const layout = {
  broadcast: [
    ({ ins: [x], attrs }) => (attrs.axes.length === attrs.shape.length ? x : null),
    ({ ins: [x], attrs, b }) => {
      const inner = madeBy(b, x, "broadcast");
      const [source] = inner?.ins ?? [];
      return inner === null || source === undefined ? null : b.broadcast(source, attrs.shape, pick(attrs.axes, inner.attrs.axes));
    },
  ],
  transpose: [
    ({ ins: [x], attrs }) => (isPermutedIdentity(attrs.perm) ? x : null),
    ({ ins: [x], attrs, b }) => {
      const inner = madeBy(b, x, "transpose");
      const [source] = inner?.ins ?? [];
      return inner === null || source === undefined ? null : b.transpose(source, pick(inner.attrs.perm, attrs.perm));
    },
    // Towards the smaller value: transpose(broadcast x) => broadcast(transpose x).
    ({ ins: [x], attrs: { perm }, b }) => {
      const inner = madeBy(b, x, "broadcast");
      const [source] = inner?.ins ?? [];
      if (inner === null || source === undefined) return null;
      const from = perm.map((axis) => inner.attrs.axes.indexOf(axis));
      const axes = axesOf(inner.attrs.shape).filter((axis) => (from[axis] ?? -1) >= 0);
      return b.broadcast(b.transpose(source, pick(from, axes)), pick(inner.attrs.shape, perm), axes);
    },
  ],
  reshape: [
    ({ ins: [x], attrs, b }) => (sameShape(b.shape(x), attrs.shape) ? x : null),
    ({ ins: [x], attrs, b }) => {
      const source = operandOf(b, x, "reshape");
      return source === null ? null : b.reshape(source, attrs.shape);
    },
    ({ ins: [x], attrs, b }) => {
      const inner = varying(b, x);
      return inner.axes.length === 0 && inner.source !== x ? b.broadcast(inner.source, attrs.shape, []) : null;
    },
  ],
  slice: [
    ({ ins: [x], attrs: { axis, start, stop }, b }) => (start.length === 0 && sameSize(stop, b.shape(x)[axis] ?? []) ? x : null),
    ({ ins: [x], attrs: { axis, start, stop }, b }) => {
      const inner = madeBy(b, x, "slice");
      const [source] = inner?.ins ?? [];
      if (inner === null || source === undefined || inner.attrs.axis !== axis) return null;
      const from = inner.attrs.start;
      return b.emit("slice", [source], { axis, start: addSizes(from, start), stop: addSizes(from, stop) });
    },
    ({ ins: [x], attrs, b }) => {
      const { source, axes } = varying(b, x);
      if (source === x) return null;
      const own = axes.indexOf(attrs.axis);
      const extent = subtractSizes(attrs.stop, attrs.start);
      const shape = b.shape(x).map((size, axis) => (axis === attrs.axis ? extent : size));
      return b.broadcast(own < 0 ? source : b.emit("slice", [source], { ...attrs, axis: own }), shape, axes);
    },
  ],
  pad: [({ ins: [x], attrs: { low, high } }) => (low.length === 0 && high.length === 0 ? x : null)],
  concat: [({ ins }) => (ins.length === 1 ? (ins[0] ?? null) : null)],
} as const satisfies PeepholeRules["byOp"];

// Reductions and contractions -------------------------------------------------------------------------------------

type Reduction = "sum" | "max" | "min" | "logsumexp";

/** What a reduction over `count` equal elements makes of one of them; null where it may not be exact to rounding. */
const repeated: { readonly [K in Reduction]: (b: GraphBuilder, x: Id, count: Size) => Id | null } = {
  // The count itself may not fit a half: 0.001 · 70000 does, 70000 does not.
  sum: (b, x, count) => {
    const { dtype } = b.type(x);
    return dtype === "f16" || dtype === "bf16" ? null : b.mul(x, b.broadcast(b.size(count, dtype), b.shape(x), []));
  },
  max: (_, x) => x,
  min: (_, x) => x,
  logsumexp: (b, x, count) => b.add(x, b.broadcast(b.log(b.size(count, b.type(x).dtype)), b.shape(x), [])),
};

function reductionRules(op: Reduction): readonly PeepholeRule<Reduction>[] {
  return [
    ({ ins: [x], attrs: { axes } }) => (axes.length === 0 ? x : null),
    ({ ins: [x], attrs: { axes }, b }) => {
      const { source, axes: own } = varying(b, x);
      if (source === x) return null;
      const shape = b.shape(x);
      const inner = own.flatMap((axis, k) => (axes.includes(axis) ? [k] : []));
      const once = inner.length === 0 ? source : b.emit(op, [source], { axes: inner });
      const extra = axes.filter((axis) => !own.includes(axis));
      const all = extra.length === 0 ? once : repeated[op](b, once, extentOf(shape, extra));
      if (all === null) return null;
      const left = axesOf(shape).filter((axis) => !axes.includes(axis));
      return b.broadcast(
        all,
        pick(shape, left),
        own.flatMap((axis) => (axes.includes(axis) ? [] : [left.indexOf(axis)])),
      );
    },
    // Two in a row are one. For max and min only where the merged order of ties is the same: last axis first.
    ({ ins: [x], attrs: { axes }, b }) => {
      const inner = madeBy(b, x, op);
      const [source] = inner?.ins ?? [];
      if (inner === null || source === undefined) return null;
      const left = axesOf(b.shape(source)).filter((axis) => !inner.attrs.axes.includes(axis));
      const outer = pick(left, axes);
      const ties = op === "max" || op === "min";
      if (ties && Math.max(...outer) > Math.min(...inner.attrs.axes)) return null;
      return b.emit(op, [source], { axes: [...outer, ...inner.attrs.axes].sort((p, q) => p - q) });
    },
  ];
}

/** An operand of a contraction without its transpose, where the free axes keep their order; `used` are its axes in pairs. */
function untransposed(
  b: GraphBuilder,
  x: Id,
  used: readonly number[],
): { readonly source: Id; readonly axis: (old: number) => number } | null {
  const node = madeBy(b, x, "transpose");
  const [source] = node?.ins ?? [];
  if (node === null || source === undefined) return null;
  const { perm } = node.attrs;
  const free = axesOf(perm.map(() => [])).filter((axis) => !used.includes(axis));
  return rises(pick(perm, free)) ? { source, axis: (old) => perm[old] ?? -1 } : null;
}

const dotRules: readonly PeepholeRule<"dot">[] = [
  ({ ins: [x, y], attrs: { batch, contract }, b }) => (contract.length === 0 ? outerProduct(b, x, y, batch) : null),
  ({ ins: [x, y], attrs: { batch, contract }, b }) => {
    const left = untransposed(
      b,
      x,
      [...batch, ...contract].map(([l]) => l),
    );
    if (left === null) return null;
    const moved = (pairs: AxisPairs): AxisPairs => pairs.map(([l, r]) => [left.axis(l), r]);
    return b.dot(left.source, y, moved(contract), moved(batch));
  },
  ({ ins: [x, y], attrs: { batch, contract }, b }) => {
    const right = untransposed(
      b,
      y,
      [...batch, ...contract].map(([, r]) => r),
    );
    if (right === null) return null;
    const moved = (pairs: AxisPairs): AxisPairs => pairs.map(([l, r]) => [l, right.axis(r)]);
    return b.dot(x, right.source, moved(contract), moved(batch));
  },
];

const rules: PeepholeRules = {
  first: (op, ins, attrs, b) => fold(op, ins, attrs, b) ?? narrow(op, ins, attrs, b),
  byOp: {
    ...arithmetic,
    ...layout,
    sum: reductionRules("sum"),
    max: reductionRules("max"),
    min: reductionRules("min"),
    logsumexp: reductionRules("logsumexp"),
    dot: dotRules,
  },
};

export const canonicalise: Pass = {
  name: "canonicalise",
  summary: "constants folded, layout ops composed, signs outward, repeated work done once",
  run: (graph) => ({ graph: rewritePeepholes(graph, rules), notes: [] }),
};
