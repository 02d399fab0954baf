/**
 * Turns newlines and `;` into exactly one End after every statement, before every `}` and at the end of the file.
 * A newline ends no statement inside ( ), [ ] or an import's { }; nor after or before what needs an operand on both
 * sides. A line that begins with `-` is a new statement's mistake, not a continuation: `a` and `-b` would be ambiguous.
 */
import type { IToken, TokenType } from "chevrotain";
import { type Diagnostic, diagnose } from "./diagnostic.js";
import { beginsStatement } from "./line-starts.js";
import { syntaxMessages as m } from "./messages.js";
import type { SourceFile } from "./source-file.js";
import { endOf, insertedAt, spanOf } from "./token-span.js";
import * as t from "./tokens.js";

const oneOf = (types: readonly TokenType[]) => {
  const all = new Set(types.flatMap((type) => [type, ...t.vocabulary.filter((other) => other.CATEGORIES?.includes(type))]));
  return (token: IToken | undefined): boolean => token !== undefined && all.has(token.tokenType);
};

const joins = [t.BinaryOperator, t.Tilde, t.Arrow, t.Then, t.Else, t.Elif, t.When, t.Dot];
const continuesAfter = oneOf([...joins, t.Comma, t.Colon, t.If, t.Not, t.LBrace]);
const continuesBefore = oneOf([...joins, t.Comma, t.Colon, t.LBrace]);
/** Binary operators to the rule above, yet no continuation: see the note on top, and `=` after a forgotten name. */
const beginsLine = oneOf([t.Minus, t.Assign]);
/** A `{` behind one of these is no block. */
const opensValue = oneOf([t.Assign, t.LParen, t.LBracket, t.Comma, t.Colon]);
const endsBlock = oneOf([t.Newline, t.Semicolon, t.RBrace]);
const isOpener = oneOf([t.LParen, t.LBracket]);

export function endStatements(source: SourceFile, tokens: readonly IToken[]): { tokens: IToken[]; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const out: IToken[] = [];
  const open: ("statements" | "list")[] = [];
  const end = () => {
    const last = out.at(-1);
    if (last !== undefined && last.tokenType !== t.End && last.tokenType !== t.LBrace) out.push(insertedAt(t.End, endOf(source, last)));
  };
  tokens.forEach((token, i) => {
    const inList = open.at(-1) === "list";
    if (token.tokenType === t.Semicolon && !inList) end();
    else if (token.tokenType === t.Newline) {
      // The first newline of several decides for all.
      if (inList || tokens[i - 1]?.tokenType === t.Newline) return;
      const next = skipNewlines(tokens, i);
      // `x =` with nothing behind it must not take in the next statement.
      const last = out.at(-1);
      const continues = continuesAfter(last)
        ? last?.tokenType === t.Comma || !beginsStatement(tokens, next)
        : continuesBefore(tokens[next]) && !beginsLine(tokens[next]);
      if (!continues) end();
    } else {
      if (isOpener(token)) open.push("list");
      if (token.tokenType === t.LBrace) {
        open.push(out.at(-1)?.image === "import" || opensValue(out.at(-1)) ? "list" : "statements");
      }
      if (token.tokenType === t.RBrace || token.tokenType === t.RParen || token.tokenType === t.RBracket) {
        const closed = open.pop();
        if (closed === "statements" && out.at(-1)?.tokenType !== t.Comma) end();
        out.push(token);
        const next = tokens[i + 1];
        if (closed !== "statements" || next === undefined || endsBlock(next)) return;
        end();
        diagnostics.push(diagnose(m.expected, spanOf(source, next), { expected: "a new line", found: `\`${next.image}\`` }));
        return;
      }
      out.push(token);
    }
  });
  end();
  return { tokens: out, diagnostics };
}

function skipNewlines(tokens: readonly IToken[], from: number): number {
  let i = from;
  while (tokens[i]?.tokenType === t.Newline) i++;
  return i;
}
