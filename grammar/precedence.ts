/** From a flat list of operands and operators to a tree. */
import type { BinaryOp, Expr, UnaryOp } from "./ast.js";
import { cover, type Span } from "./span.js";

/**
 * How tight an operator binds. All associate to the left but `**`; comparisons do not associate at all.
 * `-a ** b` is `-(a ** b)`, `2 ** -1` is fine, `not a == b` is `not (a == b)`.
 */
const binding: { readonly [K in BinaryOp]: number } = {
  "|": 1,
  or: 2,
  and: 3,
  "==": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  "%": 7,
  "@": 7,
  "**": 9,
};
const prefixBinding: { readonly [K in UnaryOp]: number } = { not: 4, "-": 8 };
const COMPARISON = binding["=="];

export type Prefix = { readonly op: UnaryOp; readonly span: Span };
export type Operand = { readonly prefixes: readonly Prefix[]; readonly value: Expr };
export type Operator = { readonly op: BinaryOp; readonly span: Span };

export type NestingMistakes = {
  /** `a < b < c`: the two comparisons that were probably meant. */
  chained(first: Expr & { kind: "binary" }, second: Expr & { kind: "binary" }): void;
  /** `a + not b` */
  looseNot(prefix: Prefix, before: Operator): void;
};

/** `operators[i]` stands between `operands[i]` and `operands[i + 1]`. */
export function nest(operands: readonly Operand[], operators: readonly Operator[], mistakes: NestingMistakes): Expr {
  let at = 0;

  const binary = (minimum: number): Expr => {
    let left = prefixed(0, minimum);
    for (let next = operators[at]; next !== undefined && binding[next.op] >= minimum; next = operators[at]) {
      at++;
      const level = binding[next.op];
      const right = binary(next.op === "**" ? level : level + 1);
      left = join(left, next, right);
    }
    return left;
  };

  const prefixed = (skip: number, minimum: number): Expr => {
    const operand = operands[at] as Operand;
    const prefix = operand.prefixes[skip];
    if (prefix === undefined) return operand.value;
    const level = prefixBinding[prefix.op];
    const before = operators[at - 1];
    if (prefix.op === "not" && level < minimum && before !== undefined) mistakes.looseNot(prefix, before);
    const inner = underPrefix(skip + 1, level);
    return { kind: "unary", op: prefix.op, operand: inner, span: cover(prefix.span, inner.span) };
  };

  /** The operand of a prefix: further prefixes, then whatever binds tighter than it. */
  const underPrefix = (skip: number, level: number): Expr => {
    let left = prefixed(skip, level);
    for (let next = operators[at]; next !== undefined && binding[next.op] > level; next = operators[at]) {
      at++;
      left = join(left, next, binary(next.op === "**" ? binding["**"] : binding[next.op] + 1));
    }
    return left;
  };

  /** A comparison of a comparison becomes the conjunction that was meant, so that nothing after it stumbles. */
  const join = (left: Expr, { op, span: opSpan }: Operator, right: Expr): Expr => {
    const last = left.kind === "binary" && left.op === "and" && ands.has(left) ? left.right : left;
    if (binding[op] === COMPARISON && last.kind === "binary" && binding[last.op] === COMPARISON && !groups.has(last)) {
      const second = { kind: "binary", op, left: last.right, right, opSpan, span: cover(last.right.span, right.span) } as const;
      if (last === left) mistakes.chained(last, second);
      const both = { kind: "binary", op: "and", left, right: second, opSpan, span: cover(left.span, right.span) } as const;
      ands.add(both);
      return both;
    }
    return { kind: "binary", op, left, right, opSpan, span: cover(left.span, right.span) };
  };
  /** Trees that stand in parentheses: `(a < b) == c` is no chain. */
  const groups = new Set<Expr>(operands.map((operand) => operand.value));
  const ands = new Set<Expr>();

  return binary(0);
}
