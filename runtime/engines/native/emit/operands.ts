/** Addresses: where the value of an operand lies for a point of a kernel's space. */
import type { Access, KernelOut, PointKernel } from "../../../../compiler/kernel/kernel.js";
import { product, sum } from "./c-text.js";
import { elementType } from "./elements.js";
import type { Place } from "./reducer.js";

/** The C of the element step along a dim: the strides of all axes that it runs along. */
export const strideAlong = (operand: number, access: Access, dim: number): string =>
  sum(access.flatMap((d, axis) => (d === dim ? [`call->operand[${operand}].stride[${axis}]`] : [])));

/** The start of an operand, moved to the given positions of some dims. */
export function pointerAt(
  kernel: PointKernel,
  operand: number,
  access: Access,
  dims: readonly number[],
  position: (dim: number) => string,
): string {
  const dtype = kernel.operands[operand]?.dtype ?? "f32";
  const moved = [...new Set(dims)]
    .filter((dim) => access.includes(dim))
    .map((dim) => product([position(dim), bracket(strideAlong(operand, access, dim))]));
  return sum([`(${elementType(dtype)} *)call->operand[${operand}].data`, ...moved]);
}
const bracket = (text: string): string => (text.includes("+") ? `(${text})` : text);

/** The axes of a result's view without the one that counts the k best. */
export function axesOf(out: KernelOut): { readonly access: Access; readonly rank: string } {
  if (out.topk === null) return { access: out.access, rank: "0" };
  const access = [...out.access];
  // No dim runs along it.
  access.splice(out.topk.axis, 0, -1);
  return { access, rank: `call->operand[${out.operand}].stride[${out.topk.axis}]` };
}

/** An element of a result, and of the one that it follows. `at`: the C address of it in the k-th result. */
export function placeOf({ outs }: PointKernel, out: KernelOut, at: (k: number) => string): Place {
  const key = outs[out.by ?? -1];
  return {
    out: at(outs.indexOf(out)),
    rank: axesOf(out).rank,
    key: out.by === null ? "" : at(out.by),
    keyRank: key === undefined ? "0" : axesOf(key).rank,
  };
}

const extentOf = (dim: number): string => `call->extent[${dim}]`;

/** The number of points along some dims. */
export const pointCount = (dims: readonly number[]): string => product(dims.map(extentOf));

/** Splits a flat position into those of the dims, the last one fastest. */
export function decode(flat: string, dims: readonly number[]): readonly string[] {
  if (dims.length === 1) return [`const int64_t i${dims[0]} = ${flat};`];
  return dims.map((dim, k) => {
    const behind = dims.slice(k + 1);
    const divided = behind.length === 0 ? flat : `${flat} / (${pointCount(behind)})`;
    return `const int64_t i${dim} = ${k === 0 ? divided : `${behind.length === 0 ? flat : `(${divided})`} % ${extentOf(dim)}`};`;
  });
}
