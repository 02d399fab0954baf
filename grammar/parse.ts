import type { IToken } from "chevrotain";
import type { Program } from "./ast.js";
import { buildAst, type Reported } from "./ast-builder.js";
import { balance } from "./brackets.js";
import type { ProgramCstNode } from "./cst.generated.js";
import { type Diagnostic, diagnose } from "./diagnostic.js";
import { type Comment, lex } from "./lexer.js";
import { exceedsLimits, MAX_DIAGNOSTICS, MAX_FILE_LENGTH } from "./limits.js";
import { syntaxMessages as m } from "./messages.js";
import { endStatements } from "./newlines.js";
import { SigParser } from "./parser.js";
import type { SourceFile } from "./source-file.js";
import type { Span } from "./span.js";
import { decideHeads } from "./statement-heads.js";
import { syntaxError } from "./syntax-errors.js";
import { startOf } from "./token-span.js";
import * as t from "./tokens.js";

export type Parsed = {
  readonly program: Program;
  /** In the order of the text. Empty: the program is the text, with no ErrorExpr in it. */
  readonly diagnostics: readonly Diagnostic[];
  readonly comments: readonly Comment[];
};

/** One instance serves all files: building it analyses the grammar. */
const parser = new SigParser();

/** Text to tree. Never throws: a program comes back for any text, with what is wrong beside it. */
export function parse(source: SourceFile): Parsed {
  if (source.text.length > MAX_FILE_LENGTH) {
    const values = { length: source.text.length, limit: MAX_FILE_LENGTH };
    return { program: empty(source), diagnostics: [diagnose(m.fileTooLong, source.span(0, 0), values)], comments: [] };
  }
  const lexed = lex(source);
  const balanced = balance(source, lexed.tokens, lexed.swallowed);
  const { tokens: ended, diagnostics: crowded } = endStatements(source, balanced.tokens);
  const tooMuch = exceedsLimits(source, ended);
  if (tooMuch !== null) return { program: empty(source), diagnostics: [tooMuch], comments: lexed.comments };
  const { tokens, diagnostics: heads } = decideHeads(source, ended, lexed.swallowed);

  const report = new Report(source, ended);
  report.add(lexed.diagnostics);
  report.addFirsts(balanced.diagnostics);
  report.addUnlessBroken(crowded);
  report.addUnlessBroken(heads);
  parser.input = tokens;
  const root = parser.program() as ProgramCstNode | undefined;
  report.addFirsts(parser.errors.map((exception) => syntaxError(source, exception)));
  const { program, leftovers, diagnostics } = buildAst(source, root, report);
  report.addFirsts(leftovers);
  report.addUnlessBroken(diagnostics);
  return { program, diagnostics: report.sorted(), comments: lexed.comments };
}

function empty(source: SourceFile): Program {
  return { kind: "program", imports: [], items: [], span: source.span(0, source.text.length) };
}

/** Mistakes that leave the tokens as they were meant, so that later ones in the same statement are real. */
const harmless: ReadonlySet<string> = new Set(
  [m.foreignSpelling, m.foreignQuotes, m.foreignName, m.badEscape, m.hashComment, m.numberTooLarge, m.integerNotExact].map((row) => row.code),
);

/** Collects what the stages found; a later stage says nothing about a statement that an earlier one found broken. */
class Report implements Reported {
  readonly #found: Diagnostic[] = [];
  readonly #broken = new Set<number>();
  readonly #source: SourceFile;
  /** Where statements, blocks and what follows a block begin. */
  readonly #starts: readonly number[];

  constructor(source: SourceFile, tokens: readonly IToken[]) {
    this.#source = source;
    const isBound = (token: IToken | undefined) => token?.tokenType === t.End || token?.tokenType === t.LBrace || token?.tokenType === t.RBrace;
    this.#starts = tokens.filter((token, i) => token.tokenType !== t.End && isBound(tokens[i - 1])).map((token) => startOf(source, token));
  }

  isBroken(span: Span): boolean {
    return this.#broken.has(this.#statementOf(span.start));
  }

  isBrokenAfter(span: Span): boolean {
    return this.#found.some((diagnostic) => diagnostic.span.start >= span.start);
  }

  add(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      this.#found.push(diagnostic);
      if (!harmless.has(diagnostic.code)) this.#broken.add(this.#statementOf(diagnostic.span.start));
    }
  }

  addUnlessBroken(diagnostics: readonly Diagnostic[]): void {
    this.add(diagnostics.filter(({ span }) => !this.isBroken(span)));
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
