/** Arithmetic of compile time: exact in float64, and on sizes as polynomials where it stays one. */
import type { BinaryOp } from "../../grammar/ast.js";
import type { Span } from "../../grammar/span.js";
import { addSizes, asNumber, constant, multiplySizes, type Size, subtractSizes } from "../graph/size.js";
import { messages } from "./messages.js";
import { refuse } from "./refusal.js";
import { bool, type BoolValue, type NumberValue, number, type SizeValue, type StringValue, type Value } from "./value.js";

const mod = (a: number, b: number): number => a - b * Math.floor(a / b);

type NumberRule = (a: number, b: number) => number;
const numbers: { readonly [op in BinaryOp]?: NumberRule } = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": mod,
  "**": (a, b) => a ** b,
};

const orders: { readonly [op in BinaryOp]?: (a: number, b: number) => boolean } = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

const polynomials: { readonly [op in BinaryOp]?: (a: Size, b: Size) => Size } = {
  "+": addSizes,
  "-": subtractSizes,
  "*": multiplySizes,
};

export type Static = NumberValue | SizeValue | BoolValue | StringValue;
export const isStatic = (value: Value): value is Static =>
  value.kind === "number" || value.kind === "size" || value.kind === "bool" || value.kind === "string";

/** A size as a value: a plain number where no batch takes part. */
export function sizeValue(size: Size, origin: NumberValue["origin"] = null): NumberValue | SizeValue {
  const plain = asNumber(size);
  return plain === null ? { kind: "size", size, origin } : number(plain, true, origin);
}

/** Folds `a op b`, or null where the result is a matter of run time (n / m). */
export function fold(op: BinaryOp, a: Static, b: Static, span: Span): Value | null {
  if (a.kind === "number" && b.kind === "number") return foldNumbers(op, a, b, span);
  if (a.kind === "bool" && b.kind === "bool") {
    if (op === "and") return bool(a.value && b.value);
    if (op === "or") return bool(a.value || b.value);
  }
  if ((a.kind === "bool" && b.kind === "bool") || (a.kind === "string" && b.kind === "string")) {
    if (op === "==") return bool(a.value === b.value);
    if (op === "!=") return bool(a.value !== b.value);
    return null;
  }
  const rule = polynomials[op];
  const [left, right] = [asSize(a), asSize(b)];
  return rule === undefined || left === null || right === null ? null : sizeValue(rule(left, right));
}

function foldNumbers(op: BinaryOp, a: NumberValue, b: NumberValue, span: Span): Value | null {
  const order = orders[op];
  if (order !== undefined) return bool(order(a.value, b.value));
  const rule = numbers[op];
  if (rule === undefined) return null;
  const value = rule(a.value, b.value);
  if (Number.isNaN(value)) refuse(messages.notANumber, span, { what: `\`${a.value} ${op} ${b.value}\``, found: "not a number" });
  // `/` is float division, yet 32 / 4 may serve as a size.
  return number(value, op === "/" ? Number.isInteger(value) : a.integer && b.integer && Number.isInteger(value));
}

/** A whole number or a batch's size, as a polynomial. */
export function asSize(value: Value): Size | null {
  if (value.kind === "size") return value.size;
  return value.kind === "number" && Number.isInteger(value.value) ? constant(value.value) : null;
}
