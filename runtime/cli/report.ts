/** How a failure reads: text on stderr for the person, and on stdout the same as JSON where a program asked for it. */
import type { UserError } from "../user-error.js";
import type { Console } from "./console.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { jsonDocument, jsonLine } from "./json.js";
import { jsonDiagnostic } from "./json-diagnostic.js";
import type { ProgramRefused, Sources } from "./program-refused.js";
import { codeFrame, type Part } from "../../grammar/code-frame.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import { bold, diagnosticPaint, red } from "./style.js";
import { version } from "./version.js";

/** `null`: nothing may be added to stdout. */
type JsonForm = "document" | "line" | null;

function writeJson(console: Console, form: JsonForm, failure: object): void {
  if (form === "document") console.out(jsonDocument(failure));
  if (form === "line") console.out(jsonLine({ kind: "failure", ...failure }));
}

export function printDiagnostics(diagnostics: readonly Diagnostic[], sources: Sources, console: Console): void {
  const style = (part: Part, text: string): string => diagnosticPaint[part](text, console.colour.err);
  for (const diagnostic of diagnostics) console.err(`${codeFrame(diagnostic, (file) => sources.get(file), style)}\n`);
}

export function reportRefusal(refused: ProgramRefused, console: Console, form: JsonForm): ExitCode {
  printDiagnostics(refused.diagnostics, refused.sources, console);
  writeJson(console, form, { error: null, diagnostics: refused.diagnostics.map((d) => jsonDiagnostic(d, refused.sources)) });
  return refused.exit;
}

export function reportUserError(error: UserError, console: Console, form: JsonForm): ExitCode {
  const { code, message, help, exit } = error;
  const colour = console.colour.err;
  console.err(`${red("error", colour)} ${code}: ${bold(message, colour)}\n${help.map((line) => `help: ${line}\n`).join("")}`);
  writeJson(console, form, { error: { code, message, help, exit }, diagnostics: [] });
  return exit;
}

/** A crash is our mistake: say so, say what to send, and keep the promise about stdout. */
export function reportBug(thrown: unknown, argv: readonly string[], console: Console, form: JsonForm): ExitCode {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const message = `internal error: ${error.message}`;
  console.err(
    [
      `${red("error", console.colour.err)} SIG9000: ${message}`,
      "This is a bug in sigc, not in your program. A report should hold the program and these lines:",
      `  sigc ${version()}, node ${process.version}, ${process.platform} ${process.arch}`,
      `  sigc ${argv.join(" ")}`,
      ...(error.stack ?? "").split("\n").map((line) => `  ${line}`),
      "",
    ].join("\n"),
  );
  writeJson(console, form, { error: { code: "SIG9000", message, help: [], exit: exitCodes.bug }, diagnostics: [] });
  return exitCodes.bug;
}
