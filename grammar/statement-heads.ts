/**
 * Decides what every statement is, by its first words: `data`, `input`, `train` and the like are keywords only there,
 * so that `input = x` and `steps[i]` stay ordinary names. A head that begins no statement is reported with what was
 * probably meant, and the statement is read as that, or left out, so that it costs one diagnostic.
 */
import type { IToken, TokenType } from "chevrotain";
import { type Diagnostic, diagnose, type MessageSpec } from "./diagnostic.js";
import { didYouMean } from "./did-you-mean.js";
import { syntaxMessages as m } from "./messages.js";
import type { SourceFile } from "./source-file.js";
import { endOf, insertedAt, spanOf, startOf } from "./token-span.js";
import * as t from "./tokens.js";

type Place = "file" | "pipeline" | "module" | "data" | "eval" | "train" | "fields" | "list" | "skipped";

const FILE_HEADS = ["import", "pipeline", "module"];
const PIPELINE_HEADS = ["batch", "config", "input", "encoder", "param", "metric", "output", "data", "eval", "train"];
const MODULE_HEADS = ["param", "layer", "return"];
const MEMBER_HEADS = [...PIPELINE_HEADS, "layer", "return"];

const insideOf: ReadonlyMap<TokenType, Place> = new Map<TokenType, Place>([
  [t.Import, "list"],
  [t.Pipeline, "pipeline"],
  [t.Module, "module"],
  [t.Data, "data"],
  [t.Eval, "eval"],
  [t.Train, "train"],
  [t.For, "fields"],
]);

/** What to write for a declaration that other languages have. */
const foreignDeclarations: Readonly<Record<string, string>> = {
  def: "write `module name(width: int)(x: f32[..., width]) -> f32[..., width] { … return … }`",
  fn: "write `module name(width: int)(x: f32[..., width]) -> f32[..., width] { … return … }`",
  func: "write `module name(width: int)(x: f32[..., width]) -> f32[..., width] { … return … }`",
  function: "write `module name(width: int)(x: f32[..., width]) -> f32[..., width] { … return … }`",
  class: "write `module name(width: int)(x: f32[..., width]) -> f32[..., width] { … return … }`",
};
const foreignQualifiers = new Set(["let", "const", "var", "val", "final", "auto"]);

const loops: Readonly<Record<string, string>> = {
  for: "define every element at once: `y[i] = …`, or reduce: `sum[i](…)`; stack blocks with `repeat(depth, block(…))`",
  while: "define every element at once: `y[i] = …`, or reduce: `sum[i](…)`",
  if: "an `if` is a value: write `x = if c then a else b`",
};

/** How a statement goes on: under this head, or left out, with these tokens in its place. */
type Verdict = { readonly head: TokenType | null } | { readonly instead: readonly IToken[] };
const asWritten: Verdict = { head: null };
const leftOut: Verdict = { instead: [] };

export function decideHeads(
  source: SourceFile,
  tokens: readonly IToken[],
  swallowed: boolean,
): { tokens: IToken[]; diagnostics: Diagnostic[] } {
  const pass = new HeadPass(source, tokens, swallowed);
  pass.run();
  return { tokens: pass.out, diagnostics: pass.diagnostics };
}

class HeadPass {
  readonly out: IToken[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly #source: SourceFile;
  readonly #tokens: readonly IToken[];
  readonly #places: Place[] = ["file"];
  /** A whole file without a pipeline is one mistake. */
  #reportedOutside: boolean;

  constructor(source: SourceFile, tokens: readonly IToken[], swallowed: boolean) {
    this.#reportedOutside = swallowed;
    this.#source = source;
    this.#tokens = tokens;
  }

  run(): void {
    for (let i = 0; i < this.#tokens.length; ) i = this.#statement(i);
  }

  #statement(start: number): number {
    const place = this.#places.at(-1) ?? "file";
    const first = this.#tokens[start] as IToken;
    if (first.tokenType === t.RBrace || first.tokenType === t.End) return this.#copy(start, null);
    const verdict = this.#judge(place, start);
    if ("head" in verdict) return this.#copy(start, verdict.head);
    this.out.push(...verdict.instead);
    return this.#afterStatement(start);
  }

  /** Copies up to where the next statement begins: past End, or past a `{` and into it. */
  #copy(start: number, head: TokenType | null): number {
    const first = this.#tokens[start] as IToken;
    if (head !== null) this.out.push(retyped(first, head));
    for (let i = start; i < this.#tokens.length; i++) {
      const token = this.#tokens[i] as IToken;
      const isFrom = head === t.Import && token.image === "from" && this.out.at(-1)?.tokenType === t.RBrace;
      if (i > start || head === null) this.out.push(isFrom ? retyped(token, t.From) : token);
      if (token.tokenType === t.End) return i + 1;
      if (token.tokenType === t.LBrace && head !== t.Import) {
        this.#places.push((head && insideOf.get(head)) ?? "skipped");
        return i + 1;
      }
      if (token.tokenType === t.RBrace && head !== t.Import && this.#places.length > 1) this.#places.pop();
    }
    return this.#tokens.length;
  }

  /** Past the End of the statement, blocks in it included. */
  #afterStatement(start: number): number {
    let depth = 0;
    for (let i = start; i < this.#tokens.length; i++) {
      const type = this.#tokens[i]?.tokenType;
      if (type === t.LBrace) depth++;
      if (type === t.RBrace) depth--;
      if (type === t.End && depth <= 0) return i + 1;
    }
    return this.#tokens.length;
  }

  #judge(place: Place, i: number): Verdict {
    switch (place) {
      case "file":
        return this.#inFile(i);
      case "pipeline":
      case "module":
        return this.#inBody(place, i);
      case "data":
        return this.#isName(i) ? asWritten : this.#report(m.expected, i, { expected: "`name = …`", found: this.#shown(i) });
      case "fields":
        return this.#isName(i) ? asWritten : this.#report(m.expected, i, { expected: "a field such as `lr: 0.1x`", found: this.#shown(i) });
      case "eval":
        if (!this.#isName(i)) return this.#report(m.expected, i, { expected: "`name = …` or `task …`", found: this.#shown(i) });
        return this.#tokens[i]?.image === "task" && !this.#is(i + 1, t.Assign) ? { head: t.Task } : asWritten;
      case "train":
        if (!this.#isName(i)) return this.#report(m.expected, i, { expected: "a setting such as `clip 1.0`", found: this.#shown(i) });
        return this.#tokens[i]?.image === "for" && !this.#is(i + 1, t.Assign) ? { head: t.For } : asWritten;
      case "list":
      case "skipped":
        break;
    }
    return asWritten;
  }

  #inFile(i: number): Verdict {
    const { image } = this.#tokens[i] as IToken;
    if (image === "import" && this.#is(i + 1, t.LBrace)) return { head: t.Import };
    if (image === "import" || image === "from") return this.#report(m.pythonImport, i, {});
    if (image === "pipeline" || image === "module") return { head: t.headKeywords.get(image) ?? null };
    const foreign = this.#foreignDeclaration(i);
    if (foreign !== null) return foreign;
    const named = this.#isName(i) && this.#isName(i + 1);
    const nearest = named || this.#is(i + 1, t.LBrace) ? didYouMean(image, FILE_HEADS) : null;
    if (nearest !== null) return this.#readAs(nearest, i);
    if (named && this.#is(i + 2, t.LBrace)) return this.#readAs("pipeline", i);
    if (MEMBER_HEADS.includes(image) || this.#isName(i)) {
      if (!this.#reportedOutside) this.#report(m.outsidePipeline, i, { found: image });
      this.#reportedOutside = true;
      return leftOut;
    }
    return this.#report(m.unknownHead, i, { found: image, heads: listed(FILE_HEADS) });
  }

  #inBody(place: "pipeline" | "module", i: number): Verdict {
    const { image, tokenType } = this.#tokens[i] as IToken;
    if (tokenType === t.Return) return asWritten;
    if (!this.#isName(i)) return this.#notAName(i);
    if (this.#is(i + 1, t.Assign) || this.#is(i + 1, t.Equal) || this.#is(i + 1, t.LBracket)) return asWritten;
    if (MEMBER_HEADS.includes(image)) return { head: t.headKeywords.get(image) ?? null };
    if (FILE_HEADS.includes(image)) return this.#report(m.onlyAtTop, i, { found: image, container: `a ${place}` });
    const loop = Object.hasOwn(loops, image) ? loops[image] : undefined;
    if (loop !== undefined) return this.#report(m.noLoops, i, { instead: loop });
    const foreign = this.#foreignDeclaration(i);
    if (foreign !== null) return foreign;
    if (this.#is(i + 2, t.Assign) && this.#isGlued(i + 1, i + 2)) {
      return this.#report(m.update, i + 1, { found: `${this.#tokens[i + 1]?.image}=` });
    }
    if (this.#is(i + 1, t.Colon)) {
      this.#report(m.typedDefinition, i + 1, { name: image });
      return { instead: this.#reportedDefinition(i) };
    }
    const isStatement = this.#isName(i + 1) || this.#is(i + 1, t.LBrace);
    if (!isStatement) return this.#report(m.bareExpression, i, {});
    const nearest = didYouMean(image, MEMBER_HEADS);
    if (nearest !== null) return this.#readAs(nearest, i);
    this.#report(m.unknownHead, i, {
      found: image,
      heads: `a name and \`=\`, or with ${listed(place === "module" ? MODULE_HEADS : PIPELINE_HEADS)}`,
    });
    return this.#isName(i + 1) ? { instead: this.#reportedDefinition(i + 1) } : leftOut;
  }

  #notAName(i: number): Verdict {
    const token = this.#tokens[i] as IToken;
    if (token.tokenType === t.If) return this.#report(m.noLoops, i, { instead: loops["if"] ?? "" });
    if (this.#is(i, t.Minus)) return this.#report(m.leadingMinus, i, {});
    const isValue = [t.NumberToken, t.StringToken, t.LParen, t.LBracket, t.Not, t.True, t.False, t.Inf].some((type) => this.#is(i, type));
    if (isValue) return this.#report(m.bareExpression, i, {});
    return this.#report(m.expected, i, { expected: "a statement", found: this.#shown(i) });
  }

  /** A function or class of another language; or a `let` before a definition that is good without it. */
  #foreignDeclaration(i: number): Verdict | null {
    const { image } = this.#tokens[i] as IToken;
    if (!this.#isName(i + 1)) return null;
    if (Object.hasOwn(foreignDeclarations, image)) {
      this.#reportedOutside = true; // its body would be reported line by line
      return this.#report(m.foreignDeclaration, i, { found: image, instead: foreignDeclarations[image] ?? "" });
    }
    if (!foreignQualifiers.has(image)) return null;
    this.#report(m.foreignDeclaration, i, { found: image, instead: "leave it out: write `name = …`" });
    return { instead: this.#reportedDefinition(i + 1) };
  }

  /** `name = <reported>`, so that uses of the name are no mistakes of their own. */
  #reportedDefinition(i: number): IToken[] {
    const name = this.#tokens[i] as IToken;
    const at = endOf(this.#source, name);
    return [name, insertedAt(t.Assign, at), insertedAt(t.Reported, at), insertedAt(t.End, at)];
  }

  #readAs(nearest: string, i: number): Verdict {
    this.#report(m.misspeltHead, i, { found: this.#tokens[i]?.image ?? "", nearest });
    return { head: t.headKeywords.get(nearest) ?? null };
  }

  #report<N extends string>(row: MessageSpec<N>, i: number, values: { readonly [K in N]: string | number }): Verdict {
    this.diagnostics.push(diagnose(row, spanOf(this.#source, this.#tokens[i] as IToken), values));
    return leftOut;
  }

  #is(i: number, type: TokenType): boolean {
    const found = this.#tokens[i]?.tokenType;
    return found === type || found?.CATEGORIES?.includes(type) === true;
  }

  #shown(i: number): string {
    return `\`${this.#tokens[i]?.image}\``;
  }

  #isName(i: number): boolean {
    return this.#is(i, t.Identifier);
  }

  #isGlued(i: number, j: number): boolean {
    const [left, right] = [this.#tokens[i], this.#tokens[j]];
    return (
      left !== undefined &&
      right !== undefined &&
      this.#is(i, t.BinaryOperator) &&
      endOf(this.#source, left) === startOf(this.#source, right)
    );
  }
}

function retyped(token: IToken, type: TokenType): IToken {
  return { ...token, tokenType: type, tokenTypeIdx: type.tokenTypeIdx as number };
}

const listed = (words: readonly string[]): string =>
  words.map((word, i) => `${i === 0 ? "" : i === words.length - 1 ? " or " : ", "}\`${word}\``).join("");
