/** From a file's name to a checked program, or the reasons why not. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Lowered, lowerProgram, type UsageProblem } from "../../compiler/lower/lower-program.js";
import type { BatchId } from "../../compiler/graph/size.js";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import { parse } from "../../grammar/parse.js";
import type { SourceFile } from "../../grammar/source-file.js";
import type { Span } from "../../grammar/span.js";
import { type UserError, userError } from "../user-error.js";
import { independentMistakes } from "./independent-mistakes.js";
import { cliMessages } from "./messages.js";
import { packageRoot } from "../package-root.js";
import type { ProgramOptions } from "./parse-options.js";
import { ProgramRefused, type Sources } from "./program-refused.js";
import { readSource } from "./read-source.js";

export type LoadedProgram = {
  readonly program: LoweredProgram;
  /** Every file that was read, for the places in messages. */
  readonly sources: Sources;
  readonly warnings: readonly Diagnostic[];
  /** Batch sizes that `--set` gave. */
  readonly batchSizes: ReadonlyMap<BatchId, number>;
  /** `siglip.sig:12` */
  readonly placeOf: (span: Span) => string;
};

/** `training`: for a training step and nothing else. */
export type LoadOptions = ProgramOptions & { readonly training?: boolean };

/** Throws `ProgramRefused` for what is wrong in the file, `UserError` for what is wrong on the command line. */
export function loadProgram(path: string, options: LoadOptions): LoadedProgram {
  const reader = new SourceReader(readSource(path));
  const { program, diagnostics, usage, batchSizes } = lower(reader, options);
  const [problem] = usage;
  if (problem !== undefined) throw usageError(problem);
  if (program === null) throw new ProgramRefused(diagnostics, reader.sources);
  return { program, sources: reader.sources, warnings: diagnostics, batchSizes, placeOf: (span) => placeIn(reader.sources, span) };
}

/** Syntax and meaning together, so that one run shows every mistake; what follows from a broken line is left out. */
export function lower(reader: SourceReader, options: LoadOptions): Lowered {
  const { program, diagnostics: syntax } = parse(reader.main);
  const broken = syntax.some(({ severity }) => severity === "error");
  if (broken && !program.items.some(({ kind }) => kind === "pipeline"))
    return { program: null, diagnostics: syntax, usage: [], batchSizes: new Map() };
  const lowered = lowerProgram(program, {
    read: reader.read,
    sets: options.set ?? new Map(),
    training: options.training ?? false,
    ...(options.pipeline === undefined ? {} : { pipeline: options.pipeline }),
  });
  const meaning = broken ? independentMistakes(lowered.diagnostics, syntax, reader.main) : lowered.diagnostics;
  const diagnostics = [...syntax, ...meaning].sort((a, b) => (a.span.file === b.span.file ? a.span.start - b.span.start : 0));
  return { ...lowered, program: broken ? null : lowered.program, usage: broken ? [] : lowered.usage, diagnostics };
}

/** Reads a program and what it imports: relative files from disk, `std/…` from the package. */
export class SourceReader {
  readonly main: SourceFile;
  readonly #files = new Map<string, SourceFile>();

  constructor(main: SourceFile) {
    this.main = main;
    this.#files.set(main.name, main);
  }

  get sources(): Sources {
    return this.#files;
  }

  readonly read = (uri: string): SourceFile | null => {
    const known = this.#files.get(uri);
    if (known !== undefined) return known;
    const path = uri.startsWith("std/") ? join(packageRoot(), "pipelines", uri) : uri;
    if (!existsSync(path)) return null;
    const file = readSource(path, uri);
    this.#files.set(uri, file);
    return file;
  };
}

export function placeIn(sources: Sources, span: Span): string {
  const source = sources.get(span.file);
  return source === undefined ? span.file : `${span.file}:${source.position(span.start).line}`;
}

export function usageError(problem: UsageProblem): UserError {
  if (problem.kind === "bad-setting") return userError(cliMessages.badSetting, problem, 2);
  const kind = problem.kind === "unknown-pipeline" ? "pipeline" : "config or batch to --set";
  const { name, meant, known } = problem;
  return meant === null
    ? userError(cliMessages.unknownNameListed, { kind, name, known: known.length === 0 ? "none" : known.join(", ") }, 2)
    : userError(cliMessages.unknownName, { kind, name, nearest: meant }, 2);
}
