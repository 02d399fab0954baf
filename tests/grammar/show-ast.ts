/** A tree in full parentheses, so that a test can see how it was read. */
import type { Arg, Expr, IndexItem, Member, Program } from "../../grammar/ast.js";
import { parse } from "../../grammar/parse.js";
import { SourceFile } from "../../grammar/source-file.js";

export const parseText = (text: string) => parse(new SourceFile("test.sig", text));

/** The value of `x` in a pipeline with this one definition; throws if it does not parse. */
export function readExpression(text: string): string {
  const { program, diagnostics } = parseText(`pipeline p {\n  x = ${text}\n}\n`);
  if (diagnostics.length > 0) throw new Error(`${text}: ${diagnostics.map((d) => d.message).join("; ")}`);
  const member = membersOf(program)[0];
  if (member?.kind !== "definition") throw new Error(`${text}: no definition`);
  return show(member.value);
}

export function membersOf(program: Program): readonly Member[] {
  return program.items.flatMap((item) => item.members);
}

export function show(e: Expr): string {
  switch (e.kind) {
    case "number":
      return `${e.value}${{ none: "", percent: "%", factor: "x" }[e.suffix]}`;
    case "string":
      return JSON.stringify(e.value);
    case "bool":
      return String(e.value);
    case "name":
      return e.name;
    case "unary":
      return `(${e.op} ${show(e.operand)})`;
    case "binary":
      return `(${show(e.left)} ${e.op} ${show(e.right)})`;
    case "call":
      return `${show(e.callee)}(${showArgs(e.args)})`;
    case "reduce":
      return `${e.op.name}<${e.indices.map((i) => i.name).join(", ")}>(${showArgs(e.args)})`;
    case "index":
      return `${show(e.target)}[${e.items.map(showItem).join(", ")}]`;
    case "member":
      return `${show(e.target)}.${e.name.name}`;
    case "if":
      return `(if ${show(e.condition)} then ${show(e.then)} else ${show(e.else)})`;
    case "sequence":
      return e.bracket === "(" ? `tuple(${e.items.map(show).join(", ")})` : `list[${e.items.map(show).join(", ")}]`;
    case "error":
      return "<error>";
  }
}

const showArgs = (args: readonly Arg[]): string =>
  args.map(({ name, value }) => `${name === null ? "" : `${name.name}: `}${show(value)}`).join(", ");

function showItem(item: IndexItem): string {
  if (item.kind === "at") return show(item.value);
  if (item.kind === "slice") return `${item.from === null ? "" : show(item.from)}:${item.to === null ? "" : show(item.to)}`;
  return item.kind === "ellipsis" ? "..." : "None";
}

/** The tree without its places: equal for two texts that say the same. */
export function withoutSpans(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSpans);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "span" && key !== "opSpan")
      .map(([key, inner]) => [key, withoutSpans(inner)]),
  );
}
