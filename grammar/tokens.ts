/**
 * The vocabulary. The lexer is total: every character belongs to some token, and a spelling that people bring from
 * another language (`&&`, `^`, `×`, `'map'`) is a token that stands for the right one and carries what to write instead.
 */
import { createToken, Lexer, type TokenType } from "chevrotain";

/** Chevrotain's groups for what the parser does not see. */
export const COMMENTS = "comments";
export const STRAYS = "strays";

/** Abstract: whatever may stand inside a statement, braces apart. */
export const Word = createToken({ name: "Word", pattern: Lexer.NA });
/** Abstract: whatever may stand between two operands. */
export const BinaryOperator = createToken({ name: "BinaryOperator", pattern: Lexer.NA, label: "an operator", categories: Word });

export const Identifier = createToken({ name: "Identifier", pattern: /[A-Za-z_]\w*/, label: "a name", categories: Word });

const symbol = (name: string, text: string, category: TokenType = Word): TokenType =>
  createToken({ name, pattern: text, label: `\`${text}\``, categories: category });

const word = (name: string, text: string, category: TokenType = Word): TokenType =>
  createToken({ name, pattern: text, label: `\`${text}\``, longer_alt: Identifier, categories: category });

/** A keyword only where a statement begins: never lexed, `statement-heads.ts` turns a name into it. */
const head = (text: string): TokenType =>
  createToken({ name: text.charAt(0).toUpperCase() + text.slice(1), pattern: Lexer.NA, label: `\`${text}\``, categories: Word });

export const Import = head("import");
export const From = head("from");
export const Pipeline = head("pipeline");
export const Module = head("module");
export const Batch = head("batch");
export const Config = head("config");
export const Input = head("input");
export const Param = head("param");
export const Encoder = head("encoder");
export const Layer = head("layer");
export const Metric = head("metric");
export const Output = head("output");
export const Data = head("data");
export const Eval = head("eval");
export const Train = head("train");
export const Task = head("task");
export const For = head("for");

export const Return = word("Return", "return");
export const If = word("If", "if");
export const Then = word("Then", "then");
export const Else = word("Else", "else");
export const Elif = word("Elif", "elif");
export const When = word("When", "when");
export const And = word("And", "and", BinaryOperator);
export const Or = word("Or", "or", BinaryOperator);
export const Not = word("Not", "not");
export const True = word("True", "true");
export const False = word("False", "false");
export const None = word("None", "None");
export const Inf = word("Inf", "inf");

export const LParen = symbol("LParen", "(");
export const RParen = symbol("RParen", ")");
export const LBracket = symbol("LBracket", "[");
export const RBracket = symbol("RBracket", "]");
export const LBrace = createToken({ name: "LBrace", pattern: "{", label: "`{`" });
export const RBrace = createToken({ name: "RBrace", pattern: "}", label: "`}`" });
export const Comma = symbol("Comma", ",");
export const Ellipsis = symbol("Ellipsis", "...");
export const Dot = symbol("Dot", ".");
export const Colon = symbol("Colon", ":");
export const Arrow = symbol("Arrow", "->");
export const Tilde = symbol("Tilde", "~");
export const Equal = symbol("Equal", "==", BinaryOperator);
export const NotEqual = symbol("NotEqual", "!=", BinaryOperator);
export const LessEqual = symbol("LessEqual", "<=", BinaryOperator);
export const GreaterEqual = symbol("GreaterEqual", ">=", BinaryOperator);
export const Less = symbol("Less", "<", BinaryOperator);
export const Greater = symbol("Greater", ">", BinaryOperator);
/** Also an operator to the parser, so that `if a = b` is one clear mistake and not a lost statement. */
export const Assign = symbol("Assign", "=", BinaryOperator);
export const Power = symbol("Power", "**", BinaryOperator);
export const Star = symbol("Star", "*", BinaryOperator);
export const Slash = symbol("Slash", "/", BinaryOperator);
export const Percent = symbol("Percent", "%", BinaryOperator);
export const At = symbol("At", "@", BinaryOperator);
export const Plus = symbol("Plus", "+", BinaryOperator);
export const Minus = symbol("Minus", "-", BinaryOperator);
export const Pipe = symbol("Pipe", "|", BinaryOperator);

/** Ends every statement in the parser's stream; made by `newlines.ts` from newlines and `;`. */
export const End = createToken({ name: "End", pattern: Lexer.NA, label: "the end of the statement" });
/** Stands for an expression that an earlier stage has reported. */
export const Reported = createToken({ name: "Reported", pattern: Lexer.NA, label: "an expression", categories: Word });

export const Newline = createToken({ name: "Newline", pattern: /\r?\n/, label: "a new line" });
export const Semicolon = symbol("Semicolon", ";");

/** `5%` glued is a percentage; `n%3` and `5%3` are remainders. */
export const NumberToken = createToken({
  name: "NumberToken",
  pattern: /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:[eE][+-]?\d+)?(?:x(?!\w)|%(?![\w(])|(?!\w|\.\d))/,
  label: "a number",
  categories: Word,
});
export const StringToken = createToken({
  name: "StringToken",
  pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"/,
  label: "a string",
  categories: Word,
});

export const LineComment = createToken({ name: "LineComment", pattern: /\/\/[^\r\n]*/, group: COMMENTS });
export const BlockComment = createToken({ name: "BlockComment", pattern: /\/\*[^]*?\*\//, group: COMMENTS, line_breaks: true });
export const OpenComment = createToken({ name: "OpenComment", pattern: /\/\*[^]*/, group: COMMENTS, line_breaks: true });
export const HashComment = createToken({ name: "HashComment", pattern: /#[^\r\n]*/, group: COMMENTS });

const Space = createToken({ name: "Space", pattern: /[ \t\r\f\u00a0\ufeff]+/, group: Lexer.SKIPPED });

export const BadNumber = createToken({ name: "BadNumber", pattern: /\d\w*(?:\.\d\w*)*/, categories: NumberToken });
export const OpenString = createToken({ name: "OpenString", pattern: /"[^\r\n]*/, categories: StringToken });
/** `'map'` and “map” */
export const ForeignString = createToken({ name: "ForeignString", pattern: /'[^'\r\n]*'|[“”„][^“”„"\r\n]*[“”"]/, categories: StringToken });
/** Letters, marks and digits outside ASCII, emoji included; no punctuation, no mathematical operators. */
const FOREIGN_LETTER = String.raw`\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2070-\u209c\u2c00-\udfff`;
/** A name with such letters. Names become checkpoint paths, so look-alikes must not differ. */
export const ForeignName = createToken({
  name: "ForeignName",
  pattern: new RegExp(`(?:[A-Za-z_]\\w*)?[${FOREIGN_LETTER}][\\w${FOREIGN_LETTER}]*`),
  categories: Identifier,
});
// oxlint-disable-next-line no-control-regex -- every character that no other token takes, controls included
export const Stray = createToken({ name: "Stray", pattern: /[\u0000-\uffff]/, group: STRAYS, line_breaks: false });

const foreign = (name: string, pattern: RegExp, standsFor: TokenType): TokenType =>
  createToken({ name, pattern, categories: standsFor, longer_alt: Identifier });

/** A spelling from elsewhere, and what to write instead. Longer spellings first. */
export const foreignSpellings: ReadonlyMap<TokenType, string> = new Map([
  [foreign("TripleEqual", /===/, Equal), "=="],
  [foreign("StrictNotEqual", /!==/, NotEqual), "!="],
  [foreign("LessGreater", /<>/, NotEqual), "!="],
  [foreign("ColonEqual", /:=/, Assign), "="],
  [foreign("FatArrow", /=>/, Arrow), "->"],
  [foreign("AndAnd", /&&?/, And), "and"],
  [foreign("OrOr", /\|\|/, Or), "or"],
  [foreign("Bang", /!(?!=)/, Not), "not"],
  [foreign("Caret", /\^/, Power), "**"],
  [foreign("Times", /[×·⋅∗]/, Star), "*"],
  [foreign("Divide", /[÷∕]/, Slash), "/"],
  [foreign("Dash", /[−–—]/, Minus), "-"],
  [foreign("AtMost", /≤/, LessEqual), "<="],
  [foreign("AtLeast", /≥/, GreaterEqual), ">="],
  [foreign("Unequal", /≠/, NotEqual), "!="],
  [foreign("RightArrow", /[→⟶]/, Arrow), "->"],
  [foreign("Infinity", /∞|Infinity/, Inf), "inf"],
  [foreign("Dots", /…/, Ellipsis), "..."],
  [foreign("CapitalTrue", /True/, True), "true"],
  [foreign("CapitalFalse", /False/, False), "false"],
]);

/** Order matters: the first pattern that matches wins. */
export const lexedTokens: readonly TokenType[] = [
  Newline,
  Space,
  LineComment,
  BlockComment,
  OpenComment,
  HashComment,
  NumberToken,
  BadNumber,
  StringToken,
  OpenString,
  ForeignString,
  ...foreignSpellings.keys(),
  LParen,
  RParen,
  LBracket,
  RBracket,
  LBrace,
  RBrace,
  Comma,
  Semicolon,
  Ellipsis,
  Dot,
  Colon,
  Arrow,
  Tilde,
  Equal,
  NotEqual,
  LessEqual,
  GreaterEqual,
  Less,
  Greater,
  Assign,
  Power,
  Star,
  Slash,
  Percent,
  At,
  Plus,
  Minus,
  Pipe,
  Return,
  If,
  Then,
  Else,
  Elif,
  When,
  And,
  Or,
  Not,
  True,
  False,
  None,
  Inf,
  ForeignName,
  Identifier,
  Stray,
];

/** The keywords that begin a statement, by their text. */
export const headKeywords: ReadonlyMap<string, TokenType> = new Map(
  [Import, Pipeline, Module, Batch, Config, Input, Param, Encoder, Layer, Metric, Output, Data, Eval, Train, Task, For, Return].map(
    (type) => [type.name.toLowerCase(), type],
  ),
);

/** What the parser can meet. */
export const vocabulary: readonly TokenType[] = [
  ...lexedTokens,
  Word,
  BinaryOperator,
  ...headKeywords.values(),
  From,
  End,
  Reported,
].filter((type, i, all) => all.indexOf(type) === i);
