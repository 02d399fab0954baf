/** An expression in one short line, for messages and for the rewrites that they suggest. */
import type { Arg, Expr, IndexItem } from "../../grammar/ast.js";

const LONGEST = 48;

export function spell(expr: Expr): string {
  const text = print(expr);
  return text.length <= LONGEST ? text : "(…)";
}

const list = (items: readonly Expr[]): string => items.map(print).join(", ");
const args = (items: readonly Arg[]): string =>
  items.map(({ name, value }) => (name === null ? print(value) : `${name.name}: ${print(value)}`)).join(", ");

function print(expr: Expr): string {
  switch (expr.kind) {
    case "name":
      return expr.name;
    case "number":
      return expr.suffix === "percent" ? `${expr.value * 100}%` : expr.suffix === "factor" ? `${expr.value}x` : `${expr.value}`;
    case "string":
      return `"${expr.value}"`;
    case "bool":
      return `${expr.value}`;
    case "unary":
      return expr.op === "not" ? `not ${print(expr.operand)}` : `-${print(expr.operand)}`;
    case "binary":
      return `${print(expr.left)} ${expr.op} ${print(expr.right)}`;
    case "call":
      return `${print(expr.callee)}(${args(expr.args)})`;
    case "reduce":
      return `${expr.op.name}[${expr.indices.map((i) => i.name).join(", ")}](${args(expr.args)})`;
    case "index":
      return `${print(expr.target)}[${expr.items.map(printItem).join(", ")}]`;
    case "member":
      return `${print(expr.target)}.${expr.name.name}`;
    case "if":
      return `if ${print(expr.condition)} then ${print(expr.then)} else ${print(expr.else)}`;
    case "sequence":
      return expr.bracket === "(" ? `(${list(expr.items)})` : `[${list(expr.items)}]`;
    case "error":
      break;
  }
  return "…";
}

function printItem(item: IndexItem): string {
  switch (item.kind) {
    case "at":
      return print(item.value);
    case "slice":
      return `${item.from === null ? "" : print(item.from)}:${item.to === null ? "" : print(item.to)}`;
    case "new_axis":
      return "None";
    case "ellipsis":
      break;
  }
  return "...";
}
