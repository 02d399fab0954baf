/** From the text of a program to a compiled graph, for tests: mistakes throw with the text of the diagnostics. */
import { readFileSync } from "node:fs";
import { type Compiled, compileProgram, differentiable, type Template } from "../../compiler/compile.js";
import { lowerProgram } from "../../compiler/lower/lower-program.js";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import type { StepResult } from "../../compiler/passes/pipeline.js";
import type { Target } from "../../compiler/target.js";
import { parse } from "../../grammar/parse.js";
import { SourceFile } from "../../grammar/source-file.js";

const pipelines = new URL("../../pipelines/", import.meta.url);

/** Reads `std/…` and files beside the shipped pipelines. */
export function readPipelineFile(uri: string): SourceFile | null {
  try {
    return new SourceFile(uri, readFileSync(new URL(uri, pipelines), "utf8"));
  } catch {
    return null;
  }
}

/** `training`: for a training step, where programs draw at random. */
export function lowerText(text: string, sets: Readonly<Record<string, string>> = {}, training = false): LoweredProgram {
  const parsed = parse(new SourceFile("test.sig", text));
  const lowered = lowerProgram(parsed.program, { sets: new Map(Object.entries(sets)), training, read: readPipelineFile });
  const errors = [...parsed.diagnostics, ...lowered.diagnostics].filter((d) => d.severity === "error");
  if (lowered.program === null || errors.length > 0)
    throw new Error(
      `${errors.map((d) => `${d.code} at ${d.span.start}: ${d.message} [${text.slice(d.span.start, d.span.end)}]`).join("\n")}\n${JSON.stringify(lowered.usage)}\n${text}`,
    );
  return lowered.program;
}

/** The oracle's target: no plan, no kernels. */
export const graphTarget: Target = {
  engine: "reference",
  granularity: "graph",
  memory: "logical",
  precision: "f64",
  alignment: 64,
  maxBytes: null,
  defaultScratchBytes: 1 << 20,
};

export type CompileTextOptions = {
  readonly target?: Target;
  readonly gradients?: boolean;
  /** Runs row-wise values in slices of the batch. Default false. */
  readonly microBatch?: boolean;
  readonly sets?: Readonly<Record<string, string>>;
  readonly onStep?: (step: StepResult) => void;
};

export function compileText(
  text: string,
  options: CompileTextOptions = {},
): { readonly program: LoweredProgram; readonly template: Template; readonly notes: Compiled["notes"] } {
  const program = lowerText(text, options.sets);
  const compiled = compileProgram(program, {
    target: options.target ?? graphTarget,
    gradients: (options.gradients ?? true) ? differentiable(program) : [],
    ...(options.microBatch === true ? { microBatch: true } : {}),
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
  });
  if (compiled.template === null) throw new Error(compiled.diagnostics.map((d) => d.message).join("\n"));
  return { program, template: compiled.template, notes: compiled.notes };
}
