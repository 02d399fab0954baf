/** How a mistake travels: thrown where it is seen, caught at the smallest expression around it, reported once. */
import { type Diagnostic, diagnose, type MessageSpec, type Related } from "../../grammar/diagnostic.js";
import type { Span } from "../../grammar/span.js";
import type { Dimension } from "./dimension.js";

/** null: the cause has been reported, so whoever needed the value stays silent. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic | null;

  constructor(diagnostic: Diagnostic | null) {
    super(diagnostic?.message ?? "already reported");
    this.diagnostic = diagnostic;
  }
}

/** `meant`: the nearest name, where one is near. `write`: what says the same here. */
export type Hints = { readonly related?: readonly Related[]; readonly meant?: string | null; readonly write?: string | undefined };
type Values<N extends string> = { readonly [K in N]: string | number };

export function mistake<N extends string>(row: MessageSpec<N>, span: Span, values: Values<N>, hints: Hints = {}): Diagnostic {
  const diagnostic = diagnose(row, span, values, hints.related ?? []);
  const { meant = null, write } = hints;
  if (write !== undefined) return { ...diagnostic, help: [`write \`${write}\``, ...diagnostic.help] };
  return meant === null ? diagnostic : { ...diagnostic, help: [`did you mean \`${meant}\`?`, ...diagnostic.help] };
}

export function refuse<N extends string>(row: MessageSpec<N>, span: Span, values: Values<N>, hints: Hints = {}): never {
  throw new Refusal(mistake(row, span, values, hints));
}

export function staySilent(): never {
  throw new Refusal(null);
}

/** "768 comes from input `image`", at its place. */
export const comesFrom = (axis: Dimension): Related => ({
  span: axis.origin.span,
  message: `${axis.text} comes from ${axis.origin.words}`,
});

const keyOf = (d: Diagnostic): string => `${d.code} ${d.span.file} ${d.span.start} ${d.span.end}`;

/** Collects diagnostics; one mistake in a module that is applied twelve times is one mistake. */
export class Report {
  readonly #byPlace = new Map<string, Diagnostic>();
  /** The applications of modules that we are inside of, outermost first. */
  readonly applications: Related[] = [];

  get diagnostics(): readonly Diagnostic[] {
    return [...this.#byPlace.values()];
  }

  get failed(): boolean {
    return this.diagnostics.some((d) => d.severity === "error");
  }

  add(diagnostic: Diagnostic): void {
    const key = keyOf(diagnostic);
    if (this.#byPlace.has(key)) return;
    this.#byPlace.set(key, { ...diagnostic, related: [...diagnostic.related, ...this.applications.slice(0, 3)] });
  }

  /** The value of `body`, or `otherwise` where it is refused. */
  attempt<T, U>(body: () => T, otherwise: U): T | U {
    try {
      return body();
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      if (thrown.diagnostic !== null) this.add(thrown.diagnostic);
      return otherwise;
    }
  }
}
