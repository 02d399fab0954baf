/** What is made again, by the place in the source, sizes open. */
import type { Span } from "../../../grammar/span.js";
import { contractionFlops } from "../../graph/contraction-flops.js";
import type { GraphNode, Id } from "../../graph/graph.js";
import { addSizes, constant, multiplySizes, product, type Size } from "../../graph/size.js";
import { dtypeBytes } from "../../graph/type.js";
import type { Rung } from "./rungs.js";

export type MadeAgain = {
  readonly span: Span;
  readonly values: number;
  /** What needs not be held between the way forward and the way back. */
  readonly bytes: Size;
  /** Floating-point operations of the contractions that it takes, 2 per multiply-add. */
  readonly flops: Size;
};

const placeOf = ({ file, start, end }: Span): string => `${file}:${start}:${end}`;

/** In the order in which a budget comes to them. */
export function madeAgain(nodes: ReadonlyMap<Id, GraphNode>, rungs: readonly Rung[]): readonly MadeAgain[] {
  const places = new Map<string, MadeAgain>();
  for (const { values, contractions } of rungs) {
    const [first] = values;
    if (first === undefined) continue;
    const known = places.get(placeOf(first.span)) ?? { span: first.span, values: 0, bytes: [], flops: [] };
    places.set(placeOf(first.span), {
      span: first.span,
      values: known.values + values.length,
      bytes: values.reduce(
        (sum, { type }) => addSizes(sum, multiplySizes(constant(dtypeBytes[type.dtype]), product(type.shape))),
        known.bytes,
      ),
      flops: contractions.reduce((sum, node) => addSizes(sum, contractionFlops(nodes, node)), known.flops),
    });
  }
  return [...places.values()];
}
