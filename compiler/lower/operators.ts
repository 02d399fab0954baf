/** What the operators mean: folded at compile time where both sides are known, nodes otherwise. */
import type { BinaryOp, UnaryOp } from "../../grammar/ast.js";
import { fold, isStatic } from "../check/arithmetic.js";
import { messages } from "../check/messages.js";
import type { Operand } from "../check/operand.js";
import { refuse, staySilent } from "../check/refusal.js";
import { bool, describe, number, type Value } from "../check/value.js";
import { multiplySizes, constant } from "../graph/size.js";
import type { Site } from "./elaboration.js";
import { matmul } from "./matmul.js";
import { boolTensor, numeric, numericTensors } from "./operand.js";
import { elementwise } from "./tensor.js";

type Arithmetic = "add" | "sub" | "mul" | "div" | "mod" | "pow";
const arithmetic = { "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod", "**": "pow" } as const satisfies Partial<
  Record<BinaryOp, Arithmetic>
>;
const comparisons = { "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge" } as const;
const logic = { and: "and", or: "or" } as const;

const has = <T extends object>(table: T, key: string): key is Extract<keyof T, string> => Object.hasOwn(table, key);

export function binary(site: Site, op: BinaryOp, left: Operand, right: Operand): Value {
  if (left.value.kind === "error" || right.value.kind === "error") staySilent();
  if (isStatic(left.value) && isStatic(right.value)) {
    const folded = fold(op, left.value, right.value, site.span);
    if (folded !== null) return folded;
  }
  if (has(logic, op)) return logical(site, op, left, right);
  if (has(comparisons, op)) return compare(site, op, left, right);
  if (op === "@") return matmul(site, left, right);
  if (has(arithmetic, op)) return arithmeticOf(site, op, left, right);
  return refuse(messages.needsTensor, site.span, { what: `\`${op}\``, found: "a chain of data steps, which belongs in a `data` block" });
}

function arithmeticOf(site: Site, op: keyof typeof arithmetic, left: Operand, right: Operand): Value {
  const exponent = op === "**" && right.value.kind === "number" ? right.value.value : null;
  if (exponent === 2) {
    const { tensors, dtype } = numericTensors(site, op, [left]);
    return elementwise(site, `\`${op}\``, tensors, dtype, (b, [x = 0]) => b.mul(x, x));
  }
  if (exponent === 0.5) {
    const { tensors, dtype } = numericTensors(site, op, [left], true);
    return elementwise(site, `\`${op}\``, tensors, dtype, (b, ids) => b.emit("sqrt", ids, {}));
  }
  const { tensors, dtype } = numericTensors(site, op, [left, right], op === "/" || op === "**");
  return elementwise(site, `\`${op}\``, tensors, dtype, (b, ids) => b.emit(arithmetic[op], ids, {}));
}

function compare(site: Site, op: keyof typeof comparisons, left: Operand, right: Operand): Value {
  const isBool = ({ value }: Operand) => value.kind === "bool" || (value.kind === "tensor" && value.dtype === "bool");
  if (isBool(left) !== isBool(right))
    refuse(messages.comparesKinds, site.span, { left: describe(left.value), right: describe(right.value) });
  const tensors = isBool(left)
    ? [boolTensor(site, left, `\`${op}\``), boolTensor(site, right, `\`${op}\``)]
    : numericTensors(site, op, [left, right]).tensors;
  if (isBool(left) && op !== "==" && op !== "!=")
    refuse(messages.comparesKinds, site.span, { left: describe(left.value), right: `${describe(right.value)} by \`${op}\`` });
  return elementwise(site, `\`${op}\``, tensors, "bool", (b, ids) => b.emit(comparisons[op], ids, {}));
}

function logical(site: Site, op: "and" | "or", left: Operand, right: Operand): Value {
  const what = `\`${op}\``;
  const tensors = [boolTensor(site, left, what), boolTensor(site, right, what)];
  return elementwise(site, what, tensors, "bool", (b, ids) => b.emit(logic[op], ids, {}));
}

export function unary(site: Site, op: UnaryOp, operand: Operand): Value {
  const { value } = operand;
  if (op === "not") {
    if (value.kind === "bool") return bool(!value.value);
    const x = boolTensor(site, operand, "`not`");
    return elementwise(site, "`not`", [x], "bool", (b, ids) => b.emit("not", ids, {}));
  }
  if (value.kind === "number") return number(-value.value, value.integer);
  if (value.kind === "size") return { kind: "size", size: multiplySizes(constant(-1), value.size), origin: null };
  const x = numeric(operand, "-");
  const { tensors, dtype } = numericTensors(site, "-", [{ ...operand, value: x }]);
  return elementwise(site, "`-`", tensors, dtype, (b, [id = 0]) => b.neg(id));
}
