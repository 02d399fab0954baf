/** What the front end hands on: one pipeline, checked and lowered, with everything a run needs to know beside the graph. */
import type { Span } from "../../grammar/span.js";
import type { Graph, Id } from "../graph/graph.js";
import type { BatchId } from "../graph/size.js";
import type { Type } from "../graph/type.js";
import type { DataSpec } from "./data-spec.js";
import type { EvalSpec } from "./eval-spec.js";

/** How a parameter starts. Random draws are Philox, keyed by (seed, path): equal on every engine. */
export type Init =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly std: number }
  | { readonly kind: "truncated_normal"; readonly std: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

export type InputDecl = { readonly name: string; readonly type: Type; readonly span: Span };
/** `path` is the checkpoint name, e.g. `txt.embed.weight`. */
export type ParamDecl = { readonly path: string; readonly type: Type; readonly init: Init; readonly span: Span };
export type ResultKind = "loss" | "metric" | "output";
export type ResultDecl = { readonly name: string; readonly kind: ResultKind; readonly span: Span };
export type ConfigValue = number | boolean | string;
export type ConfigSetting = { readonly name: string; readonly value: ConfigValue; readonly origin: "file" | "set"; readonly span: Span };

/** Warm-up or length: in steps, in examples, or as a fraction of the whole run. */
export type Duration = { readonly unit: "steps" | "examples" | "fraction"; readonly value: number };

export type OptimizerSpec =
  | {
      readonly kind: "sgd";
      readonly lr: number;
      readonly momentum: number;
      readonly nesterov: boolean;
      readonly decay: number;
      readonly decayMode: DecayMode;
    }
  | {
      readonly kind: "adamw";
      readonly lr: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly eps: number;
      readonly decay: number;
      readonly decayMode: DecayMode;
    }
  | {
      readonly kind: "lion";
      readonly lr: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly decay: number;
      readonly decayMode: DecayMode;
    }
  | {
      readonly kind: "adafactor";
      readonly lr: number;
      readonly momentum: number;
      /** β2 of step t is min(beta2, 1 − t^−power). */
      readonly beta2: number;
      readonly power: number;
      /** Bound on the root mean square of each parameter's direction before momentum, or null. */
      readonly clipRms: number | null;
      /** The second moment is factored where the two largest axes are at least so long. */
      readonly factorFrom: number;
      readonly eps: number;
      readonly decay: number;
      readonly decayMode: DecayMode;
    };
/** independent: Δw = −sched·wd·w (big_vision); coupled: Δw = −sched·lr·wd·w (torch). */
export type DecayMode = "independent" | "coupled";
export type ScheduleSpec = { readonly kind: "constant" | "cosine" | "linear"; readonly warmup: Duration; readonly final: number };
/** How the parameters that a pattern matches differ; later groups win. `lr` is absolute or a factor. */
export type GroupSpec = {
  readonly patterns: readonly string[];
  readonly lr: { readonly kind: "absolute" | "factor"; readonly value: number } | null;
  readonly decay: { readonly kind: "absolute" | "factor"; readonly value: number } | null;
  readonly freeze: boolean;
  readonly span: Span;
};
export type TrainSpec = {
  readonly optimizer: OptimizerSpec;
  readonly schedule: ScheduleSpec;
  /** Bound on the global gradient norm, or null. */
  readonly clip: number | null;
  /** How much of the parameters' moving average a step keeps; null where none is asked for. */
  readonly ema: number | null;
  readonly batch: number | null;
  readonly steps: number | null;
  readonly seed: number;
  readonly groups: readonly GroupSpec[];
  readonly span: Span;
};

export type LoweredProgram = {
  readonly name: string;
  readonly span: Span;
  /** Lowered for a training step: what is drawn anew in each is in the graph. */
  readonly training: boolean;
  readonly batches: readonly { readonly id: BatchId; readonly span: Span }[];
  readonly configs: readonly ConfigSetting[];
  readonly inputs: readonly InputDecl[];
  readonly params: readonly ParamDecl[];
  /** The graph's outputs carry the same names: "loss", then metrics and outputs in source order. */
  readonly results: readonly ResultDecl[];
  readonly graph: Graph;
  /** The definition's name of a graph value, for reports. */
  readonly names: ReadonlyMap<Id, string>;
  /** The pipeline's inputs and definitions by name, as far as they are known at run time only. */
  readonly values: ReadonlyMap<string, Id>;
  readonly train: TrainSpec | null;
  readonly data: DataSpec | null;
  /** What evaluation reads: `data` with the eval block's entries in place of its own. */
  readonly evalData: DataSpec | null;
  /** What is measured beside the loss; `selectValues` makes the program that computes it. */
  readonly evaluation: EvalSpec | null;
};
