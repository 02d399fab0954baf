import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { SourceFile } from "../../grammar/source-file.js";

/** The texts that diagnostics point into, by name. */
export type Sources = ReadonlyMap<string, SourceFile>;

/** The `.sig` program has errors. A command that has nothing left to do throws it; the door reports it and exits with 1. */
export class ProgramRefused extends Error {
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;

  constructor(diagnostics: readonly Diagnostic[], sources: Sources) {
    super(diagnostics[0]?.message ?? "the program is wrong");
    this.name = "ProgramRefused";
    this.diagnostics = diagnostics;
    this.sources = sources;
  }
}
