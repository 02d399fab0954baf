/** gather, scatter_add, cumsum and sort over strided windows. */
import { wrapTo } from "./integers.js";
import type { KernelOf } from "../../../compiler/kernel/kernel.js";
import { compareNumbers } from "./order.js";
import type { Window } from "./points.js";

function must(window: Window | undefined): Window {
  if (window === undefined) throw new Error("an operand is missing");
  return window;
}

/** The element positions of some axes of a window, in row-major order. */
function walk({ extents, strides }: Window, axes: readonly number[]): readonly number[] {
  return axes.reduce<readonly number[]>(
    (starts, axis) => starts.flatMap((start) => Array.from({ length: extents[axis] ?? 0 }, (_, k) => start + k * (strides[axis] ?? 0))),
    [0],
  );
}
const range = (from: number, to: number): readonly number[] => Array.from({ length: Math.max(to - from, 0) }, (_, k) => from + k);

/** A window seen as [outer…, axes…, inner…]. */
function around(
  window: Window,
  axis: number,
  count: number,
): { readonly outer: readonly number[]; readonly middle: readonly number[]; readonly inner: readonly number[] } {
  return {
    outer: walk(window, range(0, axis)),
    middle: walk(window, range(axis, axis + count)),
    inner: walk(window, range(axis + count, window.extents.length)),
  };
}

export function runGather({ axis }: KernelOf<"gather">, windows: readonly Window[]): void {
  const [x, index, out] = [must(windows[0]), must(windows[1]), must(windows[2])];
  const source = around(x, axis, 1);
  const target = around(out, axis, index.extents.length);
  const places = walk(index, range(0, index.extents.length));
  target.outer.forEach((to, o) =>
    target.middle.forEach((middle, place) => {
      const row = source.middle[index.cells.get(index.offset + (places[place] ?? 0))];
      target.inner.forEach((inner, i) => {
        const value = row === undefined ? 0 : x.cells.get(x.offset + (source.outer[o] ?? 0) + row + (source.inner[i] ?? 0));
        out.cells.set(out.offset + to + middle + inner, value);
      });
    }),
  );
}

export function runScatterAdd({ axis }: KernelOf<"scatter_add">, windows: readonly Window[], accumulates: boolean): void {
  const [updates, index, out] = [must(windows[0]), must(windows[1]), must(windows[2])];
  const source = around(updates, axis, index.extents.length);
  const target = around(out, axis, 1);
  const places = walk(index, range(0, index.extents.length));
  const wrap = wrapTo(out.cells.buffer.dtype);
  if (!accumulates) for (const at of walk(out, range(0, out.extents.length))) out.cells.set(out.offset + at, 0);
  target.outer.forEach((to, o) =>
    source.middle.forEach((middle, place) => {
      const row = target.middle[index.cells.get(index.offset + (places[place] ?? 0))];
      if (row === undefined) return;
      target.inner.forEach((inner, i) => {
        const at = out.offset + to + row + inner;
        out.cells.set(
          at,
          wrap(out.cells.get(at) + updates.cells.get(updates.offset + (source.outer[o] ?? 0) + middle + (source.inner[i] ?? 0))),
        );
      });
    }),
  );
}

/** Slices along one axis: `use` gets the positions in x and in the result. */
function slices(
  axis: number,
  windows: readonly Window[],
  use: (x: Window, from: readonly number[], out: Window, to: readonly number[]) => void,
): void {
  const [x, out] = [must(windows[0]), must(windows[1])];
  const others = range(0, x.extents.length).filter((a) => a !== axis);
  const [starts, ends] = [walk(x, others), walk(out, others)];
  const [from, to] = [walk(x, [axis]), walk(out, [axis])];
  starts.forEach((start, k) =>
    use(
      x,
      from.map((at) => x.offset + start + at),
      out,
      to.map((at) => out.offset + (ends[k] ?? 0) + at),
    ),
  );
}

export function runCumsum({ axis, reverse }: KernelOf<"cumsum">, windows: readonly Window[]): void {
  slices(axis, windows, (x, from, out, to) => {
    const wrap = wrapTo(out.cells.buffer.dtype);
    let total = 0;
    for (let step = 0; step < from.length; step++) {
      const k = reverse ? from.length - 1 - step : step;
      total = wrap(total + x.cells.get(from[k] ?? 0));
      out.cells.set(to[k] ?? 0, total);
    }
  });
}

export function runSort({ axis }: KernelOf<"sort">, windows: readonly Window[]): void {
  slices(axis, windows, (x, from, out, to) => {
    const sorted = from.map((at) => x.cells.get(at)).sort(compareNumbers);
    to.forEach((at, k) => out.cells.set(at, sorted[k] ?? 0));
  });
}
