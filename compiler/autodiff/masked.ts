/**
 * Cotangents behind masks. where(x > 0, log(x), 0) has the gradient where(x > 0, d / x, 0); taken step by step it would be
 * where(x > 0, d, 0) / x, which is 0 / 0 at x = 0. So an elementwise rule is given the cotangent without its masks, and the
 * masks go around what it makes of it: the same value, since the rule is linear in the cotangent, and no 0 · inf.
 */
import type { GraphBuilder } from "../graph/builder.js";
import { type Id, isTile } from "../graph/graph.js";

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
  return same ? mask(b, { value: b.add(left.value, right.value), masks: left.masks }) : b.add(x, y);
}
