/** The statements of a schedule once it is known which keeps hold none, some or all of their tiles: only "some" is a choice. */
import type { BlockNumbers } from "./block-numbers.js";
import type { BufferId } from "./plan.js";
import type { Schedule, SymbolicStatement } from "./symbolic-plan.js";

export type Decided = {
  readonly statements: readonly SymbolicStatement[];
  /** The buffers of keeps that hold nothing. */
  readonly gone: ReadonlySet<BufferId>;
};

type Counts = Pick<BlockNumbers, "kept" | "totals">;

/** Equal where the decisions are. */
export const decisionKey = ({ kept, totals }: Counts): string =>
  kept.map((count, k) => (count === 0 ? "none" : count === totals[k] ? "all" : "some")).join();

export function decideKept({ statements, keeps }: Schedule, { kept, totals }: Counts): Decided {
  const decide = (statement: SymbolicStatement): SymbolicStatement => {
    if (statement.kind === "for") return { ...statement, body: statement.body.map(decide) };
    if (statement.kind === "call") return statement;
    const count = kept[statement.keep] ?? 0;
    return count === 0 ? statement.late : count === totals[statement.keep] ? statement.early : statement;
  };
  const gone = new Set(keeps.flatMap(({ buffer }, keep) => (kept[keep] === 0 ? [buffer] : [])));
  return { statements: keeps.length === 0 ? statements : statements.map(decide), gone };
}
