/** Dims in another order: which of them vectors run along, and which are the rows and columns of a matrix product, follows from it. */
import type { SymbolicCall } from "./call.js";
import type { Access } from "./kernel.js";
import { renameDims } from "./rename-dims.js";
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
  const index = (dim: number): number => (dim < outer ? order.indexOf(dim) : dim);
  return {
    ...call,
    extents: call.extents.map((size, dim) => call.extents[order[dim] ?? dim] ?? size),
    kernel: renameDims(kernel, { index, access: (old) => old.map(index), window: (axes) => renameWindow(axes, index) }),
  };
}
