/**
 * Two neighbouring dims along which every operand lies as along one become one: the rows of [n, 64, 192] times a weight are
 * n * 64 rows of one matrix product, not n products. Points keep their order, so results keep their bits wherever an order of
 * summation is promised.
 */
import { asNumber, multiplySizes, sameSize, type Size } from "../graph/size.js";
import { isBlock, type SymbolicCall, type SymbolicView } from "./call.js";
import { factorDims, scalarDims } from "./factor.js";
import type { Access, PointKernel, Scalar, WindowAxis } from "./kernel.js";
import { renameDims } from "./rename-dims.js";
import { foldWindow, plainAxis, renameWindow, windowDims } from "./window.js";

export function foldDims(call: SymbolicCall): SymbolicCall {
  const { kernel } = call;
  if (kernel.form !== "map" && kernel.form !== "reduce" && kernel.form !== "contract") return call;
  // Counts of ranks name axes of their operand.
  if (kernel.outs.some(({ topk }) => topk !== null)) return call;
  for (let dim = 0; dim < kernel.dims; dim++) if (droppable(kernel, call, dim)) return foldDims(dropped(kernel, call, dim));
  for (let dim = 0; dim + 1 < kernel.dims; dim++) if (foldable(kernel, call, dim)) return foldDims(folded(kernel, call, dim));
  return call;
}

/**
 * A dim of one position says nothing, but as the rows of a matrix product it hides those that the product could have: x[:, -1:] times
 * a weight is n rows, not n products of one. Rows and columns are left to a product that has no others.
 */
function droppable(kernel: PointKernel, { extents }: SymbolicCall, dim: number): boolean {
  if (kernel.form !== "contract" || dim >= kernel.dims - kernel.inner || asNumber(extents[dim] ?? []) !== 1) return false;
  if (scalarsOf(kernel).some((scalar) => scalar.kind !== "load" && scalarDims(scalar).includes(dim)) || !isOneAxis(kernel, dim))
    return false;
  const [left, right] = [factorDims(kernel.left), factorDims(kernel.right)];
  if (left.includes(dim) === right.includes(dim)) return true;
  const outer = Array.from({ length: kernel.dims - kernel.inner }, (_, other) => other);
  return outer.some(
    (other) => other !== dim && left.includes(other) === left.includes(dim) && right.includes(other) === right.includes(dim),
  );
}

type Window = { readonly operand: number; readonly access: Access };

/** All that the kernel reads and writes, and along which dims. */
function windowsOf(kernel: PointKernel): readonly Window[] {
  const kept = kernel.form === "contract" && kernel.kept !== undefined ? [kernel.kept] : [];
  return [...scalarsOf(kernel).flatMap((scalar) => (scalar.kind === "load" ? [scalar] : [])), ...kept, ...kernel.outs];
}

/** A view has one shape: whoever reads an operand along the dim reads it along the same axis. */
const isOneAxis = (kernel: PointKernel, dim: number): boolean =>
  windowsOf(kernel).every(({ operand, access }, _, windows) =>
    windows.every((other) => other.operand !== operand || other.access.indexOf(dim) === access.indexOf(dim)),
  );

function scalarsOf(kernel: PointKernel): readonly Scalar[] {
  const factors = kernel.form === "contract" ? [kernel.left, kernel.right] : [];
  return [kernel, ...factors].flatMap((part) => part.scalars);
}

/** What is read through windows: positions take a folded dim apart again. */
const throughWindows = (kernel: PointKernel): readonly Extract<Scalar, { readonly kind: "window" }>[] =>
  scalarsOf(kernel).filter((scalar) => scalar.kind === "window");

/**
 * Only where it makes a matrix product higher, and where the next dim is no axis as it stands, which vectors run along. A folded
 * view would have another shape than windows read it by.
 */
function windowsAllow(kernel: PointKernel, size: Size, dim: number): boolean {
  const reads = throughWindows(kernel);
  const named = reads.filter(({ axes }) => windowDims(axes).some((d) => d === dim || d === dim + 1));
  const shared = windowsOf(kernel).some(
    ({ operand, access }) => reads.some((read) => read.operand === operand) && (access.includes(dim) || access.includes(dim + 1)),
  );
  if (shared) return false;
  if (named.length === 0) return true;
  return (
    kernel.form === "contract" &&
    dim + 1 < kernel.dims - kernel.inner &&
    asNumber(size) !== null &&
    named.every(({ axes }) => plainAxis(axes, dim + 1) < 0)
  );
}

/** May `dim` and the next one become one? */
function foldable(kernel: PointKernel, { operands, extents }: SymbolicCall, dim: number): boolean {
  if (kernel.form === "contract" && dim + 1 === kernel.dims - kernel.inner) return false;
  const size = extents[dim + 1] ?? [];
  // The last block is shorter: behind it there would be a gap.
  if (isBlock(size)) return false;
  if (scalarsOf(kernel).some((scalar) => scalar.kind === "index" && (scalar.dim === dim || scalar.dim === dim + 1))) return false;
  if (!windowsAllow(kernel, size, dim)) return false;
  if (!isOneAxis(kernel, dim) || !isOneAxis(kernel, dim + 1)) return false;
  return windowsOf(kernel).every(({ operand, access }) => {
    const [axis, next] = [access.indexOf(dim), access.indexOf(dim + 1)];
    if (axis < 0 || next < 0) return axis === next;
    const [outer, along] = [operands[operand]?.dims[axis], operands[operand]?.dims[next]];
    return outer !== undefined && along !== undefined && sameSize(outer.stride, multiplySizes(size, along.stride));
  });
}

function folded(kernel: PointKernel, call: SymbolicCall, dim: number): SymbolicCall {
  const extent = call.extents[dim + 1] ?? [];
  return without(kernel, call, dim + 1, {
    extents: call.extents.with(dim, multiplySizes(call.extents[dim] ?? [], extent)),
    window: (axes) => foldWindow(axes, dim, asNumber(extent) ?? 1),
    view: (view, access) => foldedView(view, access.indexOf(dim), access.indexOf(dim + 1)),
  });
}

function dropped(kernel: PointKernel, call: SymbolicCall, dim: number): SymbolicCall {
  return without(kernel, call, dim, {
    extents: call.extents,
    window: (axes) => renameWindow(axes, (d) => (d > dim ? d - 1 : d)),
    view: (view, access) => ({ ...view, dims: view.dims.toSpliced(access.indexOf(dim), 1) }),
  });
}

type Removal = {
  /** Of all dims, before one is removed. */
  readonly extents: SymbolicCall["extents"];
  readonly window: (axes: readonly WindowAxis[]) => readonly WindowAxis[];
  /** Of what is read or written along the dim. */
  readonly view: (view: SymbolicView, access: Access) => SymbolicView;
};

/** One dim less, those behind it a place earlier. */
function without(kernel: PointKernel, call: SymbolicCall, dim: number, { extents, window, view }: Removal): SymbolicCall {
  const along = new Map(windowsOf(kernel).flatMap(({ operand, access }) => (access.includes(dim) ? [[operand, access] as const] : [])));
  const index = (d: number): number => (d > dim ? d - 1 : d);
  const access = (old: Access): Access => old.filter((d) => d !== dim).map(index);
  const renamed = renameDims(kernel, { access, window, index });
  const inner = renamed.form === "contract" && dim >= kernel.dims - renamed.inner ? { inner: renamed.inner - 1 } : {};
  return {
    ...call,
    kernel: {
      ...renamed,
      ...inner,
      operands: kernel.operands.map((operand, k) => (along.has(k) ? { ...operand, rank: operand.rank - 1 } : operand)),
      dims: kernel.dims - 1,
    },
    operands: call.operands.map((whole, k) => {
      const names = along.get(k);
      return names === undefined ? whole : view(whole, names);
    }),
    extents: extents.toSpliced(dim, 1),
  };
}

function foldedView(view: SymbolicView, axis: number, next: number): SymbolicView {
  const size = multiplySizes(view.dims[axis]?.size ?? [], view.dims[next]?.size ?? []);
  const stride = view.dims[next]?.stride ?? [];
  const dims = view.dims.map((dim, k) => (k === axis ? { size, stride } : dim)).filter((_, k) => k !== next);
  return { ...view, dims };
}
