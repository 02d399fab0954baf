import type { IToken } from "chevrotain";
import { type Diagnostic, diagnose } from "./diagnostic.js";
import { MAX_DIAGNOSTICS } from "./limits.js";
import { syntaxMessages as m } from "./messages.js";
import type { SourceFile } from "./source-file.js";
import type { Span } from "./span.js";
import { startOf } from "./token-span.js";
import * as t from "./tokens.js";

/** Mistakes that leave the tokens as they were meant, so that later ones in the same statement are real. */
const harmless: ReadonlySet<string> = new Set(
  [m.foreignSpelling, m.foreignQuotes, m.foreignName, m.badEscape, m.hashComment, m.numberTooLarge, m.integerNotExact].map(
    (row) => row.code,
  ),
);

/** Collects what the stages found; a later stage says nothing about a statement that an earlier one found broken. */
export class Report {
  readonly #found: Diagnostic[] = [];
  /** Statements about which enough is said. */
  readonly #broken = new Set<number>();
  /** Those among them of which nothing is to be believed; a misspelt keyword alone leaves the rest as it is. */
  readonly #lost = new Set<number>();
  readonly #source: SourceFile;
  /** Where statements, blocks and what follows a block begin. */
  readonly #starts: readonly number[];

  constructor(source: SourceFile, tokens: readonly IToken[]) {
    this.#source = source;
    const isBound = (token: IToken | undefined) =>
      token?.tokenType === t.End || token?.tokenType === t.LBrace || token?.tokenType === t.RBrace;
    this.#starts = tokens.filter((token, i) => token.tokenType !== t.End && isBound(tokens[i - 1])).map((token) => startOf(source, token));
  }

  /** Whether the statement at this place has no meaning left. */
  isLost(span: Span): boolean {
    return this.#lost.has(this.#statementOf(span.start));
  }

  /** Whether something was reported from here on: what is missing at the end of a body may have been lost to that. */
  isBrokenAfter(span: Span): boolean {
    return this.#found.some((diagnostic) => diagnostic.span.start >= span.start);
  }

  add(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      this.#found.push(diagnostic);
      if (harmless.has(diagnostic.code)) continue;
      const statement = this.#statementOf(diagnostic.span.start);
      this.#broken.add(statement);
      if (diagnostic.code !== m.misspeltHead.code) this.#lost.add(statement);
    }
  }

  addUnlessBroken(diagnostics: readonly Diagnostic[]): void {
    const isBroken = ({ span }: Diagnostic) => this.#broken.has(this.#statementOf(span.start));
    const [first, later] = [diagnostics.filter((d) => !isBroken(d)), diagnostics.filter(isBroken)];
    this.add(first);
    for (const { span } of later) this.#lost.add(this.#statementOf(span.start));
  }

  /** At most one a statement: what recovery meets after the first is its own doing. */
  addFirsts(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) this.addUnlessBroken([diagnostic]);
  }

  sorted(): readonly Diagnostic[] {
    const all = this.#found.sort((a, b) => a.span.start - b.span.start);
    const more = all.length - MAX_DIAGNOSTICS;
    if (more <= 0) return all;
    const end = this.#source.text.length;
    return [...all.slice(0, MAX_DIAGNOSTICS), diagnose(m.tooMany, this.#source.span(end, end), { count: more })];
  }

  /** How many statements begin at or before the place. */
  #statementOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
