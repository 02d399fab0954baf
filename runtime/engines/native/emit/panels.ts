/** Which matrices may lie in panels: what one contraction stores and others take as their left factor, without packing it. */
import type { Access, KernelOf, Kernel, KernelOut, Scalar } from "../../../../compiler/kernel/kernel.js";
import { type Roles, rolesOf } from "./roles.js";

/** `rows`: the matrix's rows are the contraction's, as it stands; `columns`: its columns are, transposed. */
export type LeftPanels = { readonly operand: number; readonly order: "rows" | "columns" };

/** The left factor, where it is nothing but what lies in memory, one matrix for each point. */
export function plainLeft(kernel: KernelOf<"contract">, { left }: Roles): Extract<Scalar, { kind: "load" }> | null {
  const [load, ...others] = left.scalars;
  if (load?.kind !== "load" || others.length > 0 || kernel.inner !== 1 || kernel.kept !== undefined) return null;
  return isElement(kernel, load.operand) ? load : null;
}

/** That, where it is one matrix and the kernel reads it nowhere else. */
export function leftPanels(kernel: KernelOf<"contract">, roles: Roles): LeftPanels | null {
  const load = plainLeft(kernel, roles);
  if (load === null || roles.points.length > 0 || uses(kernel, load.operand) !== 1) return null;
  const { row } = roles;
  const { operand, access } = load;
  const k = kernel.dims - 1;
  if (same(access, [row, k])) return { operand, order: "rows" };
  return same(access, [k, row]) ? { operand, order: "columns" } : null;
}

/** A result that has rows and columns as the register tiles do. */
export function storesPanels(kernel: KernelOf<"contract">, roles: Roles, out: KernelOut): boolean {
  const { row, column, points } = roles;
  return (
    points.length === 0 &&
    same(out.access, [row, column]) &&
    (out.merge === "none" || out.merge === "sum") &&
    isElement(kernel, out.operand) &&
    uses(kernel, out.operand) === 1
  );
}

/** Every operand that this kernel takes in panels as well as in rows. */
export function panelOperands(kernel: Kernel): ReadonlySet<number> {
  const roles = kernel.form === "contract" ? rolesOf(kernel) : null;
  if (kernel.form !== "contract" || roles === null) return new Set();
  const left = leftPanels(kernel, roles);
  const stored = kernel.outs.filter((out) => storesPanels(kernel, roles, out)).map(({ operand }) => operand);
  return new Set(left === null ? stored : [...stored, left.operand]);
}

/** Of the type that the contraction adds up in: a register tile is stored as it is. */
function isElement(kernel: KernelOf<"contract">, operand: number): boolean {
  const accumulator = kernel.scalars.find(({ kind }) => kind === "accumulator");
  return accumulator !== undefined && kernel.operands[operand]?.dtype === accumulator.dtype;
}

function uses({ left, right, scalars, outs, kept }: KernelOf<"contract">, operand: number): number {
  const loads = [...left.scalars, ...right.scalars, ...scalars].filter((scalar) => scalar.kind === "load" && scalar.operand === operand);
  return loads.length + outs.filter((out) => out.operand === operand).length + (kept?.operand === operand ? 1 : 0);
}

const same = (a: Access, b: Access): boolean => a.length === b.length && a.every((dim, axis) => dim === b[axis]);
