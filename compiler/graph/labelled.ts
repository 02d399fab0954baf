/** Contractions by names of axes, as in index notation: which axes meet, stay or go follows from the names. */
import type { GraphBuilder } from "./builder.js";
import type { Id } from "./graph.js";
import type { AxisPairs } from "./op-table.js";
import { outerProduct } from "./outer-product.js";
import type { Size } from "./size.js";

export type Label = number;

/** A value whose axes have names, each once. */
export type Labelled = { readonly value: Id; readonly labels: readonly Label[] };

/** Sums over the axes that nobody keeps. */
function keepOnly(b: GraphBuilder, { value, labels }: Labelled, kept: ReadonlySet<Label>): Labelled {
  const gone = labels.flatMap((label, axis) => (kept.has(label) ? [] : [axis]));
  return { value: b.sum(value, gone), labels: labels.filter((label) => kept.has(label)) };
}

/** The product of both, summed over what is not kept. Axes: those that both have, x's own, y's own. */
export function contract(b: GraphBuilder, left: Labelled, right: Labelled, kept: ReadonlySet<Label>): Labelled {
  const x = keepOnly(b, left, new Set([...kept, ...right.labels]));
  const y = keepOnly(b, right, new Set([...kept, ...left.labels]));
  const shared = x.labels.filter((label) => y.labels.includes(label));
  const pairs = (labels: readonly Label[]): AxisPairs => labels.map((label) => [x.labels.indexOf(label), y.labels.indexOf(label)]);
  const [batch, summed] = [shared.filter((label) => kept.has(label)), shared.filter((label) => !kept.has(label))];
  return {
    value: summed.length === 0 ? outerProduct(b, x.value, y.value, pairs(batch)) : b.dot(x.value, y.value, pairs(summed), pairs(batch)),
    labels: [...batch, ...[...x.labels, ...y.labels].filter((label) => !shared.includes(label))],
  };
}

/** Its axes in this order, repeated along those that it lacks. */
export function arranged(b: GraphBuilder, { value, labels }: Labelled, order: readonly Label[], sizeOf: (label: Label) => Size): Id {
  const own = order.filter((label) => labels.includes(label));
  const sorted = b.transpose(
    value,
    own.map((label) => labels.indexOf(label)),
  );
  return b.broadcast(
    sorted,
    order.map(sizeOf),
    own.map((label) => order.indexOf(label)),
  );
}
