/** What a command wants of a program, compiled and bound. */
import { bind, type Dims } from "../../compiler/bind.js";
import { type Compiled, compileProgram, differentiable, type Template } from "../../compiler/compile.js";
import type { LoweredProgram, TrainSpec } from "../../compiler/lower/program.js";
import type { StepResult } from "../../compiler/passes/pipeline.js";
import type { Plan } from "../../compiler/plan/plan.js";
import type { Target } from "../../compiler/target.js";
import { buildTrainStep, checkTrainable, type TrainStep, trainedPaths } from "../../compiler/train-step/train-step.js";
import { diagnose } from "../../grammar/diagnostic.js";
import { exitCodes } from "./exit-codes.js";
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
  readonly microBatch?: boolean;
  /** With the norms of each parameter's gradient, update and value, where the work is a step. */
  readonly norms?: boolean;
  readonly onStep?: (step: StepResult) => void;
};

export function compileWork(loaded: LoadedProgram, { work, target, microBatch = false, norms = false, onStep }: CompileWork): CompiledWork {
  const { program, sources } = loaded;
  if (program.training !== (work === "step")) throw new Error(`${program.name} was lowered for other work than ${work}`);
  if (work === "gradients") requireLoss(loaded);
  if (work === "step") requireTrainable(loaded);
  const started = performance.now();
  let step: TrainStep | null = null;
  const compiled = compileProgram(program, {
    target,
    gradients: gradientsOf(program, work),
    microBatch,
    ...(work === "step" ? { update: (differentiated) => (step = buildTrainStep(program, differentiated, { norms })).graph } : {}),
    ...(onStep === undefined ? {} : { onStep }),
  });
  if (compiled.template === null) throw new ProgramRefused(compiled.diagnostics, sources);
  return { template: compiled.template, notes: compiled.notes, step, compileMs: performance.now() - started };
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

export type BoundWork = CompiledWork & { readonly plan: Plan; readonly bindMs: number };

/** Compiles and binds; towers are cut into micro-batches only where the budget does not hold them whole. */
export function planWork(loaded: LoadedProgram, options: CompileWork, dims: Dims, memoryBytes: number | undefined): BoundWork {
  const budget = memoryBytes === undefined ? {} : { memoryBytes };
  const whole = bound(compileWork(loaded, options), dims, budget);
  if (whole.plan !== null) return whole;
  const cut = bound(compileWork(loaded, { ...options, microBatch: true }), dims, budget);
  if (cut.plan !== null) return cut;
  throw new ProgramRefused(cut.diagnostics, loaded.sources, exitCodes.runtime);
}

function bound(compiled: CompiledWork, dims: Dims, budget: Parameters<typeof bind>[2]) {
  const started = performance.now();
  const result = bind(compiled.template, dims, budget);
  const bindMs = performance.now() - started;
  return result.plan === null ? { plan: null, diagnostics: result.diagnostics } : { ...compiled, plan: result.plan, bindMs };
}
