import { toFloat } from "../check/dtypes.js";
import { messages } from "../check/messages.js";
import type { Operand } from "../check/operand.js";
import { refuse } from "../check/refusal.js";
import { printTensor, type Tensor } from "../check/value.js";
import { contract, type Contraction } from "./contract.js";
import type { Site } from "./elaboration.js";
import { numericTensors } from "./operand.js";

/** `x @ y` as in NumPy: the last axis of x with the second-last of y (the only one of a vector); leading axes run together. */
export function matmul(site: Site, left: Operand, right: Operand): Tensor {
  const [x, y] = pairOf(site, "@", left, right);
  for (const [t, operand] of [
    [x, left],
    [y, right],
  ] as const)
    if (t.dims.length === 0)
      refuse(messages.needsAxes, operand.span, { what: "`@`", wanted: "a vector or a matrix on each side", found: printTensor(t) });
  return contract(site, "`@` contracts", x, y, matmulSpec(x.dims.length, y.dims.length));
}

/** Σ over the last axis of both, which are vectors. */
export function dot(site: Site, left: Operand, right: Operand): Tensor {
  const [x, y] = pairOf(site, "dot", left, right);
  for (const [t, operand] of [
    [x, left],
    [y, right],
  ] as const)
    if (t.dims.length !== 1)
      refuse(messages.needsAxes, operand.span, { what: "`dot`", wanted: "a vector on each side, such as `x[i]`", found: printTensor(t) });
  return contract(site, "`dot` contracts", x, y, { contract: [[0, 0]], batch: [], order: [] });
}

function pairOf(site: Site, op: string, left: Operand, right: Operand): readonly [Tensor, Tensor] {
  const { tensors } = numericTensors(site, op, [left, right], true);
  const [x, y] = tensors;
  if (x === undefined || y === undefined || toFloat(x.dtype) !== x.dtype) throw new Error("a product needs two floats");
  return [x, y];
}

function matmulSpec(left: number, right: number): Contraction {
  const rows = left > 1;
  const columns = right > 1;
  const [leadingLeft, leadingRight] = [Math.max(0, left - 2), Math.max(0, right - 2)];
  const both = Math.min(leadingLeft, leadingRight);
  const batch = Array.from({ length: both }, (_, k) => [leadingLeft - both + k, leadingRight - both + k] as const);
  const longer = leadingLeft >= leadingRight ? "left" : "right";
  const extra = Math.max(leadingLeft, leadingRight) - both;
  return {
    contract: [[left - 1, columns ? right - 2 : 0]],
    batch,
    order: [
      ...Array.from({ length: extra }, (_, axis) => ({ side: longer, axis }) as const),
      ...batch.map(([axis]) => ({ side: "left", axis }) as const),
      ...(rows ? [{ side: "left", axis: left - 2 } as const] : []),
      ...(columns ? [{ side: "right", axis: right - 1 } as const] : []),
    ],
  };
}
