import type { Span } from "../../grammar/span.js";
import { Dimension } from "./dimension.js";
import { messages } from "./messages.js";
import { comesFrom, refuse } from "./refusal.js";

/** A bound index of the pair algebra. Its range is found by use. */
export type IndexVariable = {
  readonly name: string;
  readonly span: Span;
  /** Rises with each binding: the order of axes where no operand has them all. */
  readonly serial: number;
  readonly range: Dimension;
};

export function indexVariable(name: string, span: Span, serial: number): IndexVariable {
  return { name, span, serial, range: Dimension.open({ span, words: `index \`${name}\`` }) };
}

/** The index runs over this axis; a second, different range is refused. */
export function runOver(index: IndexVariable, axis: Dimension, span: Span): void {
  const { range } = index;
  if (!range.unify(axis))
    refuse(
      messages.twoRanges,
      span,
      { index: index.name, first: range.text, second: axis.text },
      {
        related: [comesFrom(range), comesFrom(axis)],
      },
    );
}
