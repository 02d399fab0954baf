/** What each dim is to a contraction that is a matrix product. */
import { factorDims } from "../../../../compiler/kernel/factor.js";
import type { Factor, KernelOf } from "../../../../compiler/kernel/kernel.js";

/** One matrix product per point of the other dims: rows come from one factor alone, columns from the other. */
export type Roles = {
  readonly row: number;
  readonly column: number;
  readonly points: readonly number[];
  readonly left: Factor;
  readonly right: Factor;
};

export function rolesOf(kernel: KernelOf<"contract">): Roles | null {
  const outer = kernel.dims - kernel.inner;
  const [left, right] = [factorDims(kernel.left), factorDims(kernel.right)];
  const dims = Array.from({ length: outer }, (_, dim) => dim);
  const onlyLeft = dims.filter((dim) => left.includes(dim) && !right.includes(dim));
  const onlyRight = dims.filter((dim) => right.includes(dim) && !left.includes(dim));
  const [row, column] = [onlyLeft.at(-1), onlyRight.at(-1)];
  if (row === undefined || column === undefined || kernel.inner === 0) return null;
  const points = dims.filter((dim) => dim !== row && dim !== column);
  // Columns run along lanes: the later dim is the one that lies densely in results. Products do not mind the exchange.
  return row < column
    ? { row, column, points, left: kernel.left, right: kernel.right }
    : { row: column, column: row, points, left: kernel.right, right: kernel.left };
}
