/** What the report of a training is told beside its steps: how it was set. */
import { humanBytes } from "../../compiler/plan/human-bytes.js";
import type { Duration, TrainSpec } from "../../compiler/lower/program.js";
import { ReportWriter } from "../train/report/report.js";
import type { StepEvent } from "../train/training-setup.js";
import type { LoadedProgram } from "./load-program.js";
import type { Setting } from "./training-narrator.js";
import { version } from "./version.js";

export function trainingReport(
  { program, sources }: LoadedProgram,
  train: TrainSpec,
  setting: Setting,
  lineOf: (event: StepEvent) => string,
): ReportWriter {
  const { folder, pipeline, steps } = setting;
  return new ReportWriter({
    ...{ folder, pipeline, steps, graph: program.graph, clip: train.clip, plannedPeakBytes: setting.plannedPeakBytes, lineOf },
    settings: [
      ["engine", setting.engine],
      ["parameters", String(setting.parameters)],
      ["examples", String(setting.rows)],
      ["batch", String(setting.batch)],
      ["steps", String(steps)],
      ["seed", String(setting.seed)],
      ["optimizer", call(train.optimizer.kind, train.optimizer)],
      ["schedule", call(train.schedule.kind, { ...train.schedule, warmup: duration(train.schedule.warmup) })],
      ...(train.clip === null ? [] : [["clip", String(train.clip)] as const]),
      ...(train.ema === null ? [] : [["ema", String(train.ema)] as const]),
      ...program.configs.map(({ name, value, origin }) => [`config ${name}`, `${value}${origin === "set" ? ", by --set" : ""}`] as const),
      ["planned peak", humanBytes(setting.plannedPeakBytes)],
      ["folder", folder],
      ["sigc", version()],
    ],
    // What came with the package is the same for everyone.
    sources: [...sources.values()].filter(({ name }) => !name.startsWith("std/")).map(({ name, text }) => ({ name, text })),
  });
}

/** `adamw(lr: 0.001, beta1: 0.9, …)` */
function call(name: string, fields: object): string {
  const given = Object.entries(fields).filter(([field]) => field !== "kind");
  return `${name}(${given.map(([field, value]) => `${field}: ${value ?? "none"}`).join(", ")})`;
}

function duration({ unit, value }: Duration): string {
  switch (unit) {
    case "steps":
      return String(value);
    case "examples":
      return `examples(${value})`;
    case "fraction":
      return `${Number((value * 100).toPrecision(6))}%`;
  }
}
