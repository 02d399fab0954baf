/** Where in the program each kernel comes from, for the comment above it. */
import type { Span } from "../../../../grammar/span.js";
import type { Template } from "../../../../compiler/compile.js";
import type { SymbolicStatement } from "../../../../compiler/plan/symbolic-plan.js";

/** One text per kernel: the places of the calls that use it. */
export function kernelNotes({ kernels, schedule }: Template, placeOf: (span: Span) => string): readonly string[] {
  const places = kernels.map(() => new Set<string>());
  const visit = (statements: readonly SymbolicStatement[]): void => {
    for (const statement of statements)
      switch (statement.kind) {
        case "for":
          visit(statement.body);
          break;
        case "choose":
          visit([statement.early, statement.late]);
          break;
        case "call":
          places[statement.kernel]?.add(placeOf(statement.call.span));
      }
  };
  visit(schedule?.statements ?? []);
  return places.map((found) => [...found].join(", "));
}
