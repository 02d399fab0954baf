/** What the formatter prints: a valid program's tokens as statements, blocks and bracket groups, each comment at its token. */
import type { IToken, TokenType } from "chevrotain";
import type { Comment } from "./lexer.js";
import type { SourceFile } from "./source-file.js";
import { endOf, startOf } from "./token-span.js";
import * as t from "./tokens.js";

export type Trivia = { readonly text: string; readonly line: boolean; readonly blankBefore: boolean };

export type Word = {
  readonly kind: "word";
  readonly text: string;
  readonly type: TokenType;
  /** Comments on lines of their own, above. */
  above: Trivia[];
  /** Block comments on the same line, in front. */
  inFront: Trivia[];
  /** Comments on the same line, behind. */
  behind: Trivia[];
  readonly newlineBefore: boolean;
  readonly blankBefore: boolean;
  /** A space before it, where it does not begin a line. */
  spaced: boolean;
};
export type Group = { readonly kind: "group"; readonly open: Word; readonly close: Word; readonly elements: Item[][] };
export type Item = Word | Group;
export type Block = { readonly open: Word; readonly close: Word; readonly statements: readonly Statement[]; readonly fields: boolean };
export type Statement = { readonly items: readonly Item[]; readonly block: Block | null };
/** `end` holds the comments after the last statement. */
export type Layout = { readonly statements: readonly Statement[]; readonly end: Word };

const openers = new Set([t.LParen, t.LBracket, t.LBrace]);
const closers = new Set([t.RParen, t.RBracket, t.RBrace]);

export function layoutOf(source: SourceFile, tokens: readonly IToken[], comments: readonly Comment[]): Layout {
  const words = attachComments(source, tokens, comments);
  const reader = new Reader(words);
  const statements = reader.statements(t.Word, false);
  return { statements, end: reader.next() };
}

/** One word for every token, End included, and one more for the end of the file. */
function attachComments(source: SourceFile, tokens: readonly IToken[], comments: readonly Comment[]): Word[] {
  const { text } = source;
  const newlines = (from: number, to: number) => text.slice(from, to).split("\n").length - 1;
  const words: Word[] = [];
  let before: Word | null = null;
  let at = 0;
  let next = 0;
  for (const token of [...tokens, null]) {
    if (token !== null && token.image === "") {
      words.push(word("", token.tokenType, false, false));
      continue;
    }
    const start = token === null ? text.length : startOf(source, token);
    const gap: Comment[] = [];
    for (let c = comments[next]; c !== undefined && c.span.start < start; c = comments[++next]) gap.push(c);
    const lines = newlines(gap.at(-1)?.span.end ?? at, start);
    const broken = lines > 0 || gap.some(({ span }, i) => newlines(gap[i - 1]?.span.end ?? at, span.start) > 0);
    const here = word(token?.image ?? "", token?.tokenType ?? t.End, broken, lines > 1);
    const closes = token === null || closers.has(token.tokenType) || token.tokenType === t.Comma;
    share(gap, { from: at, to: start, newlines, before, here, closes });
    words.push(here);
    before = here;
    at = token === null ? start : endOf(source, token);
  }
  return words;
}

function word(text: string, type: TokenType, newlineBefore: boolean, blankBefore: boolean): Word {
  return { kind: "word", text, type, above: [], inFront: [], behind: [], newlineBefore, blankBefore, spaced: true };
}

/** Each comment between two words goes with the word on whose line it stands; with the second, if it joins both. */
function share(
  gap: readonly Comment[],
  at: { from: number; to: number; newlines: (a: number, b: number) => number; before: Word | null; here: Word; closes: boolean },
): void {
  const trivia = gap.map(
    ({ kind, text, span }, i): Trivia => ({
      text: (kind === "line" ? text.trimEnd() : text).replaceAll("\r\n", "\n"),
      line: kind === "line",
      blankBefore: at.newlines(gap[i - 1]?.span.end ?? at.from, span.start) > 1,
    }),
  );
  let first = 0;
  while (first < gap.length && at.before !== null && at.newlines(gap[first - 1]?.span.end ?? at.from, gap[first]?.span.start ?? 0) === 0)
    first++;
  let last = gap.length;
  while (last > 0 && at.newlines(gap[last - 1]?.span.end ?? 0, gap[last]?.span.start ?? at.to) === 0) last--;
  if (last < first) {
    if (at.closes) last = gap.length;
    else first = last;
  }
  if (at.closes && last < gap.length) last = Math.max(last, first);
  if (at.before !== null) at.before.behind = at.before.behind.concat(trivia.slice(0, first));
  at.here.above = trivia.slice(first, last);
  at.here.inFront = trivia.slice(last);
}

class Reader {
  readonly #words: readonly Word[];
  #at = 0;

  constructor(words: readonly Word[]) {
    this.#words = words;
  }

  next(): Word {
    const found = this.#words[this.#at++];
    if (found === undefined) throw new Error("the layout ran past the end of the file");
    return found;
  }

  get #type(): TokenType | undefined {
    return this.#words[this.#at]?.type;
  }

  /** Up to a `}` or the end of the file; `head` is the keyword of the block they stand in. */
  statements(head: TokenType, fields: boolean): Statement[] {
    const all: Statement[] = [];
    while (this.#type !== t.RBrace && this.#at < this.#words.length - 1) {
      all.push(this.#statement(head, fields));
      if (this.#type === t.End && this.#at < this.#words.length - 1) this.next();
    }
    return all;
  }

  #statement(head: TokenType, fields: boolean): Statement {
    const words: Word[] = [];
    const items: Item[] = [];
    const first = this.#type;
    while (this.#type !== t.End && this.#type !== t.RBrace) {
      if (fields && this.#type === t.Comma) {
        const { behind, above } = this.next();
        words.at(-1)?.behind.push(...above, ...behind);
        break;
      }
      if (this.#type === t.LBrace && first !== t.Import) {
        space(words, first, head === t.Train);
        return { items, block: this.#block(first ?? t.Word, words) };
      }
      items.push(openers.has(this.#type ?? t.Word) ? this.#group(words) : this.#word(words));
    }
    space(words, first, head === t.Train && first === t.Identifier);
    return { items, block: null };
  }

  #word(words: Word[]): Word {
    const found = this.next();
    words.push(found);
    return found;
  }

  #block(head: TokenType, before: readonly Word[]): Block {
    const open = this.next();
    // The brace moves up to the head's line; comments in between follow it.
    const last = before.at(-1);
    open.behind = [...(last?.behind.splice(0) ?? []), ...open.above.splice(0), ...open.inFront.splice(0), ...open.behind];
    const statements = this.statements(head, head === t.For);
    return { open, close: this.next(), statements, fields: head === t.For };
  }

  #group(words: Word[]): Group {
    const open = this.#word(words);
    const isTuple = open.type === t.LParen && !endsOperand(words.at(-2));
    const elements: Item[][] = [];
    let element: Item[] = [];
    let commas = 0;
    while (!closers.has(this.#type ?? t.RParen)) {
      if (openers.has(this.#type ?? t.Word)) element.push(this.#group(words));
      else if (this.#type !== t.Comma) element.push(this.#word(words));
      else {
        const comma = this.#word(words);
        commas++;
        const trailing = closers.has(this.#type ?? t.RParen);
        // Only `(a,)` needs the comma that nothing follows.
        if (!trailing || (isTuple && commas === 1)) element.push(comma);
        else words.at(-2)?.behind.push(...comma.above, ...comma.inFront, ...comma.behind);
        elements.push(element);
        element = [];
      }
    }
    if (element.length > 0) elements.push(element);
    return { kind: "group", open, close: this.#word(words), elements };
  }
}

const operandEnds = new Set([t.Identifier, t.NumberToken, t.StringToken, t.True, t.False, t.None, t.Inf, t.RParen, t.RBracket]);
const endsOperand = (found: Word | undefined): boolean => found !== undefined && operandEnds.has(found.type);

/** Decides the spaces of one statement. In a setting, `clip (1)`, the second word begins the value. */
function space(words: readonly Word[], head: TokenType | undefined, isSetting: boolean): void {
  const inside: TokenType[] = [];
  let unary = false;
  for (const [i, here] of words.entries()) {
    const before = words[i - 1];
    const afterOperand = endsOperand(before) && !(isSetting && i === 1);
    here.spaced = before !== undefined && isSpaced(before, here, { unary, afterOperand, inIndex: inside.at(-1) === t.LBracket });
    unary = here.type === t.Minus && !afterOperand;
    if (openers.has(here.type)) inside.push(here.type);
    if (closers.has(here.type)) inside.pop();
    if (head === t.For && (before?.type === t.Dot || here.type === t.Dot)) here.spaced = false;
  }
}

function isSpaced(before: Word, here: Word, at: { unary: boolean; afterOperand: boolean; inIndex: boolean }): boolean {
  switch (here.type) {
    case t.Comma:
    case t.RParen:
    case t.RBracket:
    case t.Dot:
      return false;
    case t.Colon:
      // `x[:, :, None]`
      return before.type === t.Comma;
    case t.LParen:
    case t.LBracket:
      // `5%(x)` would be a remainder.
      if (at.afterOperand) return before.text.endsWith("%");
  }
  if (before.type === t.LParen || before.type === t.LBracket || before.type === t.Dot) return false;
  if (before.type === t.Colon) return !at.inIndex;
  return !at.unary;
}
