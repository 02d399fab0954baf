/**
 * Late broadcasts: an elementwise op works on operands that still have size 1 (or no axis at all) where the graph
 * repeats them, and its result stays as small as they allow. A stored shape is aligned to the right of the full one,
 * and each of its axes is the full one's or 1.
 */
import { one, sameSize } from "../graph/size.js";
import type { Shape } from "../graph/type.js";

const isOne = (size: Shape[number]): boolean => sameSize(size, one);

/** With ones in front, so that it has `rank` axes. */
export const padTo = (stored: Shape, rank: number): Shape => [...Array.from({ length: rank - stored.length }, () => one), ...stored];

/** Without the ones in front. */
export function trimmed(stored: Shape): Shape {
  const first = stored.findIndex((size) => !isOne(size));
  return first === -1 ? [] : stored.slice(first);
}

/** What an elementwise op over these stores. */
export function joinStored(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const padded = shapes.map((shape) => padTo(shape, rank));
  return Array.from({ length: rank }, (_, axis) => padded.map((shape) => shape[axis] ?? one).find((size) => !isOne(size)) ?? one);
}

/** The stored shape of a broadcast, before any axis is repeated. */
export function broadcastStored(stored: Shape, rank: number, axes: readonly number[]): Shape {
  const operand = padTo(stored, axes.length);
  const result: Shape[number][] = Array.from({ length: rank }, () => one);
  axes.forEach((axis, k) => {
    result[axis] = operand[k] ?? one;
  });
  return trimmed(result);
}
