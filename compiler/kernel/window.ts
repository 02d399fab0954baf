/** Loads through windows, by the dims that they change with. */
import type { WindowAxis } from "./kernel.js";

/** The dims that a position along some axis changes with. */
export const windowDims = (axes: readonly WindowAxis[]): readonly number[] => [
  ...new Set(axes.flatMap(({ terms }) => terms.map(({ dim }) => dim))),
];

/** The axis that a dim runs along as it stands, and no other; −1 where positions make more of it. */
export function plainAxis(axes: readonly WindowAxis[], dim: number): number {
  const named = axes.flatMap(({ terms }, axis) => (terms.some((term) => term.dim === dim) ? [axis] : []));
  const [axis = -1] = named;
  return named.length === 1 && isPlain(axes[axis]) ? axis : -1;
}

function isPlain(axis: WindowAxis | undefined): boolean {
  const [term, ...others] = axis?.terms ?? [];
  if (axis === undefined || term === undefined || others.length > 0 || axis.extent !== null) return false;
  return axis.over === 1 && term.step === 1 && term.divisor === 1 && term.modulus === null;
}

/** The same positions where `dim` and the next, of `extent` points, have become one. */
export function foldWindow(axes: readonly WindowAxis[], dim: number, extent: number): readonly WindowAxis[] {
  return axes.map((axis) => ({
    ...axis,
    terms: axis.terms.map((term) => {
      const { divisor, modulus } = term;
      if (term.dim === dim) return { ...term, divisor: divisor * extent };
      // The extents behind a divisor are among those that make up the dim.
      if (term.dim === dim + 1) return { ...term, dim, modulus: modulus ?? extent / divisor };
      return term.dim > dim + 1 ? { ...term, dim: term.dim - 1 } : term;
    }),
  }));
}

/** The same positions by dims that are called otherwise. */
export const renameWindow = (axes: readonly WindowAxis[], renamed: (dim: number) => number): readonly WindowAxis[] =>
  axes.map((axis) => ({ ...axis, terms: axis.terms.map((term) => ({ ...term, dim: renamed(term.dim) })) }));
