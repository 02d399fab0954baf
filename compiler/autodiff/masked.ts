/**
 * Cotangents behind masks. where(x > 0, log(x), 0) has the gradient where(x > 0, d / x, 0); taken step by step it would be
 * where(x > 0, d, 0) / x, which is 0 / 0 at x = 0. So an elementwise rule is given the cotangent without its masks, and the
 * masks go around what it makes of it: the same value, since the rule is linear in the cotangent, and no 0 · inf.
 */
import type { GraphBuilder } from "../graph/builder.js";
import { type Id, isTile } from "../graph/graph.js";
import { addSizes, sameSize, type Size } from "../graph/size.js";

/** The cotangent is 0 where `condition` differs from `keep`. */
type Mask = { readonly condition: Id; readonly keep: boolean };

/** `masks` from the inside out. */
export type Masked = { readonly value: Id; readonly masks: readonly Mask[] };

function isZero(b: GraphBuilder, id: Id): boolean {
  const node = b.node(id);
  if (isTile(node)) return false;
  if (node.op === "broadcast") return node.ins.every((operand) => isZero(b, operand));
  return node.op === "const" && node.attrs.value === 0;
}

export function unmask(b: GraphBuilder, d: Id): Masked {
  const node = b.node(d);
  if (isTile(node) || node.op !== "select") return { value: d, masks: [] };
  const [condition, yes, no] = node.ins;
  if (condition === undefined || yes === undefined || no === undefined) throw new Error(`%${d} is no select`);
  const keep = isZero(b, no);
  if (!keep && !isZero(b, yes)) return { value: d, masks: [] };
  const { value, masks } = unmask(b, keep ? yes : no);
  return { value, masks: [...masks, { condition, keep }] };
}

export function mask(b: GraphBuilder, { value, masks }: Masked): Id {
  return masks.reduce((inner, { condition, keep }) => {
    const zero = b.constLike(0, inner);
    return keep ? b.select(condition, inner, zero) : b.select(condition, zero, inner);
  }, value);
}

/** x + y, under their masks where those are the same. */
export function addCotangents(b: GraphBuilder, x: Id, y: Id): Id {
  const [left, right] = [unmask(b, x), unmask(b, y)];
  const same =
    left.masks.length === right.masks.length &&
    left.masks.every(({ condition, keep }, k) => right.masks[k]?.condition === condition && right.masks[k].keep === keep);
  return same
    ? mask(b, { value: sideBySide(b, left.value, right.value) ?? b.add(left.value, right.value), masks: left.masks })
    : b.add(x, y);
}

/** Cotangents of slices that follow each other are joined, where their sum would add each to zeros. */
function sideBySide(b: GraphBuilder, x: Id, y: Id): Id | null {
  const [left, right] = [partOf(b, x), partOf(b, y)];
  if (left === null || right === null || left.axis !== right.axis) return null;
  for (const [first, second] of [
    [left, right],
    [right, left],
  ] as const)
    if (sameSize(second.low, first.end)) {
      const { axis, low } = first;
      const whole = b.emit("concat", [...first.pieces, ...second.pieces], { axis });
      return low.length === 0 && second.high.length === 0 ? whole : b.emit("pad", [whole], { axis, low, high: second.high });
    }
  return null;
}

/** What a padded value is besides zeros, and from where to where. */
type Part = { readonly axis: number; readonly low: Size; readonly end: Size; readonly high: Size; readonly pieces: readonly Id[] };

function partOf(b: GraphBuilder, id: Id): Part | null {
  const node = b.node(id);
  if (isTile(node) || node.op !== "pad") return null;
  const [inner = -1] = node.ins;
  const { axis, low, high } = node.attrs;
  const joined = b.node(inner);
  const pieces = !isTile(joined) && joined.op === "concat" && joined.attrs.axis === axis ? joined.ins : [inner];
  return { axis, low, end: addSizes(low, b.shape(inner)[axis] ?? []), high, pieces };
}
