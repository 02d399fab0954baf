import { realpathSync } from "node:fs";
import { Option } from "commander";
import { format } from "../../../grammar/format.js";
import type { SourceFile } from "../../../grammar/source-file.js";
import { writeAtomically } from "../../data/atomic-write.js";
import { exitCodes } from "../exit-codes.js";
import { jsonDocument } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { lineDiff } from "../line-diff.js";
import { readSource } from "../read-source.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";

type Options = CommonOptions & { readonly check?: true; readonly write?: true };

export const registerFmt: Register = (parent, { console, finish }) => {
  parent
    .command("fmt")
    .summary("lay a program out")
    .description("Prints each file as the formatter lays it out. A file with syntax errors is left as it is.")
    .argument("<file...>", "programs; - is stdin")
    .addOption(new Option("--write", "write the files in place instead of printing them").conflicts("check"))
    .option("--check", "change nothing; print a diff and exit with 1 where a file is not laid out like this")
    .option(...jsonFlag)
    .action((paths: readonly string[], options: Options) => {
      const files = paths.map((path) => layOut(readSource(path)));
      for (const { source, diagnostics } of files) printDiagnostics(diagnostics, new Map([[source.name, source]]), console);
      if (options.write) for (const file of files) writeBack(file);

      if (options.json) console.out(jsonDocument(describe(files)));
      else if (options.check)
        for (const { source, text } of files) console.out(lineDiff(source.text, text, source.name, `${source.name} (laid out)`));
      else if (!options.write) for (const { text } of files) console.out(text);

      const refused = files.some(({ diagnostics }) => diagnostics.length > 0);
      const changed = files.some(({ source, text }) => text !== source.text);
      finish(refused || (options.check === true && changed) ? exitCodes.program : exitCodes.ok);
    });
};

type LaidOut = { readonly source: SourceFile; readonly text: string; readonly diagnostics: Parameters<typeof printDiagnostics>[0] };

function layOut(source: SourceFile): LaidOut {
  const result = format(source);
  return "text" in result ? { source, text: result.text, diagnostics: [] } : { source, text: source.text, diagnostics: result.diagnostics };
}

function writeBack({ source, text }: LaidOut): void {
  if (text === source.text || source.name === "stdin") return;
  // Through a link to the file itself: the rename of an atomic write would replace the link.
  writeAtomically(realpathSync(source.name), (sink) => sink(new TextEncoder().encode(text)));
}

const describe = (files: readonly LaidOut[]): object => ({
  files: files.map(({ source, text, diagnostics }) => ({
    file: source.name,
    changed: text !== source.text,
    text: diagnostics.length > 0 ? null : text,
  })),
  diagnostics: files.flatMap(({ source, diagnostics }) => diagnostics.map((d) => jsonDiagnostic(d, new Map([[source.name, source]])))),
});
