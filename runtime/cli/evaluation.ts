/** What eval, embed and query have in common: a program, its trained parameters, examples, and an engine to run on. */
import { type Command, Option } from "commander";
import { dirname } from "node:path";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import { fingerprint, loadParameters } from "../checkpoint/load.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { HostArray } from "../data/host-array.js";
import { DoesNotFit, type Machine } from "../eval/compiled.js";
import { examplesFrom } from "../eval/example-sources.js";
import type { Examples } from "../eval/examples.js";
import type { Trained } from "../eval/same-preparation.js";
import { solveBatchSizes } from "../feed/batch-sizes.js";
import { fitArray } from "../feed/fit-array.js";
import type { DataSources } from "../train/training-data.js";
import { userError } from "../user-error.js";
import { chooseEngine } from "./choose-engine.js";
import type { Console } from "./console.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { jsonDocument } from "./json.js";
import { jsonDiagnostic } from "./json-diagnostic.js";
import { type LoadedProgram, loadProgram } from "./load-program.js";
import { cliMessages } from "./messages.js";
import { collectData, noData } from "./parse-data.js";
import {
  collectPairs,
  countOption,
  type EngineOptions,
  type ProgramOptions,
  withEngineOptions,
  withProgramOptions,
} from "./parse-options.js";
import { ProgramRefused } from "./program-refused.js";
import { requireFitting, type Found, type ParameterFlags, readParameters } from "./read-parameters.js";
import { printDiagnostics } from "./report.js";
import type { CommonOptions } from "./session.js";

export type EvaluationOptions = ProgramOptions &
  EngineOptions &
  CommonOptions &
  ParameterFlags & {
    readonly checkpoint?: string;
    readonly ema?: true;
    readonly data?: DataSources;
    readonly broken?: number;
    readonly batch: number;
  };

export const withEvaluationOptions = (command: Command): Command =>
  withEngineOptions(withProgramOptions(command))
    .option("--checkpoint <folder>", "of a run, whose newest checkpoint is meant, or of one checkpoint")
    .option("--ema", "the moving average of the parameters in place of the last ones")
    .addOption(new Option("--params <file.safetensors>", "every parameter, by its path").conflicts(["checkpoint", "ema"]))
    .option(
      "--param <name=value>",
      "one parameter: a number, FILE.npy or FILE.safetensors#KEY; repeatable",
      collectPairs("--param", "NAME=VALUE"),
    )
    .option(
      "--data <samples>",
      "samples for the eval block: .tar shards, a folder of them, a .jsonl manifest; or an input's column: NAME=FILE.npy, NAME=FILE.safetensors#KEY; repeatable",
      collectData,
    )
    .option("--broken <count>", "how many samples may be broken (default: one in a hundred, at least 10)", countOption("--broken", 0))
    .option("--batch <size>", "examples at a time; fewer where --memory does not hold them", countOption("--batch", 1), 256);

/** Where the parameters come from, for reports. `step` is null for a file. */
export type ParameterOrigin = { readonly path: string; readonly step: number | null; readonly ema: boolean; readonly sha256: string };

export type OpenEvaluation = {
  readonly loaded: LoadedProgram;
  readonly program: LoweredProgram;
  readonly machine: Machine;
  readonly parameters: ReadonlyMap<string, HostArray>;
  readonly origin: ParameterOrigin | null;
  readonly examples: Examples;
  /** Of the program: files that it names lie relative to it. */
  readonly folder: string;
  readonly batch: number;
  /** What was told of the program so far, for --json. */
  readonly warnings: readonly Diagnostic[];
  readonly onWarning: (warning: Diagnostic) => void;
};

/** The document of a command's --json: `results` beside what all of them tell. */
export const evaluationDocument = (
  { loaded, program, machine, origin, warnings }: OpenEvaluation,
  results: Readonly<Record<string, unknown>>,
): string =>
  jsonDocument({
    pipeline: program.name,
    engine: machine.engine.name,
    precision: machine.precision,
    parameters: origin,
    ...results,
    diagnostics: warnings.map((d) => jsonDiagnostic(d, loaded.sources)),
  });

/** Runs `work` and gives back what was opened, whatever comes; an interrupt ends it where the engine can. */
export async function withEvaluation(
  path: string,
  options: EvaluationOptions,
  console: Console,
  work: (open: OpenEvaluation) => Promise<void>,
): Promise<ExitCode> {
  const loaded = loadProgram(path, options);
  const { program, placeOf, sources } = loaded;
  printDiagnostics(loaded.warnings, sources, console);
  const { found, origin, trained } = parametersOf(program, options, placeOf);
  const { engine, precision } = await chooseEngine(options, console);
  const folder = dirname(path);
  const warnings = [...loaded.warnings];
  const interrupt = new AbortController();
  const uninterrupt = engine.endsEarly ? console.onInterrupt(() => interrupt.abort()) : null;
  try {
    await work({
      loaded,
      program,
      machine: {
        engine,
        precision,
        signal: interrupt.signal,
        ...(options.memory === undefined ? {} : { memoryBytes: options.memory }),
      },
      parameters: fittedParameters(program, found, precision, placeOf),
      origin,
      examples: examplesFrom(options.data ?? noData, {
        ...{ program, folder, precision, placeOf, broken: options.broken, trained },
        onBroken: ({ message }) => console.err(`warning: ${message}\n`),
      }),
      folder,
      batch: options.batch,
      warnings,
      onWarning: (warning) => {
        // Several tasks may compute one value.
        if (warnings.some(({ code, span }) => code === warning.code && span.start === warning.span.start)) return;
        warnings.push(warning);
        printDiagnostics([warning], sources, console);
      },
    });
    return exitCodes.ok;
  } catch (error) {
    if (interrupt.signal.aborted) {
      console.err("interrupted\n");
      return exitCodes.interrupted;
    }
    if (error instanceof DoesNotFit) throw new ProgramRefused(error.diagnostics, sources, exitCodes.runtime);
    throw error;
  } finally {
    uninterrupt?.();
    engine.dispose();
  }
}

type PlaceOf = LoadedProgram["placeOf"];

function parametersOf(
  program: LoweredProgram,
  options: EvaluationOptions,
  placeOf: PlaceOf,
): { readonly found: ReadonlyMap<string, Found>; readonly origin: ParameterOrigin | null; readonly trained: Trained | null } {
  const { checkpoint, ema = false } = options;
  if (ema && checkpoint === undefined) throw userError(cliMessages.emaOfNothing, {}, 2);
  if (checkpoint === undefined) {
    const found = readParameters(program, options, placeOf);
    const missing = program.params.find(({ path }) => !found.has(path));
    // First values would give numbers that mean nothing, without a word.
    if (missing !== undefined) throw userError(cliMessages.noParameters, { path: missing.path, pipeline: program.name }, 2);
    const { params } = options;
    const sha256 = params === undefined ? "" : fingerprint(params).sha256;
    return { found, origin: params === undefined ? null : { path: params, step: null, ema: false, sha256 }, trained: null };
  }
  const saved = loadParameters(checkpoint, program.name, ema ? "ema" : "model");
  const single = readParameters(program, options, placeOf);
  const found = new Map([...requireFitting(saved.folder, saved.tensors, program, new Set(single.keys())), ...single]);
  return { found, origin: { path: saved.folder, step: saved.step, ema, sha256: saved.sha256 }, trained: saved };
}

function fittedParameters(
  program: LoweredProgram,
  found: ReadonlyMap<string, Found>,
  precision: "f32" | "f64",
  placeOf: PlaceOf,
): ReadonlyMap<string, HostArray> {
  const decls = program.params.map((decl) => ({ ...decl, name: decl.path }));
  const all = decls.flatMap((decl) => {
    const offered = found.get(decl.path);
    return offered === undefined ? [] : [{ decl, ...offered }];
  });
  solveBatchSizes(
    [],
    new Map(),
    all.map(({ decl, array, origin }) => ({ decl, shape: array.shape, origin })),
    placeOf,
  );
  return new Map(
    all.map(
      ({ decl, array, origin }) => [decl.path, fitArray(decl, array, origin, { precision, allowNonFinite: false, placeOf })] as const,
    ),
  );
}
