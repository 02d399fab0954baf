/**
 * THE op table: what exists. `Attrs` and `ops` are keyed alike, and every rule map in the house
 * (gradients, reference, kernels, each engine) is `satisfies { [K in OpName]: … }`, so a new entry
 * makes tsc name every rule that it lacks.
 */
import { type Convolution, windowCount } from "./convolution.js";
import { addSizes, asNumber, constant, printSize, product, sameSize, subtractSizes, type Size } from "./size.js";
import { type DType, isFloat, isInteger, printType, sameShape, scalar, type Shape, type Type } from "./type.js";

type None = Readonly<Record<never, never>>;
type Axis = { readonly axis: number };
type Axes = { readonly axes: readonly number[] };

/** What an input is to its program: data of a batch, a parameter, optimiser state, or a scalar of the step. */
export type InputRole = "data" | "param" | "state" | "step";

/** The attributes of every op. Axes are non-negative and sorted; shapes are whole result shapes. */
export type Attrs = {
  input: { readonly name: string; readonly role: InputRole; readonly type: Type };
  const: { readonly value: number; readonly dtype: DType };
  size: { readonly size: Size; readonly dtype: DType };
  iota: { readonly size: Size };

  neg: None;
  abs: None;
  sign: None;
  exp: None;
  expm1: None;
  log: None;
  log1p: None;
  sqrt: None;
  rsqrt: None;
  sin: None;
  cos: None;
  tanh: None;
  erf: None;
  floor: None;
  sigmoid: None;
  softplus: None;
  not: None;
  stop_gradient: None;
  cast: { readonly dtype: DType };

  add: None;
  sub: None;
  mul: None;
  div: None;
  mod: None;
  pow: None;
  maximum: None;
  minimum: None;
  eq: None;
  ne: None;
  lt: None;
  le: None;
  gt: None;
  ge: None;
  and: None;
  or: None;
  select: None;
  random: None;

  broadcast: { readonly shape: Shape; readonly axes: readonly number[] };
  transpose: { readonly perm: readonly number[] };
  reshape: { readonly shape: Shape };
  slice: { readonly axis: number; readonly start: Size; readonly stop: Size };
  pad: { readonly axis: number; readonly low: Size; readonly high: Size };
  concat: Axis;
  windows: Windows;
  stored: None;

  sum: Axes;
  max: Axes;
  min: Axes;
  logsumexp: Axes;
  argmax: Axis;
  topk: { readonly axis: number; readonly k: number };
  topk_index: { readonly axis: number; readonly k: number };
  cumsum: { readonly axis: number; readonly reverse: boolean };
  sort: Axis;

  dot: { readonly batch: AxisPairs; readonly contract: AxisPairs };
  gather: Axis;
  scatter_add: { readonly axis: number; readonly size: Size };

  log_sigmoid: None;
  conv2d: Convolution;
  gelu: { readonly approximate: "none" | "tanh" | "quick" };
  softmax: Axis;
  l2_normalize: { readonly axis: number; readonly eps: number };
  layer_norm: { readonly eps: number };
  in_top_k: { readonly axis: number; readonly k: number };

  arg: { readonly index: number; readonly type: Type };
  loop_index: { readonly loop: number; readonly size: Size };
  project: { readonly index: number; readonly type: Type };
};

/**
 * Windows on one axis: window o holds the positions (o * stride + k * dilation + start) / over for k = 0 … size−1. A position that is
 * no whole number, or outside, reads 0. `start` is −(the zeros before); `over` > 1 reads the axis as if over−1 zeros stood between
 * its elements; a negative dilation reads backwards.
 */
export type Windows = {
  readonly axis: number;
  readonly count: number;
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly start: number;
  readonly over: number;
};

/** Axes of the left operand paired with axes of the right one, in the order in which they appear in the result. */
export type AxisPairs = readonly (readonly [left: number, right: number])[];

export type OpName = keyof Attrs;

/** `leaf`: no operands. `elementwise`: operands of one shape, the result has it too. `composite`: has a decomposition. */
export type OpKind = "leaf" | "elementwise" | "layout" | "reduction" | "contraction" | "indexing" | "composite" | "body";

export type OpSpec<K extends OpName> = {
  readonly kind: OpKind;
  readonly arity: number | "many";
  /** The result type. Throws a `TypeRuleError` where the operands do not fit: a fault of whoever built the node. */
  readonly type: (ins: readonly Type[], attrs: Attrs[K]) => Type;
};

export class TypeRuleError extends Error {}

function fail(message: string): never {
  throw new TypeRuleError(message);
}

function at(ins: readonly Type[], i: number): Type {
  return ins[i] ?? fail(`operand ${i} is missing`);
}

function need(condition: boolean, ins: readonly Type[], what: string): void {
  if (!condition) fail(`${what}: ${ins.map(printType).join(", ")}`);
}

function oneShape(ins: readonly Type[]): Shape {
  const first = at(ins, 0).shape;
  need(
    ins.every((t) => sameShape(t.shape, first)),
    ins,
    "operands must have one shape",
  );
  return first;
}

function sameTypes(ins: readonly Type[]): Type {
  oneShape(ins);
  const first = at(ins, 0);
  need(
    ins.every((t) => t.dtype === first.dtype),
    ins,
    "operands must have one dtype",
  );
  return first;
}

const floatType = (ins: readonly Type[]): Type => {
  need(isFloat(at(ins, 0).dtype), ins, "needs floats");
  return sameTypes(ins);
};
const numberType = (ins: readonly Type[]): Type => {
  need(at(ins, 0).dtype !== "bool", ins, "needs numbers");
  return sameTypes(ins);
};
const compareType = (ins: readonly Type[]): Type => ({ dtype: "bool", shape: sameTypes(ins).shape });
const boolType = (ins: readonly Type[]): Type => {
  need(at(ins, 0).dtype === "bool", ins, "needs bools");
  return sameTypes(ins);
};

const without = (shape: Shape, axes: readonly number[]): Shape => shape.filter((_, i) => !axes.includes(i));
const replaced = (shape: Shape, axis: number, by: readonly Size[]): Shape => [...shape.slice(0, axis), ...by, ...shape.slice(axis + 1)];

function inRange(type: Type, axis: number): Size {
  return type.shape[axis] ?? fail(`axis ${axis} is out of range of ${printType(type)}`);
}

const isCount = (k: number): boolean => Number.isSafeInteger(k) && k >= 1;

/** Is a ≤ b where both are known at compile time? Unknown sizes are checked when they are. */
function mayPrecede(a: Size, b: Size): boolean {
  const difference = asNumber(subtractSizes(b, a));
  return difference === null || difference >= 0;
}

const ranked = (ins: readonly Type[], a: { readonly axis: number; readonly k: number }, dtype: DType): Type => {
  const x = at(ins, 0);
  need(x.dtype !== "bool" && isCount(a.k), ins, `the ${a.k} largest`);
  inRange(x, a.axis);
  return { dtype, shape: replaced(x.shape, a.axis, [constant(a.k)]) };
};

const alongAxis = (type: Type, axis: number): Type => {
  inRange(type, axis);
  return type;
};

function convolutionType(ins: readonly Type[], a: Convolution): Type {
  const [x, weight] = [at(ins, 0), at(ins, 1)];
  need(isFloat(x.dtype) && x.dtype === weight.dtype, ins, "conv2d needs floats of one dtype");
  const [rows, columns, channels] = x.shape.slice(-3).map(asNumber);
  const [height, width, own, made] = weight.shape.map(asNumber);
  const known = (size: number | null | undefined): number => size ?? fail(`conv2d needs known sizes: ${ins.map(printType).join(", ")}`);
  need(x.shape.length >= 3 && weight.shape.length === 4, ins, "conv2d of [..., h, w, c] and [kh, kw, c, d]");
  need([...a.stride, ...a.dilation, a.groups].every(isCount), ins, "conv2d needs strides, dilations and groups from 1");
  need(known(own) * a.groups === known(channels) && known(made) % a.groups === 0, ins, `conv2d in ${a.groups} groups`);
  const counts = [windowCount(known(rows), known(height), 0, a), windowCount(known(columns), known(width), 1, a)];
  need(counts.every(isCount), ins, "conv2d needs a picture that holds a window");
  return { dtype: x.dtype, shape: [...x.shape.slice(0, -3), ...counts.map(constant), constant(known(made))] };
}

const unary = { kind: "elementwise", arity: 1, type: floatType } as const;
const binary = { kind: "elementwise", arity: 2, type: numberType } as const;
const comparison = { kind: "elementwise", arity: 2, type: compareType } as const;
const reduction = {
  kind: "reduction",
  arity: 1,
  type: (ins: readonly Type[], { axes }: Axes): Type => {
    const x = at(ins, 0);
    need(x.dtype !== "bool", ins, "needs numbers");
    for (const axis of axes) inRange(x, axis);
    need(
      axes.every((axis, k) => k === 0 || axis > (axes[k - 1] ?? 0)),
      ins,
      `axes must increase: ${axes}`,
    );
    return { dtype: x.dtype, shape: without(x.shape, axes) };
  },
} as const;

export const ops = {
  // Leaves ------------------------------------------------------------------------------------------------
  /** A named value from outside. */
  input: { kind: "leaf", arity: 0, type: (_, a) => a.type },
  /** A scalar number, exact in float64. */
  const: {
    kind: "leaf",
    arity: 0,
    type: (_, a) => {
      if (!isFloat(a.dtype) && !Number.isSafeInteger(a.value)) fail(`${a.value} is no ${a.dtype}`);
      return scalar(a.dtype);
    },
  },
  /** A size as a scalar value: `/ n`. Always the global size, inside a tile too. */
  size: { kind: "leaf", arity: 0, type: (_, a) => scalar(a.dtype) },
  /** 0, 1, … size−1. i32[size] */
  iota: { kind: "leaf", arity: 0, type: (_, a) => ({ dtype: "i32", shape: [a.size] }) },

  // Elementwise -------------------------------------------------------------------------------------------
  neg: { kind: "elementwise", arity: 1, type: numberType },
  abs: { kind: "elementwise", arity: 1, type: numberType },
  /** −1, 0 or 1; NaN stays NaN. */
  sign: { kind: "elementwise", arity: 1, type: numberType },
  exp: unary,
  /** exp(x) − 1, exact near 0. */
  expm1: unary,
  log: unary,
  /** log(1 + x), exact near 0. */
  log1p: unary,
  sqrt: unary,
  rsqrt: unary,
  sin: unary,
  cos: unary,
  tanh: unary,
  erf: unary,
  floor: unary,
  /** 1 / (1 + exp(−x)), no overflow at any x. */
  sigmoid: unary,
  /** log(1 + exp(x)), exact at any x: max(x, 0) + log1p(exp(−|x|)). */
  softplus: unary,
  not: { kind: "elementwise", arity: 1, type: boolType },
  /** The value, and no gradient. Gone after autodiff. */
  stop_gradient: { kind: "elementwise", arity: 1, type: sameTypes },
  /** bool → 0/1; float → integer truncates towards 0 and saturates, NaN is 0; between integers it wraps; to bool is ≠ 0. */
  cast: { kind: "elementwise", arity: 1, type: (ins, a) => ({ dtype: a.dtype, shape: at(ins, 0).shape }) },
  add: binary,
  sub: binary,
  mul: binary,
  /** Float division only; integers are cast first. */
  div: { kind: "elementwise", arity: 2, type: floatType },
  /** Sign of the divisor, as in Python. */
  mod: binary,
  pow: { kind: "elementwise", arity: 2, type: floatType },
  maximum: binary,
  minimum: binary,
  eq: comparison,
  ne: comparison,
  lt: comparison,
  le: comparison,
  gt: comparison,
  ge: comparison,
  and: { kind: "elementwise", arity: 2, type: boolType },
  or: { kind: "elementwise", arity: 2, type: boolType },
  /** select(bool, a, b): a where true. Never a multiplication by a mask, so that NaN and infinity do not leak. */
  select: {
    kind: "elementwise",
    arity: 3,
    type: (ins) => {
      oneShape(ins);
      need(at(ins, 0).dtype === "bool" && at(ins, 1).dtype === at(ins, 2).dtype, ins, "select needs bool and two of one dtype");
      return at(ins, 1);
    },
  },

  /**
   * random(place, row, k, l): in (0, 1), the same wherever the four numbers are. Philox4x32-10 with the counter (place, row, 0, 0)
   * and the key (k, l); 23 bits and a half, exact in f32.
   */
  random: {
    kind: "elementwise",
    arity: 4,
    type: (ins) => {
      need(
        ins.every(({ dtype }) => dtype === "i32"),
        ins,
        "random needs integers",
      );
      return { dtype: "f32", shape: oneShape(ins) };
    },
  },

  // Layout ------------------------------------------------------------------------------------------------
  /** Operand axis k becomes result axis `axes[k]` (increasing); the other result axes repeat it. */
  broadcast: {
    kind: "layout",
    arity: 1,
    type: (ins, a) => {
      const x = at(ins, 0);
      need(a.axes.length === x.shape.length, ins, "broadcast needs one result axis per operand axis");
      a.axes.forEach((axis, k) => {
        need(k === 0 || axis > (a.axes[k - 1] ?? -1), ins, "broadcast axes must increase");
        need(
          sameSize(a.shape[axis] ?? fail("broadcast axis out of range"), x.shape[k] ?? []),
          ins,
          `broadcast to ${a.shape.map(printSize).join(", ")}`,
        );
      });
      return { dtype: x.dtype, shape: a.shape };
    },
  },
  /** Result axis k is operand axis `perm[k]`. */
  transpose: {
    kind: "layout",
    arity: 1,
    type: (ins, a) => {
      const x = at(ins, 0);
      need(
        [...a.perm].sort((p, q) => p - q).every((p, i) => p === i) && a.perm.length === x.shape.length,
        ins,
        `not a permutation: ${a.perm}`,
      );
      return { dtype: x.dtype, shape: a.perm.map((p) => inRange(x, p)) };
    },
  },
  /** Row-major order is kept. */
  reshape: {
    kind: "layout",
    arity: 1,
    type: (ins, a) => {
      const x = at(ins, 0);
      need(sameSize(product(x.shape), product(a.shape)), ins, `reshape to ${a.shape.map(printSize).join(", ")}`);
      return { dtype: x.dtype, shape: a.shape };
    },
  },
  /** [start, stop) of one axis. */
  slice: {
    kind: "layout",
    arity: 1,
    type: (ins, a) => {
      const x = at(ins, 0);
      const whole = inRange(x, a.axis);
      need(
        mayPrecede([], a.start) && mayPrecede(a.start, a.stop) && mayPrecede(a.stop, whole),
        ins,
        `slice ${printSize(a.start)} to ${printSize(a.stop)} of axis ${a.axis}`,
      );
      return { dtype: x.dtype, shape: replaced(x.shape, a.axis, [subtractSizes(a.stop, a.start)]) };
    },
  },
  /** `low` zeros before and `high` after, along one axis. */
  pad: {
    kind: "layout",
    arity: 1,
    type: (ins, a) => {
      const x = at(ins, 0);
      need(mayPrecede([], a.low) && mayPrecede([], a.high), ins, `pad by ${printSize(a.low)} and ${printSize(a.high)}`);
      return { dtype: x.dtype, shape: replaced(x.shape, a.axis, [addSizes(addSizes(a.low, inRange(x, a.axis)), a.high)]) };
    },
  },
  concat: {
    kind: "layout",
    arity: "many",
    type: (ins, a) => {
      const x = at(ins, 0);
      need(
        ins.every((t) => t.dtype === x.dtype && sameShape(without(t.shape, [a.axis]), without(x.shape, [a.axis]))),
        ins,
        `concat along ${a.axis}`,
      );
      return { dtype: x.dtype, shape: replaced(x.shape, a.axis, [ins.map((t) => inRange(t, a.axis)).reduce(addSizes)]) };
    },
  },
  /** The axis becomes two: one of the windows, one of the places in a window. Never stored where a kernel can index through it. */
  windows: {
    kind: "layout",
    arity: 1,
    type: (ins, a) => {
      const x = floatType(ins);
      need(asNumber(inRange(at(ins, 0), a.axis)) !== null, ins, "windows need an axis of known size");
      need(
        [a.count, a.size, a.stride, a.over].every(isCount) && [a.dilation, a.start].every(Number.isSafeInteger),
        ins,
        `${a.count} windows of ${a.size}`,
      );
      return { dtype: x.dtype, shape: replaced(x.shape, a.axis, [constant(a.count), constant(a.size)]) };
    },
  },
  /**
   * The value, read from where it is stored: nothing that reads it through this joins what makes it. A kernel's way to say "later",
   * see the pass `recompute`.
   */
  stored: { kind: "layout", arity: 1, type: (ins) => at(ins, 0) },

  // Reductions --------------------------------------------------------------------------------------------
  sum: reduction,
  /** −inf over nothing. */
  max: reduction,
  min: reduction,
  /** log Σ exp, stable; −inf over nothing and over a row of −inf (with a zero gradient). */
  logsumexp: {
    ...reduction,
    type: (ins, a) => {
      need(isFloat(at(ins, 0).dtype), ins, "needs floats");
      return reduction.type(ins, a);
    },
  },
  /** The index of the largest, ties to the lower index, NaN above all; 2147483647 over nothing. i32 */
  argmax: { kind: "reduction", arity: 1, type: (ins, a) => ({ dtype: "i32", shape: reduction.type(ins, { axes: [a.axis] }).shape }) },
  /** The k largest in falling order, ties to the lower index; −inf where there are fewer than k. `axis` becomes k. */
  topk: { kind: "reduction", arity: 1, type: (ins, a) => ranked(ins, a, at(ins, 0).dtype) },
  /** The indices of `topk`; 2147483647 where there are fewer than k. */
  topk_index: { kind: "reduction", arity: 1, type: (ins, a) => ranked(ins, a, "i32") },
  /** Running sum; from the end where `reverse`. */
  cumsum: { kind: "indexing", arity: 1, type: (ins, a) => alongAxis(numberType(ins), a.axis) },
  /** Rising order along one axis; NaN last. */
  sort: { kind: "indexing", arity: 1, type: (ins, a) => alongAxis(numberType(ins), a.axis) },

  // Contractions and indexing -----------------------------------------------------------------------------
  /** Sum of products over the `contract` pairs. Result axes: batch pairs, left free axes, right free axes. */
  dot: {
    kind: "contraction",
    arity: 2,
    type: (ins, a) => {
      const [x, y] = [at(ins, 0), at(ins, 1)];
      need(x.dtype === y.dtype && isFloat(x.dtype), ins, "dot needs floats of one dtype");
      for (const [l, r] of [...a.batch, ...a.contract])
        need(sameSize(inRange(x, l), inRange(y, r)), ins, `dot pairs axis ${l} with axis ${r}`);
      const used = [...a.batch, ...a.contract];
      for (const side of [0, 1]) need(new Set(used.map((pair) => pair[side])).size === used.length, ins, "dot uses an axis twice");
      return {
        dtype: x.dtype,
        shape: [
          ...a.batch.map(([l]) => inRange(x, l)),
          ...without(
            x.shape,
            used.map(([l]) => l),
          ),
          ...without(
            y.shape,
            used.map(([, r]) => r),
          ),
        ],
      };
    },
  },
  /** gather(x, index): `axis` of x is replaced by the axes of index. An index out of range reads 0. */
  gather: {
    kind: "indexing",
    arity: 2,
    type: (ins, a) => {
      const [x, index] = [at(ins, 0), at(ins, 1)];
      need(isInteger(index.dtype), ins, "gather needs an integer index");
      inRange(x, a.axis);
      return { dtype: x.dtype, shape: replaced(x.shape, a.axis, index.shape) };
    },
  },
  /** scatter_add(updates, index): the transpose of gather. An index out of range is dropped. */
  scatter_add: {
    kind: "indexing",
    arity: 2,
    type: (ins, a) => {
      const [updates, index] = [at(ins, 0), at(ins, 1)];
      need(isInteger(index.dtype), ins, "scatter_add needs an integer index");
      const rank = index.shape.length;
      need(a.axis >= 0 && a.axis + rank <= updates.shape.length, ins, `scatter_add along axis ${a.axis}`);
      need(sameShape(updates.shape.slice(a.axis, a.axis + rank), index.shape), ins, "the updates must hold the axes of the index");
      return { dtype: updates.dtype, shape: [...updates.shape.slice(0, a.axis), a.size, ...updates.shape.slice(a.axis + rank)] };
    },
  },

  // Composites: a decomposition and their own gradient ---------------------------------------------------------
  /** log(1 / (1 + exp(−x))) = −softplus(−x). */
  log_sigmoid: { kind: "composite", arity: 1, type: floatType },
  /**
   * conv2d(x[…, h, w, c], weight[kh, kw, c / groups, d]): result[…, i, j, d] = Σ x[…, i * stride + p * dilation − low, …] * weight[p, q, …],
   * as a correlation, zeros outside. Group g of the results reads group g of the channels.
   */
  conv2d: { kind: "composite", arity: 2, type: convolutionType },
  /** none: x·Φ(x); tanh: Hendrycks & Gimpel's approximation; quick: x·sigmoid(1.702x). */
  gelu: { kind: "composite", arity: 1, type: floatType },
  /** All 0 over a row of −inf. */
  softmax: { kind: "composite", arity: 1, type: (ins, a) => alongAxis(floatType(ins), a.axis) },
  /** x / max(‖x‖, eps) along one axis. */
  l2_normalize: { kind: "composite", arity: 1, type: (ins, a) => alongAxis(floatType(ins), a.axis) },
  /** (x − mean) / sqrt(var + eps) over the last axis; scale and shift are the module's own. */
  layer_norm: { kind: "composite", arity: 1, type: (ins) => alongAxis(floatType(ins), at(ins, 0).shape.length - 1) },
  /** Is the element among its slice's k largest? Ties to the lower index. No gradient. */
  in_top_k: {
    kind: "composite",
    arity: 1,
    type: (ins, a) => {
      need(isCount(a.k), ins, `the ${a.k} largest`);
      return { dtype: "bool", shape: alongAxis(floatType(ins), a.axis).shape };
    },
  },

  // Inside and around a tile's body -----------------------------------------------------------------------------
  /** The block of a tile's k-th operand. */
  arg: { kind: "body", arity: 0, type: (_, a) => a.type },
  /** The global indices of the current block of a loop. i32[block] */
  loop_index: { kind: "body", arity: 0, type: (_, a) => ({ dtype: "i32", shape: [a.size] }) },
  /** The k-th result of a tile. */
  project: { kind: "body", arity: 1, type: (_, a) => a.type },
} as const satisfies { readonly [K in OpName]: OpSpec<K> };

/** Ops that act on each element alone. Their operands have the result's shape. */
export const isElementwise = (op: OpName): boolean => ops[op].kind === "elementwise";
