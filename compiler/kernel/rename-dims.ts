/** A kernel whose dims are called otherwise: all that it reads, writes and counts positions by follows. */
import type { Access, Factor, PointKernel, Scalar, WindowAxis } from "./kernel.js";

export type Renaming = {
  readonly access: (old: Access) => Access;
  readonly window: (axes: readonly WindowAxis[]) => readonly WindowAxis[];
  readonly index: (dim: number) => number;
};

export function renameDims(kernel: PointKernel, { access, window, index }: Renaming): PointKernel {
  const scalars = <S extends Scalar>(list: readonly S[]): readonly S[] =>
    list.map((scalar) => {
      if (scalar.kind === "load") return { ...scalar, access: access(scalar.access) };
      if (scalar.kind === "window") return { ...scalar, axes: window(scalar.axes) };
      return scalar.kind === "index" ? { ...scalar, dim: index(scalar.dim) } : scalar;
    });
  const factor = (old: Factor): Factor => ({ ...old, scalars: scalars(old.scalars) });
  const points = { scalars: scalars(kernel.scalars), outs: kernel.outs.map((out) => ({ ...out, access: access(out.access) })) };
  if (kernel.form !== "contract") return { ...kernel, ...points };
  const kept = kernel.kept === undefined ? {} : { kept: { ...kernel.kept, access: access(kernel.kept.access) } };
  return { ...kernel, ...points, ...kept, left: factor(kernel.left), right: factor(kernel.right) };
}
