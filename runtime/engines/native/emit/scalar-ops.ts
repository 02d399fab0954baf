/** What each op of a scalar DAG is in vector C. Masks of i32 lanes are the bools. */
import type { DType } from "../../../../compiler/graph/type.js";
import type { ScalarOp } from "../../../../compiler/kernel/kernel.js";

/** The type that lanes are computed in: 16-bit floats as f32. It is also the suffix of the functions in c/. */
export type Lane = "f32" | "f64" | "i32" | "u32" | "bool";

export const laneOf = (dtype: DType): Lane => (dtype === "f16" || dtype === "bf16" ? "f32" : dtype);
export const vectorOf = (lane: Lane): string => (lane === "bool" ? "i32v" : `${lane}v`);
export const isFloatLane = (lane: Lane): lane is "f32" | "f64" => lane === "f32" || lane === "f64";

/** `to`: lanes of the result; `from`: of the first operand. */
type Write = (ins: readonly [string, string, string, string], to: Lane, from: Lane) => string;

const call =
  (name: string): Write =>
  ([x], to) =>
    `${name}_${to}(${x})`;
const call2 =
  (name: string): Write =>
  ([x, y], to) =>
    `${name}_${to}(${x}, ${y})`;
/** Integers wrap, which C's signed arithmetic does not promise. */
const arithmetic =
  (sign: string, name: string): Write =>
  ([x, y], to) =>
    isFloatLane(to) ? `${x} ${sign} ${y}` : `${name}_${to}(${x}, ${y})`;
const compare =
  (sign: string): Write =>
  ([x, y], _, from) =>
    from === "f64" ? `narrow_mask((i64v)(${x} ${sign} ${y}))` : `(i32v)(${x} ${sign} ${y})`;

export const scalarOps = {
  neg: call("neg"),
  abs: call("abs"),
  sign: call("sign"),
  exp: call("exp"),
  expm1: call("expm1"),
  log: call("log"),
  log1p: call("log1p"),
  sqrt: call("sqrt"),
  rsqrt: call("rsqrt"),
  sin: call("sin"),
  cos: call("cos"),
  tanh: call("tanh"),
  erf: call("erf"),
  floor: call("floor"),
  sigmoid: call("sigmoid"),
  softplus: call("softplus"),
  not: ([x]) => `~${x}`,
  cast: ([x], to, from) => (to === from ? x : isBits(to) && isBits(from) ? `(${vectorOf(to)})${x}` : `${from}_to_${to}(${x})`),

  add: arithmetic("+", "add"),
  sub: arithmetic("-", "sub"),
  mul: arithmetic("*", "mul"),
  div: arithmetic("/", "div"),
  mod: call2("mod"),
  pow: call2("pow"),
  maximum: call2("maximum"),
  minimum: call2("minimum"),
  eq: compare("=="),
  ne: compare("!="),
  lt: compare("<"),
  le: compare("<="),
  gt: compare(">"),
  ge: compare(">="),
  and: ([x, y]) => `${x} & ${y}`,
  or: ([x, y]) => `${x} | ${y}`,
  select: ([c, x, y], to) => `select_${to === "bool" ? "i32" : to}(${to === "f64" ? `widen_mask(${c})` : c}, ${x}, ${y})`,
  random: ([x, y, z, w], to) => `random_${to}(${x}, ${y}, ${z}, ${w})`,
} as const satisfies Record<ScalarOp, Write>;

/** i32 and u32 are one another's bits. */
const isBits = (lane: Lane): boolean => lane === "i32" || lane === "u32";

/** Ops that are dozens of steps, each of which waits for the one before; the last one is a product. */
export const isLong: ReadonlySet<ScalarOp> = new Set([
  "exp",
  "expm1",
  "log",
  "log1p",
  "tanh",
  "erf",
  "sigmoid",
  "softplus",
  "sin",
  "cos",
  "pow",
]);
/** Ops whose last step is a product: what adds to them must see it rounded. */
export const endsInProduct: ReadonlySet<ScalarOp> = new Set(["mul", ...isLong]);
export const isSum: ReadonlySet<ScalarOp> = new Set(["add", "sub", "neg"]);

/** A number of the program as a C constant of its lanes. */
export function literal(value: number, lane: Lane): string {
  if (lane === "bool") return `splat_bool(${value === 0 ? 0 : 1})`;
  if (!isFloatLane(lane)) return `splat_${lane}(${value === -(2 ** 31) ? "INT32_MIN" : `${value}${lane === "u32" ? "u" : ""}`})`;
  return `splat_${lane}(${floatLiteral(value, lane)})`;
}
function floatLiteral(value: number, lane: "f32" | "f64"): string {
  if (value !== value) return "SIG_NAN";
  if (Math.abs(value) === Number.POSITIVE_INFINITY) return value > 0 ? "SIG_INFINITY" : "-SIG_INFINITY";
  const text = Object.is(value, -0) ? "-0" : String(value);
  return `${/[.e]/.test(text) ? text : `${text}.0`}${lane === "f32" ? "f" : ""}`;
}
