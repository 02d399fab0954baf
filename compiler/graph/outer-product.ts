import type { GraphBuilder } from "./builder.js";
import type { Id } from "./graph.js";
import type { AxisPairs } from "./op-table.js";
import type { Shape } from "./type.js";

/** A contraction over nothing, as the product of repeated elements that it is. Its axes: batch, x's own, y's own. */
export function outerProduct(b: GraphBuilder, x: Id, y: Id, batch: AxisPairs): Id {
  const side = (id: Id, paired: readonly number[]) => ({
    id,
    paired,
    free: b.shape(id).flatMap((_, k) => (paired.includes(k) ? [] : [k])),
  });
  type Side = ReturnType<typeof side>;
  const left = side(
    x,
    batch.map(([axis]) => axis),
  );
  const right = side(
    y,
    batch.map(([, axis]) => axis),
  );
  const sizes = ({ id }: Side, axes: readonly number[]): Shape => axes.map((axis) => b.shape(id)[axis] ?? []);
  const shape = [...sizes(left, left.paired), ...sizes(left, left.free), ...sizes(right, right.free)];
  /** Brings the axes into the order of the result, then repeats. */
  const spread = ({ id, paired, free }: Side, firstFree: number): Id =>
    b.broadcast(b.transpose(id, [...paired, ...free]), shape, [...paired.keys(), ...free.map((_, k) => firstFree + k)]);
  return b.mul(spread(left, batch.length), spread(right, batch.length + left.free.length));
}
