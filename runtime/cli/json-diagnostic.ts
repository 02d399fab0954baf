import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { Position } from "../../grammar/source-file.js";
import type { Span } from "../../grammar/span.js";
import type { Sources } from "./program-refused.js";

type JsonPlace = { readonly file: string; readonly start: Position; readonly end: Position };

/** Lines and columns count from 1, as editors show them; `end` is the place after the last character. */
function placeOf(span: Span, sources: Sources): JsonPlace {
  const source = sources.get(span.file);
  const position = (offset: number): Position => source?.position(offset) ?? { line: 1, column: 1 };
  return { file: span.file, start: position(span.start), end: position(span.end) };
}

export const jsonDiagnostic = (diagnostic: Diagnostic, sources: Sources): object => ({
  code: diagnostic.code,
  severity: diagnostic.severity,
  message: diagnostic.message,
  ...placeOf(diagnostic.span, sources),
  related: diagnostic.related.map(({ message, span }) => ({ message, ...placeOf(span, sources) })),
  help: diagnostic.help,
});
