import type { IToken } from "chevrotain";
import { type Diagnostic, diagnose } from "./diagnostic.js";
import { syntaxMessages as m } from "./messages.js";
import type { SourceFile } from "./source-file.js";
import { spanOf } from "./token-span.js";
import * as t from "./tokens.js";

/** UTF-16 units. A program is written by hand; a larger file is data under the wrong name. */
export const MAX_FILE_LENGTH = 1 << 18;
/** Brackets and `if`s inside one another. The parser recurses, some 30 frames a level. */
export const MAX_NESTING = 100;
/** Bounds the depth of the tree, chains such as `- - - x` and `a + b + …` included, for every stage that recurses over it. */
export const MAX_STATEMENT_TOKENS = 2000;
export const MAX_DIAGNOSTICS = 100;

/** The first place where the program is too deep or a statement too long to parse, or null. */
export function exceedsLimits(source: SourceFile, tokens: readonly IToken[]): Diagnostic | null {
  /** One entry per open bracket: the `if`s begun in it since its last comma or statement. */
  const ifs = [0];
  let depth = 0;
  let length = 0;
  const leave = () => {
    depth -= ifs.at(-1) ?? 0;
    ifs[ifs.length - 1] = 0;
  };
  for (const token of tokens) {
    switch (token.tokenType) {
      case t.LParen:
      case t.LBracket:
      case t.LBrace:
        depth++;
        ifs.push(0);
        break;
      case t.RParen:
      case t.RBracket:
      case t.RBrace:
        leave();
        if (ifs.length > 1) ifs.pop();
        depth--;
        break;
      case t.If:
      case t.Elif:
        depth++;
        ifs[ifs.length - 1] = (ifs.at(-1) ?? 0) + 1;
        break;
      case t.Comma:
      case t.End:
        leave();
        break;
    }
    length = token.tokenType === t.End || token.tokenType === t.LBrace ? 0 : length + 1;
    if (depth > MAX_NESTING) return diagnose(m.tooDeep, spanOf(source, token), { limit: MAX_NESTING });
    if (length > MAX_STATEMENT_TOKENS) return diagnose(m.tooLong, spanOf(source, token), { limit: MAX_STATEMENT_TOKENS });
  }
  return null;
}
