/** Reads the small words that graph text is made of, and says where it failed. */
import { parseSize, type Size } from "./size.js";
import type { DType, Shape, Type } from "./type.js";

/** A graph text that cannot be read; line and column are 1-based. */
export class GraphSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, text: string, offset: number) {
    const before = text.slice(0, offset);
    const line = before.split("\n").length;
    const column = offset - (before.lastIndexOf("\n") + 1) + 1;
    super(`${line}:${column}: ${message}`);
    this.name = "GraphSyntaxError";
    this.line = line;
    this.column = column;
  }
}

const FACTOR = String.raw`(?:-?\d{1,15}|@?[A-Za-z_]\w*(?:\^\d{1,2})?)`;
const TERM = String.raw`${FACTOR}(?:\*${FACTOR})*`;

const patterns = {
  space: /(?:\s|\/\/[^\n]*)*/y,
  word: /[A-Za-z_]\w*/y,
  value: /%\w+/y,
  integer: /-?\d{1,15}(?![\w.])/y,
  number: /-?(?:inf|nan|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.])/y,
  string: /"(?:[^"\\\n]|\\.)*"/y,
  size: new RegExp(String.raw`${TERM}(?: *\+ *${TERM})*`, "y"),
  dtype: /(?:bool|i32|u32|bf16|f16|f32|f64)(?=\[)/y,
} as const;

export class TextScanner {
  readonly text: string;
  #offset = 0;

  constructor(text: string) {
    this.text = text;
    this.#skipSpace();
  }

  /** Where the next word starts. */
  get offset(): number {
    return this.#offset;
  }

  get done(): boolean {
    return this.#offset >= this.text.length;
  }

  fail(message: string, offset = this.#offset): never {
    throw new GraphSyntaxError(message, this.text, offset);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#offset;
    return pattern.exec(this.text)?.[0] ?? null;
  }

  #skipSpace(): void {
    this.#offset += this.#match(patterns.space)?.length ?? 0;
  }

  #read(pattern: RegExp, what: string): string {
    const found = this.#match(pattern);
    if (found === null) {
      const rest = this.text.slice(this.#offset, this.#offset + 20).split("\n")[0] ?? "";
      this.fail(`expected ${what}, found ${this.done ? "the end of the text" : JSON.stringify(rest)}`);
    }
    this.#offset += found.length;
    this.#skipSpace();
    return found;
  }

  at(literal: string): boolean {
    return this.text.startsWith(literal, this.#offset);
  }

  /** Moves past the punctuation if it is there. */
  accept(literal: string): boolean {
    if (!this.at(literal)) return false;
    this.#offset += literal.length;
    this.#skipSpace();
    return true;
  }

  expect(literal: string): void {
    if (!this.accept(literal)) this.#read(/(?!)/y, `"${literal}"`);
  }

  atWord(word: string): boolean {
    return this.#match(patterns.word) === word;
  }

  acceptWord(word: string): boolean {
    if (!this.atWord(word)) return false;
    this.word(word);
    return true;
  }

  word(what: string): string {
    return this.#read(patterns.word, what);
  }

  /** `%3` or `%logits`, with its sign. */
  value(): string {
    return this.#read(patterns.value, "a value such as %3");
  }

  integer(): number {
    return Number(this.#read(patterns.integer, "an integer"));
  }

  number(): number {
    const text = this.#read(patterns.number, "a number");
    if (text.endsWith("nan")) return Number.NaN;
    if (text.endsWith("inf")) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return Number(text);
  }

  string(): string {
    const start = this.#offset;
    const text = this.#read(patterns.string, "a string in quotes");
    try {
      return JSON.parse(text) as string;
    } catch {
      return this.fail("a bad escape in the string", start);
    }
  }

  size(): Size {
    return parseSize(this.#read(patterns.size, "a size such as 2*n + 1"));
  }

  shape(): Shape {
    return this.list("[", "]", () => this.size());
  }

  type(): Type {
    const dtype = this.#read(patterns.dtype, "a type such as f32[n, 64]") as DType;
    return { dtype, shape: this.shape() };
  }

  /** Items between two brackets, separated by commas. */
  list<T>(open: string, close: string, item: () => T): readonly T[] {
    this.expect(open);
    const items: T[] = [];
    while (!this.accept(close)) {
      if (items.length > 0) this.expect(",");
      items.push(item());
    }
    return items;
  }
}
