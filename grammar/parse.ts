import type { Program } from "./ast.js";
import { buildAst } from "./ast-builder.js";
import { balance } from "./brackets.js";
import type { ProgramCstNode } from "./cst.generated.js";
import { type Diagnostic, diagnose } from "./diagnostic.js";
import { type Comment, lex } from "./lexer.js";
import { exceedsLimits, MAX_FILE_LENGTH } from "./limits.js";
import { syntaxMessages as m } from "./messages.js";
import { endStatements } from "./newlines.js";
import { SigParser } from "./parser.js";
import { Report } from "./report.js";
import type { SourceFile } from "./source-file.js";
import { decideHeads } from "./statement-heads.js";
import { syntaxError } from "./syntax-errors.js";

export type Parsed = {
  readonly program: Program;
  /** In the order of the text. Empty: the program is the text, with no ErrorExpr in it. */
  readonly diagnostics: readonly Diagnostic[];
  readonly comments: readonly Comment[];
};

/** One instance serves all files: building it analyses the grammar. */
const parser = new SigParser();

/** Text to tree. Never throws: a program comes back for any text, with what is wrong beside it. */
export function parse(source: SourceFile): Parsed {
  if (source.text.length > MAX_FILE_LENGTH) {
    const values = { length: source.text.length, limit: MAX_FILE_LENGTH };
    return { program: empty(source), diagnostics: [diagnose(m.fileTooLong, source.span(0, 0), values)], comments: [] };
  }
  const lexed = lex(source);
  const balanced = balance(source, lexed.tokens, lexed.swallowed);
  const { tokens: ended, diagnostics: crowded } = endStatements(source, balanced.tokens);
  const tooMuch = exceedsLimits(source, ended);
  if (tooMuch !== null) return { program: empty(source), diagnostics: [tooMuch], comments: lexed.comments };
  const { tokens, diagnostics: heads } = decideHeads(source, ended, lexed.swallowed);

  const report = new Report(source, ended);
  report.add(lexed.diagnostics);
  report.addFirsts(balanced.diagnostics);
  report.addUnlessBroken(crowded);
  report.addUnlessBroken(heads);
  parser.input = tokens;
  const root = parser.program() as ProgramCstNode | undefined;
  report.addFirsts(parser.errors.map((exception) => syntaxError(source, exception)));
  const { program, leftovers, diagnostics } = buildAst(source, root, report);
  report.addFirsts(leftovers);
  report.addUnlessBroken(diagnostics);
  return { program, diagnostics: report.sorted(), comments: lexed.comments };
}

function empty(source: SourceFile): Program {
  return { kind: "program", imports: [], items: [], span: source.span(0, source.text.length) };
}
