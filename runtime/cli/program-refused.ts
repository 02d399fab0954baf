import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { SourceFile } from "../../grammar/source-file.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";

/** The texts that diagnostics point into, by name. */
export type Sources = ReadonlyMap<string, SourceFile>;

/**
 * The `.sig` program has errors, or (exit 3) does not fit the memory. A command that has nothing left to do throws it;
 * the door reports it.
 */
export class ProgramRefused extends Error {
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  readonly exit: ExitCode;

  constructor(diagnostics: readonly Diagnostic[], sources: Sources, exit: ExitCode = exitCodes.program) {
    super(diagnostics[0]?.message ?? "the program is wrong");
    this.name = "ProgramRefused";
    this.diagnostics = diagnostics;
    this.sources = sources;
    this.exit = exit;
  }
}
