import type { Diagnostic } from "../../../grammar/diagnostic.js";
import { parse } from "../../../grammar/parse.js";
import { exitCodes } from "../exit-codes.js";
import { jsonDocument } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { lower, SourceReader, usageError } from "../load-program.js";
import { type ProgramOptions, withProgramOptions } from "../parse-options.js";
import type { Sources } from "../program-refused.js";
import { readSource } from "../read-source.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";

export const registerCheck: Register = (parent, { console, finish }) => {
  withProgramOptions(
    parent
      .command("check")
      .summary("say whether programs are right")
      .description("Checks syntax, names, types and sizes of every pipeline in the files.")
      .argument("<file...>", "programs; - is stdin"),
  )
    .option(...jsonFlag)
    .action((paths: readonly string[], options: ProgramOptions & CommonOptions) => {
      const checked = paths.map((path) => check(path, options));
      const count = (severity: string): number =>
        checked.reduce((sum, { diagnostics }) => sum + diagnostics.filter((d) => d.severity === severity).length, 0);
      const [errorCount, warningCount] = [count("error"), count("warning")];
      for (const { diagnostics, sources } of checked) printDiagnostics(diagnostics, sources, console);
      if (options.json) {
        const diagnostics = checked.flatMap((file) => file.diagnostics.map((d) => jsonDiagnostic(d, file.sources)));
        console.out(jsonDocument({ files: paths, valid: errorCount === 0, errorCount, warningCount, diagnostics }));
      } else if (errorCount === 0) console.out(checked.map(({ summary }) => `${summary}\n`).join(""));
      finish(errorCount === 0 ? exitCodes.ok : exitCodes.program);
    });
};

type Checked = { readonly diagnostics: readonly Diagnostic[]; readonly sources: Sources; readonly summary: string };

/** Every pipeline of the file, or the one that is named; a file of modules alone is checked for its syntax. */
function check(path: string, options: ProgramOptions): Checked {
  const reader = new SourceReader(readSource(path));
  const { program, diagnostics: syntax } = parse(reader.main);
  const pipelines = program.items.filter((item) => item.kind === "pipeline").map(({ name }) => name.name);
  if (pipelines.length === 0 && (syntax.length > 0 || program.items.length > 0))
    return { diagnostics: syntax, sources: reader.sources, summary: `${path}: modules, syntax only` };
  const wanted = options.pipeline === undefined && pipelines.length > 1 ? pipelines : [options.pipeline];
  const found = wanted.map((pipeline) => lower(reader, { ...options, ...(pipeline === undefined ? {} : { pipeline }) }));
  const problem = found.flatMap(({ usage }) => usage)[0];
  if (problem !== undefined) throw usageError(problem);
  return {
    diagnostics: distinct(found.flatMap(({ diagnostics }) => diagnostics)),
    sources: reader.sources,
    summary: found.map(({ program }) => `${path}: ${program?.name} is right`).join("\n"),
  };
}

/** Two pipelines of one file share its modules and their mistakes. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ code, span, message }: Diagnostic): string => `${code} ${span.file} ${span.start} ${span.end} ${message}`;
  return [...new Map(diagnostics.map((d) => [key(d), d])).values()];
}
