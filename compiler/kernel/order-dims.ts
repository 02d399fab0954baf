/** Dims in another order: which of them vectors run along, and which are the rows and columns of a matrix product, follows from it. */
import type { SymbolicCall } from "./call.js";
import type { Access, Factor, Scalar } from "./kernel.js";
import { renameWindow } from "./window.js";

/**
 * The call with its outer dims in this order, the innermost last. As it is where something is reduced: that happens in the order of
 * the dims.
 */
export function orderDims(call: SymbolicCall, order: Access): SymbolicCall {
  const { kernel } = call;
  if (kernel.form !== "map" && kernel.form !== "contract") return call;
  const outer = kernel.dims - (kernel.form === "contract" ? kernel.inner : 0);
  if (order.length !== outer || kernel.outs.some(({ access }) => access.length !== outer)) return call;
  const renamed = (dim: number): number => (dim < order.length ? order.indexOf(dim) : dim);
  const access = (old: Access): Access => old.map(renamed);
  const scalars = <S extends Scalar>(list: readonly S[]): readonly S[] =>
    list.map((scalar) => {
      if (scalar.kind === "load") return { ...scalar, access: access(scalar.access) };
      if (scalar.kind === "window") return { ...scalar, axes: renameWindow(scalar.axes, renamed) };
      return scalar.kind === "index" ? { ...scalar, dim: renamed(scalar.dim) } : scalar;
    });
  const factor = (old: Factor): Factor => ({ ...old, scalars: scalars(old.scalars) });
  const points = { scalars: scalars(kernel.scalars), outs: kernel.outs.map((out) => ({ ...out, access: access(out.access) })) };
  const extents = call.extents.map((size, dim) => (dim < order.length ? (call.extents[order[dim] ?? dim] ?? size) : size));
  if (kernel.form === "map") return { ...call, extents, kernel: { ...kernel, ...points } };
  const kept = kernel.kept === undefined ? {} : { kept: { ...kernel.kept, access: access(kernel.kept.access) } };
  return { ...call, extents, kernel: { ...kernel, ...points, ...kept, left: factor(kernel.left), right: factor(kernel.right) } };
}
