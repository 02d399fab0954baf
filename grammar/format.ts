/**
 * The one layout of a program: two spaces a level, one statement a line, no alignment but that of comments behind
 * neighbouring lines. Inside brackets lines are broken where they would pass 100 columns or hold a comment, nowhere
 * else; outside brackets the writer's own breaks stay. A single blank line stays; comments stay at their words.
 */
import { balance } from "./brackets.js";
import type { Diagnostic } from "./diagnostic.js";
import { type Block, type Group, type Item, type Layout, layoutOf, type Statement, type Trivia, type Word } from "./layout-tree.js";
import { lex } from "./lexer.js";
import { endStatements } from "./newlines.js";
import { parse } from "./parse.js";
import type { SourceFile } from "./source-file.js";
import { decideHeads } from "./statement-heads.js";
import * as t from "./tokens.js";

const MAX_COLUMNS = 100;
const INDENT = 2;

/** A file with syntax errors is not touched: its errors come back. */
export function format(source: SourceFile): { readonly text: string } | { readonly diagnostics: readonly Diagnostic[] } {
  const { diagnostics } = parse(source);
  if (diagnostics.length > 0) return { diagnostics };
  const { tokens, comments } = lex(source);
  const ended = endStatements(source, balance(source, tokens, false).tokens).tokens;
  const printer = new Printer();
  printer.program(layoutOf(source, decideHeads(source, ended, false).tokens, comments));
  return { text: printer.text() };
}

type Line = { code: string; comment: string | null };

class Printer {
  readonly #lines: Line[] = [];
  /** The line being written; null between lines. */
  #line: Line | null = null;
  #indent = 0;
  /** Columns that the next line is indented by. */
  #next = 0;

  program({ statements, end }: Layout): void {
    this.#statements(statements, 0);
    this.#above([...end.above, ...end.inFront], 0, this.#lines.length === 0);
    this.#finish();
  }

  text(): string {
    alignComments(this.#lines);
    return this.#lines.map(({ code, comment }) => `${comment === null ? code : code + comment}\n`).join("");
  }

  #statements(statements: readonly Statement[], indent: number): void {
    for (const [i, statement] of statements.entries()) {
      const first = firstWord(statement);
      this.#above(first.above, indent, i === 0);
      if (first.blankBefore && (i > 0 || first.above.length > 0)) this.#blank();
      first.above = [];
      this.#start(indent);
      this.#items(statement.items, indent, statement.block === null ? 0 : 2, true);
      if (statement.block !== null) this.#block(statement.block, indent);
      this.#finish();
    }
  }

  #block(block: Block, indent: number): void {
    const { open, close, statements } = block;
    if (this.#blockFits(block)) {
      this.#write(statements.length === 0 ? " {}" : ` { ${statements.map(({ items }) => flat(items)).join(", ")} }`);
    } else {
      this.#write(" {");
      this.#behind(open.behind, indent + INDENT);
      this.#finish();
      this.#statements(statements, indent + INDENT);
      this.#above([...close.above, ...close.inFront], indent + INDENT, statements.length === 0);
      this.#start(indent);
      this.#write("}");
    }
    this.#behind(close.behind, indent);
  }

  /** Fields stand on the line of their group if they can; statements never do. */
  #blockFits({ open, close, statements, fields }: Block): boolean {
    if (open.behind.length > 0 || close.above.length > 0 || close.inFront.length > 0) return false;
    if (statements.length === 0) return true;
    if (!fields || statements.some(({ items }) => items.some((item) => mustBreak(item) || hasComments(item)))) return false;
    return this.#column + 5 + statements.map(({ items }) => flat(items)).join(", ").length <= MAX_COLUMNS;
  }

  /** `tail` is the width of what follows the last item on its line; `loose`: outside brackets, where the writer's breaks stay. */
  #items(items: readonly Item[], indent: number, tail: number, loose: boolean): void {
    for (const [i, item] of items.entries()) {
      const first = item.kind === "word" ? item : item.open;
      if (i > 0 && (first.above.length > 0 || (loose && first.newlineBefore))) {
        this.#finish();
        this.#above(first.above, indent + INDENT, true);
        this.#start(indent + INDENT);
      }
      if (item.kind === "word") this.#word(item, !loose && item.type === t.Comma ? indent : indent + INDENT);
      else this.#group(item, indent, this.#tail(items, i + 1, tail));
    }
  }

  /** The width from item `i` to the next place where the line may break. */
  #tail(items: readonly Item[], from: number, tail: number): number {
    let columns = 0;
    for (const item of items.slice(from)) {
      if (item.kind === "group") return columns + space(item.open) + item.open.text.length;
      if (item.newlineBefore && item.above.length > 0) return columns;
      columns += space(item) + item.text.length;
    }
    return columns + tail;
  }

  #word(word: Word, indent: number): void {
    this.#separate(word);
    for (const comment of word.inFront) this.#write(`${comment.text} `);
    this.#write(word.text);
    this.#behind(word.behind, indent);
  }

  #separate(word: Word): void {
    if (word.spaced && this.#line !== null && this.#line.code.trim() !== "") this.#write(" ");
  }

  #group(group: Group, indent: number, tail: number): void {
    const { open, close, elements } = group;
    const width = flat([group]).length;
    if (!mustBreak(group) && (elements.length === 0 || this.#column + width + tail <= MAX_COLUMNS)) {
      const all = [open, ...elements.flat(), close];
      for (const item of all) {
        if (item.kind === "word") this.#word(item, indent);
        else this.#group(item, indent, 0);
      }
      return;
    }
    const base = this.#indent;
    this.#word(open, base + INDENT);
    for (const element of elements) {
      const first = element[0];
      if (first === undefined) continue;
      const word = first.kind === "word" ? first : first.open;
      this.#finish();
      this.#above(word.above, base + INDENT, true);
      word.above = [];
      this.#start(base + INDENT);
      this.#items(commaFirst(element), base + INDENT, 0, false);
    }
    this.#finish();
    this.#above(close.above, base + INDENT, true);
    this.#start(base);
    this.#word(close, base + INDENT);
  }

  #above(comments: readonly Trivia[], indent: number, first: boolean): void {
    for (const [i, comment] of comments.entries()) {
      if (comment.blankBefore && !(first && i === 0)) this.#blank();
      this.#start(indent);
      this.#write(comment.text);
      this.#finish();
    }
  }

  #behind(comments: readonly Trivia[], indent: number): void {
    for (const comment of comments) {
      if (this.#line === null) this.#start(indent);
      const separator = this.#line?.code.trim() === "" ? "" : " ";
      if (!comment.line) this.#write(separator + comment.text);
      else {
        if (this.#line !== null && separator !== "") this.#line.comment = comment.text;
        else this.#write(comment.text);
        this.#finish();
        this.#next = indent;
      }
    }
  }

  get #column(): number {
    const code = this.#line?.code ?? "";
    return code.length - (code.lastIndexOf("\n") + 1);
  }

  #start(indent: number): void {
    this.#finish();
    this.#indent = indent;
    this.#line = { code: " ".repeat(indent), comment: null };
  }

  #write(text: string): void {
    if (this.#line === null) this.#start(this.#next);
    if (this.#line !== null) this.#line.code += text;
  }

  #finish(): void {
    if (this.#line !== null && this.#line.code.trim() !== "") this.#lines.push({ ...this.#line, code: this.#line.code.trimEnd() });
    this.#line = null;
  }

  #blank(): void {
    this.#finish();
    if (this.#lines.length > 0 && this.#lines.at(-1)?.code !== "") this.#lines.push({ code: "", comment: null });
  }
}

const space = (word: Word): number => (word.spaced ? 1 : 0);

function firstWord({ items, block }: Statement): Word {
  const first = items[0];
  if (first !== undefined) return first.kind === "word" ? first : first.open;
  if (block === null) throw new Error("an empty statement");
  return block.open;
}

/** A comment to the end of the line moves behind the comma: `a // why` and `, b` become `a, // why` and `b`. */
function commaFirst(element: readonly Item[]): readonly Item[] {
  const [item, comma] = element.slice(-2);
  if (comma?.kind !== "word" || comma.type !== t.Comma || item === undefined) return element;
  const last = item.kind === "word" ? item : item.close;
  if (![...last.behind, ...comma.above].some((comment) => comment.line)) return element;
  comma.behind.unshift(...last.behind.splice(0), ...comma.above.splice(0));
  return element;
}

function hasComments(item: Item): boolean {
  if (item.kind === "group")
    return hasComments(item.open) || hasComments(item.close) || item.elements.some((element) => element.some(hasComments));
  return item.above.length > 0 || item.inFront.length > 0 || item.behind.length > 0;
}

/** Whether something inside needs a line of its own. */
function mustBreak(item: Item, outermost = true): boolean {
  const needsLine = (word: Word): boolean =>
    word.above.length > 0 || [...word.behind, ...word.inFront].some((comment) => comment.line || comment.text.includes("\n"));
  if (item.kind === "word") return !outermost && needsLine(item);
  const { open, close, elements } = item;
  const first = elements[0]?.[0];
  return (
    (!outermost && open.above.length > 0) ||
    open.behind.some((comment) => comment.line) ||
    close.above.length > 0 ||
    (!outermost && close.behind.some((comment) => comment.line)) ||
    elements.some((element) => element.some((inner) => mustBreak(inner, false))) ||
    (first !== undefined && first.kind === "word" && first.above.length > 0)
  );
}

/** On one line. A comment to the end of the line is not of its width. */
function flat(items: readonly Item[]): string {
  const text = (item: Item): string => {
    if (item.kind === "group") return [item.open, ...item.elements.flat(), item.close].map(text).join("");
    const behind = item.behind.filter((comment) => !comment.line);
    return [item.spaced ? " " : "", ...item.inFront.map((c) => `${c.text} `), item.text, ...behind.map((c) => ` ${c.text}`)].join("");
  };
  return items.map(text).join("").trimStart();
}

/** Comments behind neighbouring lines begin in one column, two spaces behind the longest line that allows it. */
function alignComments(lines: readonly Line[]): void {
  for (let i = 0; i < lines.length; ) {
    let end = i;
    while (end < lines.length && lines[end]?.comment !== null) end++;
    const run = lines.slice(i, end);
    const column = run.reduce((longest, { code }) => Math.max(longest, lastLine(code).length), 0) + 2;
    for (const line of run) line.comment = " ".repeat(column - lastLine(line.code).length) + line.comment;
    i = Math.max(end, i + 1);
  }
}

const lastLine = (code: string): string => code.slice(code.lastIndexOf("\n") + 1);
