/** From "the parser expected E and met F" to a sentence that the writer can act on. */
import { EOF, type IRecognitionException, type IToken } from "chevrotain";
import { type Diagnostic, diagnose } from "./diagnostic.js";
import { syntaxMessages as m } from "./messages.js";
import type { SourceFile } from "./source-file.js";
import { spanOf } from "./token-span.js";
import * as t from "./tokens.js";

export function syntaxError(source: SourceFile, exception: IRecognitionException): Diagnostic {
  return unexpected(source, exception.token, exception.message);
}

export function unexpected(source: SourceFile, token: IToken, expected: string): Diagnostic {
  const span = spanOf(source, token);
  const found = describe(source, token, span.start);
  const help = helpFor(source, token, span.start, expected);
  return help === null ? diagnose(m.expected, span, { expected, found }) : diagnose(m.expectedWithHelp, span, { expected, found, help });
}

function describe(source: SourceFile, token: IToken, start: number): string {
  if (token.tokenType === EOF) return "the end of the file";
  if (token.image !== "") return `\`${token.image.length > 30 ? `${token.image.slice(0, 29)}…` : token.image}\``;
  // A token without characters: an End, or a bracket that was added and reported.
  const rest = /^[^\S\n]*(.?)/.exec(source.text.slice(start, start + 200))?.[1] ?? "";
  if (rest === "}" || rest === ";") return `\`${rest}\``;
  return source.text.slice(start).trim() === "" ? "the end of the file" : "the end of the line";
}

function helpFor(source: SourceFile, token: IToken, start: number, expected: string): string | null {
  const { text } = source;
  switch (token.tokenType) {
    case t.If:
      return "a choice is written `if condition then a else b`";
    case t.Dot:
      if (/\d/.test(text.charAt(start + 1)) && !/\w/.test(text.charAt(start - 1)))
        return `write \`0${/^\.\d+/.exec(text.slice(start, start + 40))?.[0] ?? ""}\``;
      return /\d/.test(text.charAt(start - 1)) ? "write the digit after the point: `1.0`" : null;
    case t.Colon:
      return "choose with `if c then a else b`; name an argument inside a call: `f(x, axis: 1)`";
    case t.Plus:
      return "leave the `+` out, or write the operand before it";
    case t.When:
      return "`when` follows the value of a `layer`";
    case t.LBrace:
      return ["an expression", "`)`", "`]`", "the end of the statement"].includes(expected)
        ? "braces hold statements; write a list in [ ]"
        : null;
    case t.End:
      return /\d\.$/.test(text.slice(0, start).slice(-2)) ? "write the digit after the point: `1.0`" : null;
    case t.NumberToken:
      return text.charAt(start - 1) === "%" || text.charAt(start - 2) === "%"
        ? "`5%` is a percentage; write the remainder with spaces: `5 % 3`"
        : null;
    default:
      return expected === "the end of the statement" && t.headKeywords.has(token.image)
        ? `begin a new line before \`${token.image}\`, or write \`;\``
        : null;
  }
}
