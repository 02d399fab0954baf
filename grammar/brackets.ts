/**
 * Makes every bracket match before the parser looks, so that one missing `)` is one mistake and not a lost file.
 * A bracket that is never closed is closed where the writer most likely meant it; the place is reported, with the opener beside.
 */
import type { IToken, TokenType } from "chevrotain";
import { type Diagnostic, diagnose, type Related } from "./diagnostic.js";
import { MAX_NESTING, MAX_STATEMENT_TOKENS } from "./limits.js";
import { beginsDeclaration, beginsStatement } from "./line-starts.js";
import { syntaxMessages as m } from "./messages.js";
import type { SourceFile } from "./source-file.js";
import { endOf, insertedAt, spanOf } from "./token-span.js";
import * as t from "./tokens.js";

export type Balanced = { readonly tokens: IToken[]; readonly diagnostics: readonly Diagnostic[] };

const closerOf: ReadonlyMap<TokenType, TokenType> = new Map([
  [t.LParen, t.RParen],
  [t.LBracket, t.RBracket],
  [t.LBrace, t.RBrace],
]);
const openerOf: ReadonlyMap<TokenType, TokenType> = new Map([...closerOf].map(([opener, closer]) => [closer, opener]));

const textOf = (type: TokenType): string => (typeof type.PATTERN === "string" ? type.PATTERN : type.name);

export function balance(source: SourceFile, tokens: IToken[], swallowed: boolean): Balanced {
  if (matchesAsWritten(tokens)) return { tokens, diagnostics: [] };
  return new Repair(source, tokens, swallowed).run();
}

function matchesAsWritten(tokens: readonly IToken[]): boolean {
  const open: (TokenType | undefined)[] = [];
  for (const { tokenType } of tokens) {
    if (closerOf.has(tokenType)) open.push(tokenType);
    else if (openerOf.has(tokenType) && open.pop() !== openerOf.get(tokenType)) return false;
  }
  return open.length === 0;
}

const BLOCK_HEADS = new Set(["data", "eval", "train", "for"]);

class Repair {
  readonly #source: SourceFile;
  readonly #tokens: readonly IToken[];
  readonly #swallowed: boolean;
  #braceExcess: number;
  /** The token before which a `{` was left out. */
  #missingBraceAt = -1;
  readonly #out: IToken[] = [];
  readonly #open: IToken[] = [];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(source: SourceFile, tokens: readonly IToken[], swallowed: boolean) {
    this.#source = source;
    this.#tokens = tokens;
    this.#swallowed = swallowed;
    this.#braceExcess = tokens.reduce((n, { tokenType: type }) => n + (type === t.RBrace ? 1 : type === t.LBrace ? -1 : 0), 0);
  }

  run(): Balanced {
    for (const [i, token] of this.#tokens.entries()) {
      const isNewline = token.tokenType === t.Newline;
      if (i === 0 || (isNewline && this.#tokens[i + 1]?.tokenType !== t.Newline)) this.#atLine(i);
      if (i === this.#missingBraceAt) this.#openBrace();
      if (closerOf.has(token.tokenType)) this.#atOpener(token);
      else if (openerOf.has(token.tokenType)) this.#atCloser(token, i);
      else this.#out.push(token);
      // Too deep to parse; stopping here also bounds the work of every search below.
      if (this.#open.length > MAX_NESTING) return { tokens: this.#out, diagnostics: this.#diagnostics };
    }
    this.#close(this.#openParentheses);
    this.#close(this.#open.length);
    return { tokens: this.#out, diagnostics: this.#diagnostics };
  }

  get #top(): TokenType | undefined {
    return this.#open.at(-1)?.tokenType;
  }

  /** How many ( and [ are open inside the nearest {. */
  get #openParentheses(): number {
    return this.#open.length - 1 - this.#open.findLastIndex((token) => token.tokenType === t.LBrace);
  }

  /** Between two lines: does the next one show that a bracket above was left open, or a `{` left out? */
  #atLine(i: number): void {
    const next = this.#firstOfLine(i);
    if (next === null) return;
    if (this.#openParentheses > 0 && beginsStatement(this.#tokens, next)) {
      const outermost = this.#open.at(-this.#openParentheses);
      const indented = outermost !== undefined && this.#indent(this.#tokens[next]) > this.#indent(outermost);
      if (!indented || !this.#closesLater(next)) this.#close(this.#openParentheses);
    }
    this.#findMissingBrace(next);
    this.#closeBlocksBefore(next);
    if (!beginsDeclaration(this.#tokens, next)) return;
    const first = this.#open[0];
    if (first !== undefined && this.#openParentheses === 0 && this.#indent(this.#tokens[next]) <= this.#indent(first))
      this.#close(this.#open.length);
  }

  /** With a `}` too many: the head of a block that has no `{` behind it. */
  #findMissingBrace(head: number): void {
    if (this.#braceExcess <= 0 || this.#openParentheses > 0) return;
    const { image } = this.#tokens[head] as IToken;
    const isHead = this.#open.length === 0 ? image !== "import" && beginsDeclaration(this.#tokens, head) : BLOCK_HEADS.has(image);
    if (!isHead || this.#tokens[head + 1]?.tokenType === t.Assign) return;
    let end = head;
    let colon = -1;
    for (let depth = 0; end < head + MAX_STATEMENT_TOKENS; end++) {
      const type = this.#tokens[end]?.tokenType;
      if (type === t.LBrace) return;
      if (type === t.Return || type === t.RBrace) break;
      if (type === t.LParen || type === t.LBracket) depth++;
      if (type === t.RParen || type === t.RBracket) depth--;
      if (type === t.Colon && depth === 0 && colon < 0) colon = end;
      if (type === t.Newline && depth <= 0 && this.#tokens[this.#firstOfLine(end) ?? end]?.tokenType !== t.LBrace) break;
    }
    const stop = this.#tokens[end]?.tokenType;
    if (stop === undefined || (stop === t.RBrace && (image !== "for" || colon < 0))) return;
    if (image === "pipeline" || image === "module") this.#missingBraceAt = end;
    else if (image === "for") this.#missingBraceAt = colon < 0 ? end : colon - 1;
    else this.#missingBraceAt = head + 1;
  }

  /** With a `}` too few: a line that can only stand outside the innermost block. */
  #closeBlocksBefore(next: number): void {
    if (this.#braceExcess >= 0 || this.#openParentheses > 0) return;
    const isBlock = this.#tokens[next + 1]?.tokenType === t.LBrace;
    const image = this.#tokens[next]?.image ?? "";
    if (isBlock && image !== "for" && BLOCK_HEADS.has(image) && this.#open.length > 1) this.#close(this.#open.length - 1);
    if (image === "for" && this.#open.length > 2) this.#close(this.#open.length - 2);
  }

  /** The first token at or after the line break at `i`, or null at the end of the file. */
  #firstOfLine(i: number): number | null {
    let next = i;
    while (this.#tokens[next]?.tokenType === t.Newline) next++;
    return next < this.#tokens.length ? next : null;
  }

  #indent(token: IToken | undefined): number {
    if (token === undefined) return 0;
    const { text } = this.#source;
    const lineStart = text.lastIndexOf("\n", token.startOffset - 1) + 1;
    return text.slice(lineStart, token.startOffset).search(/\S|$/);
  }

  /** Whether the open parentheses close within the longest legal statement, before any brace. */
  #closesLater(from: number): boolean {
    let depth = this.#openParentheses;
    const end = Math.min(this.#tokens.length, from + MAX_STATEMENT_TOKENS);
    for (let i = from; i < end; i++) {
      const type = this.#tokens[i]?.tokenType;
      if (type === t.LBrace || type === t.RBrace) return false;
      if (type === t.LParen || type === t.LBracket) depth++;
      if ((type === t.RParen || type === t.RBracket) && --depth === 0) return true;
    }
    return false;
  }

  #atOpener(token: IToken): void {
    if (token.tokenType === t.LBrace) this.#close(this.#openParentheses);
    this.#open.push(token);
    this.#out.push(token);
  }

  #openBrace(): void {
    const offset = endOf(this.#source, this.#out.at(-1) as IToken);
    const brace = insertedAt(t.LBrace, offset);
    this.#braceExcess--;
    this.#missingBraceAt = -1;
    this.#open.push(brace);
    this.#out.push(brace);
    this.#diagnostics.push(diagnose(m.missingBrace, this.#source.span(offset, offset), {}));
  }

  #atCloser(token: IToken, i: number): void {
    const opener = openerOf.get(token.tokenType);
    if (token.tokenType === t.RBrace) this.#close(this.#openParentheses);
    const inner = this.#open.slice(this.#open.length - this.#openParentheses);
    if (opener === this.#top && !(token.tokenType === t.RBrace && this.#closesTooEarly(i))) {
      this.#open.pop();
      this.#out.push(token);
    } else if (token.tokenType !== t.RBrace && inner.some((open) => open.tokenType === opener)) {
      this.#close(inner.length - inner.findLastIndex((open) => open.tokenType === opener) - 1);
      this.#open.pop();
      this.#out.push(token);
    } else if (token.tokenType !== t.RBrace && this.#openParentheses > 0) {
      const wrong = this.#open.pop() as IToken;
      const right = closerOf.get(wrong.tokenType) as TokenType;
      const values = { opener: wrong.image, found: token.image, closer: textOf(right) };
      this.#diagnostics.push(diagnose(m.wrongCloser, spanOf(this.#source, token), values, [this.#openedAt(wrong)]));
      this.#out.push({ ...token, tokenType: right, tokenTypeIdx: right.tokenTypeIdx as number });
    } else if (!this.#swallowed) {
      this.#diagnostics.push(
        diagnose(m.closesNothing, spanOf(this.#source, token), { closer: token.image, opener: textOf(opener as TokenType) }),
      );
    }
  }

  /** With more `}` than `{`, one that leaves members outside everything is the one too many. */
  #closesTooEarly(i: number): boolean {
    if (this.#braceExcess <= 0 || this.#open.length !== 1 || this.#tokens[i + 1]?.tokenType !== t.Newline) return false;
    const next = this.#firstOfLine(i + 1);
    return next !== null && this.#tokens[next]?.tokenType !== t.RBrace && !beginsDeclaration(this.#tokens, next);
  }

  /** Closes the innermost `count` brackets after the last token. */
  #close(count: number): void {
    if (count === 0) return;
    const last = this.#out.findLast((token) => token.tokenType !== t.Newline);
    const offset = last === undefined ? 0 : endOf(this.#source, last);
    const openers = this.#open.splice(this.#open.length - count).reverse();
    this.#braceExcess += openers.filter((token) => token.tokenType === t.LBrace).length;
    const closers = openers.map((opener) => closerOf.get(opener.tokenType) as TokenType);
    this.#out.push(...closers.map((closer) => insertedAt(closer, offset)));
    if (this.#swallowed) return;
    const what = count === 1 ? `\`${textOf((openers[0] as IToken).tokenType)}\` is` : `${count} brackets are`;
    const values = { closer: closers.map(textOf).join(""), what };
    this.#diagnostics.push(
      diagnose(
        m.unclosed,
        this.#source.span(offset, offset),
        values,
        openers.slice(0, 4).map((token) => this.#openedAt(token)),
      ),
    );
  }

  #openedAt(token: IToken): Related {
    return { span: spanOf(this.#source, token), message: `\`${textOf(token.tokenType)}\` opened here` };
  }
}
