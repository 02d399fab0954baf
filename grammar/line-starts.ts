/** What the first tokens of a line give away about brackets and statements above it. */
import type { IToken } from "chevrotain";
import * as t from "./tokens.js";

const isName = (token: IToken | undefined): boolean => token?.tokenType === t.Identifier || token?.tokenType === t.ForeignName;

/** Could a statement begin here that no line inside parentheses begins with: `x =`, `x[i, j] =`, `param x`, `data {`, `return`? */
export function beginsStatement(tokens: readonly IToken[], i: number): boolean {
  if (tokens[i]?.tokenType === t.Return) return true;
  if (!isName(tokens[i])) return false;
  let next = i + 1;
  if (tokens[next]?.tokenType === t.LBracket) {
    while (isName(tokens[next + 1]) || tokens[next + 1]?.tokenType === t.Comma) next++;
    if (tokens[next + 1]?.tokenType !== t.RBracket) return false;
    next += 2;
  }
  const type = tokens[next]?.tokenType;
  return type === t.Assign || (next === i + 1 && (isName(tokens[next]) || type === t.LBrace));
}

/** `pipeline x`, `module f` or `import {` */
export function beginsDeclaration(tokens: readonly IToken[], i: number): boolean {
  const [head, next] = [tokens[i]?.image, tokens[i + 1]];
  return ((head === "pipeline" || head === "module") && isName(next)) || (head === "import" && next?.tokenType === t.LBrace);
}
