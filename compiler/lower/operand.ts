/** Values as operands: numbers take the dtype of what they meet, and what cannot take part is refused. */
import type { Span } from "../../grammar/span.js";
import { promote, toFloat } from "../check/dtypes.js";
import { messages } from "../check/messages.js";
import type { Operand } from "../check/operand.js";
import { refuse, staySilent } from "../check/refusal.js";
import { describe, type NumberValue, type SizeValue, type Tensor, type Value } from "../check/value.js";
import { type DType, isFloat } from "../graph/type.js";
import type { Site } from "./elaboration.js";
import { cast, scalar } from "./tensor.js";

type Numeric = Tensor | NumberValue | SizeValue;

/** The operand as one that arithmetic takes; `op` names the operation in messages. */
export function numeric({ value, span, text }: Operand, op: string): Numeric {
  if (value.kind === "error") staySilent();
  if (value.kind === "bool" || (value.kind === "tensor" && value.dtype === "bool"))
    refuse(messages.boolInArithmetic, span, { op, operand: `\`${text}\``, spelling: text });
  if (value.kind === "tensor" || value.kind === "number" || value.kind === "size") return value;
  return refuse(messages.needsTensor, span, { what: `\`${op}\``, found: describe(value) });
}

/** The dtype in which numbers and tensors meet; `float` where the operation has no integer form. */
export function commonDType(values: readonly Value[], float: boolean): DType {
  const stored = values.flatMap((value) => (value.kind === "tensor" ? [value.dtype] : []));
  const first = stored[0];
  if (first === undefined) return "f32";
  const dtype = stored.reduce(promote, first);
  const fractional = values.some((value) => value.kind === "number" && !Number.isInteger(value.value));
  return float || fractional ? toFloat(dtype) : dtype;
}

/** All operands as tensors of one dtype. */
export function numericTensors(
  site: Site,
  op: string,
  operands: readonly Operand[],
  float = false,
): { readonly tensors: readonly Tensor[]; readonly dtype: DType } {
  const values = operands.map((operand) => numeric(operand, op));
  const dtype = commonDType(values, float);
  return { dtype, tensors: values.map((value, k) => asTensor(site, value, dtype, operands[k]?.span ?? site.span)) };
}

function asTensor(site: Site, value: Numeric, dtype: DType, span: Span): Tensor {
  if (value.kind === "tensor") return cast(site, value, dtype);
  if (value.kind === "size") return scalar(site, dtype, (b) => b.size(value.size, dtype));
  if (!isFloat(dtype) && Math.abs(value.value) > 2147483647)
    refuse(messages.outOfBounds, span, { what: `A number that meets ${dtype}`, wanted: "within its range", found: value.value });
  return scalar(site, dtype, (b) => b.const(value.value, dtype));
}

/** A tensor of true and false. */
export function boolTensor(site: Site, { value, span }: Operand, what: string): Tensor {
  if (value.kind === "error") staySilent();
  if (value.kind === "bool") return scalar(site, "bool", (b) => b.const(value.value ? 1 : 0, "bool"));
  if (value.kind === "tensor" && value.dtype === "bool") return value;
  return refuse(messages.needsBool, span, { what, found: describe(value) });
}

/** Whatever can be a result: numbers become f32. */
export function anyTensor(site: Site, operand: Operand, what: string): Tensor {
  const { value, span } = operand;
  if (value.kind === "error") staySilent();
  if (value.kind === "bool") return boolTensor(site, operand, what);
  if (value.kind === "number" || value.kind === "size" || value.kind === "tensor")
    return asTensor(site, value, value.kind === "tensor" ? value.dtype : "f32", span);
  return refuse(messages.needsTensor, span, { what, found: describe(value) });
}

/** A tensor of floats; integers are cast. */
export function floatTensor(site: Site, operand: Operand, op: string): Tensor {
  const { tensors } = numericTensors(site, op, [operand], true);
  return tensors[0] ?? staySilent();
}
