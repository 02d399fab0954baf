import { type IToken, Lexer, type TokenType } from "chevrotain";
import { type Diagnostic, diagnose } from "./diagnostic.js";
import { syntaxMessages as m } from "./messages.js";
import type { SourceFile } from "./source-file.js";
import type { Span } from "./span.js";
import { spanOf } from "./token-span.js";
import * as t from "./tokens.js";

/** `text` with its delimiters. */
export type Comment = { readonly kind: "line" | "block"; readonly text: string; readonly span: Span };

export type Lexed = {
  /** Newlines included; comments and stray characters left out. */
  readonly tokens: IToken[];
  readonly comments: readonly Comment[];
  readonly diagnostics: readonly Diagnostic[];
  /** Whether a comment or string that never ends swallowed what would have closed the brackets. */
  readonly swallowed: boolean;
};

const lexer = new Lexer([...t.lexedTokens], { positionTracking: "onlyOffset", ensureOptimizations: true, skipValidations: true });

export function lex(source: SourceFile): Lexed {
  const { tokens, groups } = lexer.tokenize(source.text);
  const diagnostics: Diagnostic[] = [];
  for (const token of tokens) {
    const found = complaint(token, source);
    if (found !== null) diagnostics.push(found);
  }
  const comments: Comment[] = [];
  let swallowed = tokens.some((token) => token.tokenType === t.OpenString && /[{}]/.test(token.image));
  for (const token of groups[t.COMMENTS] ?? []) {
    const span = spanOf(source, token);
    const block = token.tokenType === t.BlockComment || token.tokenType === t.OpenComment;
    comments.push({ kind: block ? "block" : "line", text: token.image, span });
    if (token.tokenType === t.OpenComment) {
      swallowed = true;
      diagnostics.push(diagnose(m.openComment, { ...span, end: span.start + 2 }, {}));
    }
    if (token.tokenType === t.HashComment) diagnostics.push(diagnose(m.hashComment, { ...span, end: span.start + 1 }, {}));
  }
  return { tokens, comments, diagnostics: diagnostics.concat(strayCharacters(source, groups[t.STRAYS] ?? [])), swallowed };
}

function complaint(token: IToken, source: SourceFile): Diagnostic | null {
  const type: TokenType = token.tokenType;
  const span = spanOf(source, token);
  const instead = t.foreignSpellings.get(type);
  if (instead !== undefined) return diagnose(m.foreignSpelling, span, { found: token.image, instead });
  switch (type) {
    case t.OpenString:
      return diagnose(m.openString, span, {});
    case t.ForeignString:
      return diagnose(m.foreignQuotes, span, { instead: JSON.stringify(token.image.slice(1, -1)) });
    case t.ForeignName:
      return diagnose(m.foreignName, span, { found: token.image, instead: transliterate(token.image) });
    case t.BadNumber:
      return diagnose(m.badNumber, span, { found: token.image });
    case t.NumberToken:
      return checkRange(token, span);
    case t.StringToken:
      return checkEscapes(token, span);
    default:
      return null;
  }
}

function checkRange(token: IToken, span: Span): Diagnostic | null {
  const digits = token.image.replace(/[_%x]/g, "");
  const value = Number(digits);
  if (value === Infinity) return diagnose(m.numberTooLarge, span, { found: token.image });
  if (/^\d+$/.test(digits) && !Number.isSafeInteger(value)) return diagnose(m.integerNotExact, span, { found: token.image });
  return null;
}

/** `\\u{1f600}` names a code point; the rest are one letter. */
export const ESCAPE = /\\(?:u\{([0-9a-fA-F]{1,6})\}|([^]))/g;
export const escapes: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", n: "\n", t: "\t", r: "\r" };

function checkEscapes(token: IToken, span: Span): Diagnostic | null {
  if (!token.image.includes("\\")) return null;
  for (const match of token.image.matchAll(ESCAPE)) {
    const [found, point, letter] = match;
    const good = point !== undefined ? Number.parseInt(point, 16) <= 0x10ffff : letter !== undefined && Object.hasOwn(escapes, letter);
    const start = span.start + match.index;
    if (!good) return diagnose(m.badEscape, { ...span, start, end: start + found.length }, { found });
  }
  return null;
}

/** One diagnostic for a run of neighbours: `$$$` is one mistake. */
function strayCharacters(source: SourceFile, strays: readonly IToken[]): Diagnostic[] {
  const runs: { start: number; end: number }[] = [];
  for (const { startOffset } of strays) {
    const last = runs.at(-1);
    if (last?.end === startOffset) last.end++;
    else runs.push({ start: startOffset, end: startOffset + 1 });
  }
  return runs.map(({ start, end }) => {
    const first = source.text.charAt(start);
    const help = strayHelp[first];
    const span = source.span(start, end);
    const found = printable(source.text.slice(start, end));
    return help === undefined ? diagnose(m.stray, span, { found }) : diagnose(m.strayWithHelp, span, { found, help });
  });
}

const strayHelp: Readonly<Record<string, string>> = {
  "?": "write `if c then a else b` to choose a value",
  "'": 'strings are written "like this", and a prime is no part of a name: write `t_prime`',
  "`": 'strings are written "like this"',
  "\\": "leave it out: a statement goes on after an operator or inside brackets",
  "∑": "write `sum[i, j](…)`",
  "√": "write `sqrt(…)`",
  "‖": "write `norm(…)`",
  "⊤": "write `.T`",
};

function printable(text: string): string {
  const shown = text.length > 12 ? `${text.slice(0, 12)}…` : text;
  return shown.replace(/[\p{C}\p{Z}]/gu, (c) => `U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`);
}

const GREEK =
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon phi chi psi omega".split(
    " ",
  );

/** A spelling in ASCII to suggest: `τ` is `tau`, `é` is `e`. */
function transliterate(name: string): string {
  const ascii = name
    .normalize("NFKD")
    .replace(/[α-ωΑ-Ω]/g, (letter) => GREEK[letter.toLowerCase().charCodeAt(0) - 0x3b1] ?? "")
    .replace(/[^\w]/g, "");
  return /^[A-Za-z_]/.test(ascii) ? ascii : `x${ascii}`;
}
