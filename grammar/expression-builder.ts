/** CST → expressions. Recovery may leave out any child, whatever the CST's types say: each is looked for, none assumed. */
import type { IToken } from "chevrotain";
import type { Arg, BinaryOp, ErrorExpr, Expr, Ident, IndexItem, NumberLiteral, StringLiteral, TypeExpr, UnaryOp } from "./ast.js";
import type * as cst from "./cst.generated.js";
import { type Diagnostic, diagnose } from "./diagnostic.js";
import { ESCAPE, escapes } from "./lexer.js";
import { syntaxMessages as m } from "./messages.js";
import { nest, type Operand, type Operator } from "./precedence.js";
import type { SourceFile } from "./source-file.js";
import { cover, type Span } from "./span.js";
import { spanOf } from "./token-span.js";
import * as t from "./tokens.js";

export type Found<Children> = { readonly [K in keyof Children]?: Children[K] };

export class ExpressionBuilder {
  readonly diagnostics: Diagnostic[] = [];
  /** Words where none can stand: after these nothing else about their statement is worth a word. */
  readonly leftovers: Diagnostic[] = [];
  readonly #source: SourceFile;
  /** The end of what was read last: where something missing would have been. */
  #end = 0;

  constructor(source: SourceFile) {
    this.#source = source;
  }

  /** The place of a token, or null where recovery made it up. */
  span(token: IToken | undefined): Span | null {
    if (token === undefined || token.isInsertedInRecovery === true) return null;
    const span = spanOf(this.#source, token);
    this.#end = Math.max(this.#end, span.end);
    return span;
  }

  here(): Span {
    return this.#source.span(this.#end, this.#end);
  }

  /** From a first token to the end of what was read last. */
  since(first: Span): Span {
    return this.#source.span(first.start, Math.max(first.end, this.#end));
  }

  text(span: Span): string {
    const text = this.#source.text.slice(span.start, span.end).replace(/\s+/g, " ");
    return text.length > 40 ? `${text.slice(0, 39)}…` : text;
  }

  error(span: Span = this.here()): ErrorExpr {
    return { kind: "error", span };
  }

  name(token: IToken | undefined): Ident | null {
    const span = this.span(token);
    return span === null || token === undefined ? null : { name: token.image, span };
  }

  names(node: cst.NamesCstNode | undefined): Ident[] {
    const { Identifier = [], Comma } = (node?.children ?? {}) as Found<cst.NamesCstChildren>;
    return this.separated(
      Identifier.flatMap((token) => this.name(token) ?? []),
      Comma,
    );
  }

  string(token: IToken | undefined): StringLiteral | null {
    const span = this.span(token);
    if (span === null || token === undefined) return null;
    const body = token.tokenType === t.OpenString ? token.image.slice(1) : token.image.slice(1, -1);
    return { kind: "string", value: body.replace(ESCAPE, unescape), span };
  }

  type(node: cst.TypeExpressionCstNode | undefined): TypeExpr | null {
    const c = (node?.children ?? {}) as Found<cst.TypeExpressionCstChildren>;
    const dtype = this.name(c.Identifier?.[0]);
    if (dtype === null) return null;
    const dims = (c.dimension ?? []).map(({ children }) => {
      const { Ellipsis, expression } = children as Found<cst.DimensionCstChildren>;
      const span = this.span(Ellipsis?.[0]);
      return span === null ? this.expression(expression?.[0]) : ({ kind: "ellipsis", span } as const);
    });
    this.separated(dims, c.Comma);
    const close = this.span(c.RBracket?.[0]);
    return { kind: "type", dtype, dims, span: close === null ? dtype.span : cover(dtype.span, close) };
  }

  expression(node: cst.ExpressionCstNode | undefined): Expr {
    const c = (node?.children ?? {}) as Found<cst.ExpressionCstChildren>;
    const operators: Operator[] = [];
    const operands: Operand[] = [];
    const count = Math.max(1, c.operand?.length ?? 0, (c.BinaryOperator?.length ?? 0) + 1);
    for (let i = 0; i < count; i++) {
      operands.push(this.#operand(c.operand?.[i], count > 1));
      const token = c.BinaryOperator?.[i];
      if (i + 1 < count) operators.push({ op: this.#binaryOp(token), span: this.span(token) ?? this.here() });
    }
    return nest(operands, operators, {
      chained: (first, second) => this.report(m.chained, second.opSpan, { first: this.text(first.span), second: this.text(second.span) }),
      looseNot: (prefix, before) => this.report(m.looseNot, prefix.span, { op: before.op }),
    });
  }

  #binaryOp(token: IToken | undefined): BinaryOp {
    if (token === undefined) return "+";
    const op = t.foreignSpellings.get(token.tokenType) ?? token.image;
    if (op !== "=") return op as BinaryOp;
    this.report(m.equalsInCondition, this.span(token) ?? this.here(), {});
    return "==";
  }

  #operand(node: cst.OperandCstNode | undefined, besideOperator: boolean): Operand {
    const c = (node?.children ?? {}) as Found<cst.OperandCstChildren>;
    const prefixes = [...(c.Minus ?? []), ...(c.Not ?? [])]
      .sort((a, b) => a.startOffset - b.startOffset)
      .map((token) => ({ op: (t.foreignSpellings.get(token.tokenType) ?? token.image) as UnaryOp, span: this.span(token) ?? this.here() }));
    const primary = c.primary?.[0];
    let value = this.#primary(primary);
    if (value.kind === "if" && primary?.children.ifExpression !== undefined && (besideOperator || prefixes.length > 0)) {
      this.report(m.looseIf, { ...value.span, end: value.span.start + 2 }, {});
    }
    const suffixes = c.suffix ?? [];
    for (let i = 0; i < suffixes.length; i++) {
      const { call, index, memberAccess } = (suffixes[i]?.children ?? {}) as Found<cst.SuffixCstChildren>;
      if (index !== undefined) {
        const reduced = this.#reduce(value, i, suffixes);
        value = reduced ?? this.#index(value, index[0]);
        if (reduced !== null) i++;
      } else if (call !== undefined) {
        const { args, end } = this.#call(call[0]);
        value = { kind: "call", callee: value, args, span: cover(value.span, end) };
      } else {
        const name = this.name(memberAccess?.[0]?.children.Identifier?.[0]);
        value = name === null ? this.error(value.span) : { kind: "member", target: value, name, span: cover(value.span, name.span) };
      }
    }
    return { prefixes, value };
  }

  #primary(node: cst.PrimaryCstNode | undefined): Expr {
    const c = (node?.children ?? {}) as Found<cst.PrimaryCstChildren>;
    const name = this.name(c.Identifier?.[0]);
    if (name !== null) return { kind: "name", ...name };
    if (c.NumberToken !== undefined) return this.#number(c.NumberToken[0]);
    if (c.StringToken !== undefined) return this.string(c.StringToken[0]) ?? this.error();
    if (c.tuple !== undefined) return this.#sequence("(", c.tuple[0]);
    if (c.list !== undefined) return this.#sequence("[", c.list[0]);
    if (c.ifExpression !== undefined) return this.#if(c.ifExpression[0]);
    const span = this.span((c.True ?? c.False ?? c.Inf ?? c.None ?? c.Reported)?.[0]);
    if (span === null) return this.error();
    if (c.True ?? c.False) return { kind: "bool", value: c.True !== undefined, span };
    if (c.Inf) return { kind: "number", value: Number.POSITIVE_INFINITY, suffix: "none", integer: false, span };
    if (c.None) this.report(m.noneOutsideIndex, span, {});
    return this.error(span);
  }

  #number(token: IToken | undefined): NumberLiteral | ErrorExpr {
    const span = this.span(token);
    if (span === null || token === undefined || token.tokenType === t.BadNumber) return this.error(span ?? undefined);
    const digits = token.image.replace(/[_%x]/g, "");
    const percent = token.image.endsWith("%");
    const suffix = percent ? "percent" : token.image.endsWith("x") ? "factor" : "none";
    // 0.1% as 0.1e-2 is rounded once, as 0.1 / 100 twice.
    const value = !percent ? Number(digits) : /e/i.test(digits) ? Number(digits) / 100 : Number(`${digits}e-2`);
    return { kind: "number", value, suffix, integer: suffix === "none" && /^\d+$/.test(digits), span };
  }

  /** `(a)` is `a`, with the parentheses in its span; `(a,)`, `(a, b)` and `[a]` are sequences. */
  #sequence(bracket: "(" | "[", node: cst.TupleCstNode | cst.ListCstNode | undefined): Expr {
    const c = (node?.children ?? {}) as Found<cst.TupleCstChildren & cst.ListCstChildren>;
    const open = this.span((c.LParen ?? c.LBracket)?.[0]) ?? this.here();
    const items = this.separated(
      (c.expression ?? []).map((item) => this.expression(item)),
      c.Comma,
    );
    const close = this.span((c.RParen ?? c.RBracket)?.[0]) ?? this.here();
    const span = cover(open, close);
    const [only] = items;
    if (bracket === "(" && items.length === 1 && only !== undefined && c.Comma === undefined) return { ...only, span };
    return { kind: "sequence", bracket, items, span };
  }

  #if(node: cst.IfExpressionCstNode | undefined): Expr {
    const c = (node?.children ?? {}) as Found<cst.IfExpressionCstChildren>;
    const head = this.span((c.If ?? c.Elif)?.[0]) ?? this.here();
    if (c.Elif !== undefined) this.report(m.elif, head, {});
    const condition = this.expression(c.expression?.[0]);
    const then = this.expression(c.expression?.[1]);
    const nested = c.elseIf?.[0]?.children.ifExpression?.[0];
    const isElif = (nested?.children.Elif?.length ?? 0) > 0;
    if (c.Else === undefined && !isElif) this.report(m.ifWithoutElse, head, {});
    const other = isElif ? this.#if(nested) : c.Else === undefined ? this.error() : this.expression(c.expression?.[2]);
    // oxlint-disable-next-line unicorn/no-thenable -- a tree, never awaited; its `then` is no function
    return { kind: "if", condition, then, else: other, span: cover(head, other.span) };
  }

  #call(node: cst.CallCstNode | undefined): { args: Arg[]; end: Span } {
    const c = (node?.children ?? {}) as Found<cst.CallCstChildren>;
    const args = (c.argument ?? []).map((argument) => this.#argument(argument));
    this.separated(args, c.Comma);
    return { args, end: this.span(c.RParen?.[0]) ?? this.here() };
  }

  #argument({ children }: cst.ArgumentCstNode): Arg {
    const c = children as Found<cst.ArgumentCstChildren>;
    const name = this.name(c.Identifier?.[0]);
    const equals = this.span(c.Assign?.[0]);
    if (equals !== null && name !== null) this.report(m.namedArgument, equals, { name: name.name });
    const value = this.expression(c.expression?.[0]);
    return { name, value, span: name === null ? value.span : cover(name.span, value.span) };
  }

  /** `sum[i, j](…)`: a plain name, indices that are plain names, and a call. */
  #reduce(target: Expr, at: number, suffixes: readonly cst.SuffixCstNode[]): Expr | null {
    const index = suffixes[at]?.children.index?.[0];
    const call = suffixes[at + 1]?.children.call?.[0];
    if (target.kind !== "name" || at > 0 || call === undefined) return null;
    const tokens = (index?.children.indexItem ?? []).map(({ children: c }) =>
      c.slice ? undefined : alone(c.expression?.[0])?.Identifier?.[0],
    );
    const names = tokens.flatMap((token) => this.name(token) ?? []);
    if (names.length === 0 || names.length < tokens.length) return null;
    const indices = this.separated(names, index?.children.Comma);
    const { args, end } = this.#call(call);
    return { kind: "reduce", op: { name: target.name, span: target.span }, indices, args, span: cover(target.span, end) };
  }

  #index(target: Expr, node: cst.IndexCstNode | undefined): Expr {
    const items = this.indexItems(node);
    return { kind: "index", target, items, span: cover(target.span, this.span(node?.children.RBracket?.[0]) ?? this.here()) };
  }

  indexItems(node: cst.IndexCstNode | cst.IndicesCstNode | undefined): IndexItem[] {
    const c = (node?.children ?? {}) as Found<cst.IndexCstChildren>;
    return this.separated(
      (c.indexItem ?? []).map((item) => this.#indexItem(item)),
      c.Comma,
    );
  }

  #indexItem({ children }: cst.IndexItemCstNode): IndexItem {
    const c = children as Found<cst.IndexItemCstChildren>;
    const ellipsis = this.span(c.Ellipsis?.[0]);
    if (ellipsis !== null) return { kind: "ellipsis", span: ellipsis };
    const newAxis = c.slice === undefined ? this.span(alone(c.expression?.[0])?.None?.[0]) : null;
    if (newAxis !== null) return { kind: "new_axis", span: newAxis };
    const from = c.expression === undefined ? null : this.expression(c.expression[0]);
    if (c.slice === undefined) {
      const value = from ?? this.error();
      return { kind: "at", value, span: value.span };
    }
    const s = (c.slice[0]?.children ?? {}) as Found<cst.SliceCstChildren>;
    const [colon = this.here(), step] = (s.Colon ?? []).flatMap((token) => this.span(token) ?? []);
    const to = s.expression === undefined ? null : this.expression(s.expression[0]);
    if (step !== undefined) this.report(m.sliceStep, step, {});
    return { kind: "slice", from, to, span: cover(from?.span ?? colon, to?.span ?? colon) };
  }

  /** Between any two neighbours there must be a comma; of several that lack one the first is reported. */
  separated<T extends { readonly span: Span }>(items: T[], commas: readonly IToken[] = []): T[] {
    let next = 0;
    for (const [i, item] of items.entries()) {
      const before = items[i - 1];
      if (before === undefined) continue;
      while (next < commas.length && (commas[next]?.startOffset ?? 0) < before.span.end) next++;
      const comma = commas[next];
      if (comma !== undefined && comma.startOffset < item.span.start) continue;
      const found = this.text(item.span);
      if (found === "for") this.report(m.noLoops, item.span, { instead: "define every element: `y[i] = …`" });
      else this.report(m.missingComma, item.span, { found });
      break;
    }
    return items;
  }

  report<N extends string>(row: Parameters<typeof diagnose<N>>[0], span: Span, values: { readonly [K in N]: string | number }): void {
    this.diagnostics.push(diagnose(row, span, values));
  }
}

/** What an expression consists of if it is one primary and nothing else. */
function alone(node: cst.ExpressionCstNode | undefined): Found<cst.PrimaryCstChildren> | undefined {
  const { operand = [] } = (node?.children ?? {}) as Found<cst.ExpressionCstChildren>;
  const c = (operand[0]?.children ?? {}) as Found<cst.OperandCstChildren>;
  return operand.length === 1 && !c.Minus && !c.Not && !c.suffix ? c.primary?.[0]?.children : undefined;
}

function unescape(whole: string, point: string | undefined, letter: string | undefined): string {
  if (point === undefined) return (letter !== undefined && escapes[letter]) || whole;
  const code = Number.parseInt(point, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
