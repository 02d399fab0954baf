/** How each attribute of each op is written in graph text. One table serves the printer and the parser. */
import { type Attrs, type AxisPairs, type InputRole, type OpName } from "./op-table.js";
import { printSize, type Size } from "./size.js";
import type { TextScanner } from "./text-scanner.js";
import type { DType, Shape, Type } from "./type.js";

/**
 * `braces`: `{axes = [0, 1]}`, left out where it has its usual value. `lead`: straight after the op's name.
 * `result`: not written, because the result type says it.
 */
export type AttrText<T> =
  | { readonly where: "braces"; readonly print: (value: T) => string; readonly read: (from: TextScanner) => T; readonly usual?: T }
  | { readonly where: "lead"; readonly print: (value: T) => string; readonly read: (from: TextScanner) => T }
  | { readonly where: "result"; readonly of: (result: Type) => T };

export function printNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (Object.is(value, -0)) return "-0";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  return String(value);
}

const printList = (items: readonly number[]): string => `[${items.join(", ")}]`;
const readList = (from: TextScanner): readonly number[] => from.list("[", "]", () => from.integer());

const integer: AttrText<number> = { where: "braces", print: String, read: (from) => from.integer() };
const number: AttrText<number> = { where: "braces", print: printNumber, read: (from) => from.number() };
const integers: AttrText<readonly number[]> = { where: "braces", print: printList, read: readList };
const size: AttrText<Size> = { where: "braces", print: printSize, read: (from) => from.size() };

function readPair(from: TextScanner): readonly [number, number] {
  const start = from.offset;
  const [left, right, ...more] = readList(from);
  if (left === undefined || right === undefined || more.length > 0) from.fail("expected a pair of axes such as [1, 0]", start);
  return [left, right];
}
const pairs: AttrText<AxisPairs> = {
  where: "braces",
  print: (value) => `[${value.map(printList).join(", ")}]`,
  read: (from) => from.list("[", "]", () => readPair(from)),
};

function choice<T extends string>(...choices: readonly T[]): Extract<AttrText<T>, { where: "braces" }> {
  return {
    where: "braces",
    print: (value) => value,
    read: (from) => {
      const start = from.offset;
      const word = from.word(choices.join(" or "));
      return choices.find((c) => c === word) ?? from.fail(`expected ${choices.join(" or ")}, found ${word}`, start);
    },
  };
}
const pair: AttrText<readonly [number, number]> = { where: "braces", print: printList, read: readPair };
const flag: AttrText<boolean> = { where: "braces", print: String, read: (from) => choice("true", "false").read(from) === "true" };
const role: AttrText<InputRole> = { ...choice<InputRole>("data", "param", "state", "step"), usual: "data" };

const resultType: AttrText<Type> = { where: "result", of: (type) => type };
const resultDType: AttrText<DType> = { where: "result", of: (type) => type.dtype };
const resultShape: AttrText<Shape> = { where: "result", of: (type) => type.shape };
const resultExtent: AttrText<Size> = { where: "result", of: (type) => type.shape[0] ?? [] };

export const attrTexts = {
  input: { name: { where: "lead", print: (value) => JSON.stringify(value), read: (from) => from.string() }, role, type: resultType },
  const: { value: { where: "lead", print: printNumber, read: (from) => from.number() }, dtype: resultDType },
  size: { size: { where: "lead", print: printSize, read: (from) => from.size() }, dtype: resultDType },
  iota: { size: resultExtent },

  neg: {},
  abs: {},
  sign: {},
  exp: {},
  expm1: {},
  log: {},
  log1p: {},
  sqrt: {},
  rsqrt: {},
  sin: {},
  cos: {},
  tanh: {},
  erf: {},
  floor: {},
  sigmoid: {},
  softplus: {},
  not: {},
  stop_gradient: {},
  cast: { dtype: resultDType },
  add: {},
  sub: {},
  mul: {},
  div: {},
  mod: {},
  pow: {},
  maximum: {},
  minimum: {},
  eq: {},
  ne: {},
  lt: {},
  le: {},
  gt: {},
  ge: {},
  and: {},
  or: {},
  select: {},
  random: {},

  broadcast: { shape: resultShape, axes: { ...integers, usual: [] } },
  transpose: { perm: integers },
  reshape: { shape: resultShape },
  stored: {},
  slice: { axis: integer, start: size, stop: size },
  pad: { axis: integer, low: size, high: size },
  concat: { axis: integer },
  windows: {
    axis: integer,
    count: integer,
    size: integer,
    stride: { ...integer, usual: 1 },
    dilation: { ...integer, usual: 1 },
    start: { ...integer, usual: 0 },
    over: { ...integer, usual: 1 },
  },

  sum: { axes: integers },
  max: { axes: integers },
  min: { axes: integers },
  logsumexp: { axes: integers },
  argmax: { axis: integer },
  topk: { axis: integer, k: integer },
  topk_index: { axis: integer, k: integer },
  cumsum: { axis: integer, reverse: { ...flag, usual: false } },
  sort: { axis: integer },

  dot: { batch: { ...pairs, usual: [] }, contract: pairs },
  gather: { axis: integer },
  scatter_add: { axis: integer, size },

  log_sigmoid: {},
  conv2d: {
    stride: { ...pair, usual: [1, 1] },
    dilation: { ...pair, usual: [1, 1] },
    low: { ...pair, usual: [0, 0] },
    high: { ...pair, usual: [0, 0] },
    groups: { ...integer, usual: 1 },
  },
  gelu: { approximate: choice("none", "tanh", "quick") },
  softmax: { axis: integer },
  l2_normalize: { axis: integer, eps: number },
  layer_norm: { eps: number },
  in_top_k: { axis: integer, k: integer },

  arg: { index: integer, type: resultType },
  loop_index: { loop: integer, size: resultExtent },
  project: { index: integer, type: resultType },
} as const satisfies { readonly [K in OpName]: { readonly [A in keyof Attrs[K]]: AttrText<Attrs[K][A]> } };

/** The table's row for one op, for code that walks over attributes. */
export const attrTextsOf = (op: OpName): readonly (readonly [name: string, text: AttrText<unknown>])[] =>
  Object.entries(attrTexts[op] as unknown as Record<string, AttrText<unknown>>);
