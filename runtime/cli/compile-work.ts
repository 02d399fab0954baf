/** What a command wants of a program, compiled. */
import {
  type Compiled,
  differentiable,
  type FinishOptions,
  type Template,
  type TiledProgram,
  tileProgram,
} from "../../compiler/compile.js";
import type { LoweredProgram, TrainSpec } from "../../compiler/lower/program.js";
import type { StepResult } from "../../compiler/passes/pipeline.js";
import type { Target } from "../../compiler/target.js";
import { buildTrainStep, checkTrainable, type TrainStep, trainedPaths } from "../../compiler/train-step/train-step.js";
import { diagnose } from "../../grammar/diagnostic.js";
import type { LoadedProgram } from "./load-program.js";
import { cliMessages } from "./messages.js";
import { ProgramRefused } from "./program-refused.js";

/** `results`: what the program defines. `gradients`: also the gradient of every parameter and float input. `step`: a whole training step. */
export type Work = "results" | "gradients" | "step";

export type CompiledWork = {
  readonly template: Template;
  readonly notes: Compiled["notes"];
  /** Where the work is a training step. */
  readonly step: TrainStep | null;
  readonly compileMs: number;
};

export type CompileWork = {
  readonly work: Work;
  readonly target: Target;
  /** With the norms of each parameter's gradient, update and value, where the work is a step. */
  readonly norms?: boolean;
  readonly onStep?: (step: StepResult) => void;
};

/** How a budget bends the work. */
export type Bend = Pick<FinishOptions, "recompute" | "microBatch">;

/** What a command wants, before a budget bends it. */
export type PreparedWork = {
  /** How many rungs of values can be made again on the way back. */
  readonly rungs: () => number;
  readonly madeAgain: TiledProgram["madeAgain"];
  /** A search for what fits asks for the same more than once: each is compiled once. */
  readonly finish: (bend: Bend) => CompiledWork;
};

export const compileWork = (loaded: LoadedProgram, options: CompileWork, bend: Bend = {}): CompiledWork =>
  prepareWork(loaded, options).finish(bend);

export function prepareWork(loaded: LoadedProgram, { work, target, norms = false, onStep }: CompileWork): PreparedWork {
  const { program, sources } = loaded;
  if (program.training !== (work === "step")) throw new Error(`${program.name} was lowered for other work than ${work}`);
  if (work === "gradients") requireLoss(loaded);
  if (work === "step") requireTrainable(loaded);
  let spentMs = 0;
  const timed = <T>(run: () => T): T => {
    const started = performance.now();
    const result = run();
    spentMs += performance.now() - started;
    return result;
  };
  let step: TrainStep | null = null;
  const tiled = timed(() =>
    tileProgram(program, {
      gradients: gradientsOf(program, work),
      ...(work === "step" ? { update: (differentiated) => (step = buildTrainStep(program, differentiated, { norms })).graph } : {}),
      ...(onStep === undefined ? {} : { onStep }),
    }),
  );
  if (!("finish" in tiled)) throw new ProgramRefused(tiled.diagnostics, sources);
  const finished = new Map<string, CompiledWork>();
  return {
    rungs: () => timed(tiled.rungs),
    madeAgain: tiled.madeAgain,
    finish: (bend) => {
      const key = JSON.stringify(bend);
      const known = finished.get(key);
      if (known !== undefined) return known;
      const { template, notes } = timed(() => tiled.finish({ target, ...bend }));
      const made = { template, notes, step, compileMs: spentMs };
      finished.set(key, made);
      return made;
    },
  };
}

function gradientsOf(program: LoweredProgram, work: Work): readonly string[] {
  switch (work) {
    case "results":
      return [];
    case "gradients":
      return differentiable(program);
    case "step":
      return trainedPaths(program);
  }
}

function requireLoss({ program, sources }: LoadedProgram): void {
  if (!program.results.some(({ kind }) => kind === "loss"))
    throw new ProgramRefused([diagnose(cliMessages.noLoss, program.span, { pipeline: program.name })], sources);
}

/** Refuses a program that says not how, or leaves nothing, to train. */
export function requireTrainable(loaded: LoadedProgram): TrainSpec {
  const { program, sources } = loaded;
  requireLoss(loaded);
  if (program.train === null)
    throw new ProgramRefused([diagnose(cliMessages.noTrainBlock, program.span, { pipeline: program.name })], sources);
  const problems = checkTrainable(program);
  if (problems.length > 0) throw new ProgramRefused(problems, sources);
  return program.train;
}
