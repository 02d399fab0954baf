import { Option } from "commander";
import { dirname, join } from "node:path";
import { elements } from "../../../compiler/graph/type.js";
import { evaluateSize } from "../../../compiler/graph/size.js";
import { solveBatchSizes } from "../../feed/batch-sizes.js";
import { fitArray } from "../../feed/fit-array.js";
import { initialParameter } from "../../feed/initial-parameters.js";
import { trainMessages } from "../../train/messages.js";
import { type DataSources, openTrainingData, usualLimits } from "../../train/training-data.js";
import { train } from "../../train/training-run.js";
import { firstPosition } from "../../train/training-state.js";
import { userError } from "../../user-error.js";
import { chooseEngine } from "../choose-engine.js";
import { requireTrainable } from "../compile-work.js";
import { planWork, tellBent } from "../plan-work.js";
import { exitCodes } from "../exit-codes.js";
import { type LoadedProgram, loadProgram } from "../load-program.js";
import { collectData, noData } from "../parse-data.js";
import {
  bytesOption,
  collectPairs,
  countOption,
  type EngineOptions,
  type ProgramOptions,
  withEngineOptions,
  withProgramOptions,
} from "../parse-options.js";
import { type ParameterFlags, readParameters } from "../read-parameters.js";
import { printDiagnostics } from "../report.js";
import type { CommonOptions, Register } from "../session.js";
import { Narrator } from "../training-narrator.js";
import { trainingReport } from "../training-report.js";

type Options = ProgramOptions &
  EngineOptions &
  CommonOptions &
  ParameterFlags & {
    readonly data?: DataSources;
    readonly broken?: number;
    readonly prefetch: number;
    readonly keepDecoded: number;
    readonly steps?: number;
    readonly until?: number;
    readonly batch?: number;
    readonly seed?: number;
    readonly out?: string;
    readonly resume?: true;
    readonly checkpointEvery?: number;
    readonly gradStats?: number;
    readonly report?: true;
  };

export const registerTrain: Register = (parent, { console, finish }) => {
  const command = parent
    .command("train")
    .summary("train a program's parameters")
    .argument("<file>", "the program")
    .argument("[samples...]", "further samples for the data block, as a shell makes them of train-{000..005}.tar");
  withEngineOptions(withProgramOptions(command))
    .description(
      "Trains by the file's train block. Writes checkpoints and metrics.jsonl to a folder, from which --resume goes on with the same bits.",
    )
    .option(
      "--data <samples>",
      "samples for the data block: .tar shards, a folder of them, a .jsonl manifest; or an input's column: NAME=FILE.npy, NAME=FILE.safetensors#KEY; repeatable",
      collectData,
    )
    .option("--broken <count>", "how many samples may be broken (default: one in a hundred, at least 10)", countOption("--broken", 0))
    .option("--prefetch <amount>", "the most that batches made ahead may take", bytesOption, usualLimits.prefetch)
    .option(
      "--keep-decoded <amount>",
      "the most that decoded pictures may take, so that they are decoded once",
      bytesOption,
      usualLimits.hold,
    )
    .option("--steps <count>", "the length of the run, in place of the file's", countOption("--steps", 1))
    .option("--until <step>", "stop early, to go on later", countOption("--until", 1))
    .option("--batch <size>", "examples per step, in place of the file's", countOption("--batch", 1))
    .option("--seed <seed>", "of first values and of the order of the data, in place of the file's", countOption("--seed", 0))
    .option("--out <folder>", "where checkpoints and metrics go (default: runs/PIPELINE)")
    .option("--resume", "go on from the folder's newest checkpoint")
    .option("--checkpoint-every <steps>", "how often to save (default: ten times a run)", countOption("--checkpoint-every", 1))
    .option(
      "--grad-stats <steps>",
      "every so many steps, log the norms of each parameter, its gradient and its update",
      countOption("--grad-stats", 1),
    )
    .option("--report", "with each checkpoint, write report.html to the folder: curves, settings and program on one page")
    .addOption(new Option("--params <file.safetensors>", "start from these parameters").conflicts("resume"))
    .addOption(
      new Option("--param <name=value>", "start from this value of one parameter; repeatable")
        .argParser(collectPairs("--param", "NAME=VALUE"))
        .conflicts("resume"),
    )
    .option("--json", "write JSON lines to stdout as training goes")
    .action(async (path: string, more: readonly string[], options: Options) => {
      const loaded = loadProgram(path, { ...options, training: true });
      const { program, placeOf } = loaded;
      printDiagnostics(loaded.warnings, loaded.sources, console);
      const spec = requireTrainable(loaded);
      const batch = options.batch ?? spec.batch;
      const steps = options.steps ?? spec.steps;
      if (batch === null) throw userError(trainMessages.noBatch, {}, 2);
      if (steps === null) throw userError(trainMessages.noSteps, {}, 2);
      const seed = options.seed ?? spec.seed;
      const until = Math.min(options.until ?? steps, steps);
      const folder = options.out ?? join("runs", program.name);

      const { engine, precision } = await chooseEngine(options, console);
      const { columns, samples } = options.data ?? noData;
      const data = await openTrainingData(
        { columns, samples: [...samples, ...more] },
        {
          ...{ program, folder: dirname(path), precision, placeOf },
          limits: { prefetch: options.prefetch, hold: options.keepDecoded, broken: options.broken ?? null },
        },
      );
      for (const { message } of data.damage) console.err(`warning: ${message}\n`);
      // Batches are made while the step is compiled. Where they go on after --resume, only the checkpoint says.
      const begun = options.resume === true ? null : data.stream(batch, firstPosition(seed), []);
      try {
        const dims = Object.fromEntries(program.batches.map(({ id }) => [id, batch]));
        const bound = planWork(
          loaded,
          { work: "step", target: engine.target(precision), norms: options.gradStats !== undefined },
          dims,
          options.memory,
        );
        console.err(tellBent(bound.bent));
        if (bound.step === null) throw new Error("a step was compiled without a step");
        const executable = await engine.load(bound.template);

        const parameters = program.params.reduce((sum, { type }) => sum + evaluateSize(elements(type), {}), 0);
        const about = { pipeline: program.name, engine: engine.name, batch, steps, until, rows: data.rows, seed, parameters, folder };
        const setting = { ...about, plannedPeakBytes: bound.plan.peakBytes };
        const narrator = new Narrator(console, setting, options.json === true);
        const report = options.report === true ? trainingReport(loaded, spec, setting, narrator.lineOf) : null;
        const uninterrupt = console.onInterrupt(() => narrator.interrupt());
        try {
          await train(
            {
              program,
              train: spec,
              step: bound.step,
              indexBounds: bound.template.indexBounds,
              plan: bound.plan,
              executable,
              precision,
              data,
              batches: (from, knownBroken) => begun ?? data.stream(batch, from, knownBroken),
              batch,
              steps,
              until,
              seed,
              folder,
              placeOf,
              resume: options.resume === true,
              checkpointEvery: options.checkpointEvery ?? Math.ceil(steps / 10),
              normsEvery: options.gradStats ?? 1,
              parameters: () => firstParameters(loaded, options, seed, precision),
              stopped: () => narrator.interrupted,
              onEvent: (event) => {
                narrator.tell(event);
                report?.tell(event);
              },
            },
            narrator.lineOf,
          );
        } catch (error) {
          report?.failed(error instanceof Error ? error.message : String(error));
          throw error;
        } finally {
          narrator.end();
          uninterrupt();
          executable.dispose();
        }
        finish(narrator.interrupted ? exitCodes.interrupted : exitCodes.ok);
      } finally {
        await begun?.close();
        data.close();
        engine.dispose();
      }
    });
};

function firstParameters({ program, placeOf }: LoadedProgram, flags: ParameterFlags, seed: number, precision: "f32" | "f64") {
  const given = readParameters(program, flags, placeOf);
  const decls = program.params.map((decl) => ({ ...decl, name: decl.path }));
  const offers = decls.flatMap((decl) => {
    const found = given.get(decl.path);
    return found === undefined ? [] : [{ decl, shape: found.array.shape, origin: found.origin }];
  });
  solveBatchSizes([], new Map(), offers, placeOf);
  return new Map(
    decls.map((decl) => {
      const found = given.get(decl.path);
      const options = { precision, allowNonFinite: false, placeOf };
      return [
        decl.path,
        found === undefined ? initialParameter(decl, seed, precision) : fitArray(decl, found.array, found.origin, options),
      ] as const;
    }),
  );
}
