/** What one call of `sigc train` is given, and what it tells as it goes. */
import type { LoweredProgram, TrainSpec } from "../../compiler/lower/program.js";
import type { IndexBound, Plan } from "../../compiler/plan/plan.js";
import type { TrainStep } from "../../compiler/train-step/train-step.js";
import type { HostArray } from "../data/host-array.js";
import type { Position } from "../data/shuffle.js";
import type { Executable } from "../engine.js";
import type { PlaceOf } from "../feed/place.js";
import type { BrokenSample } from "../samples/open-samples.js";
import type { BatchStream, TrainingData } from "./training-data.js";

export type TrainingRun = {
  readonly program: LoweredProgram;
  readonly train: TrainSpec;
  readonly step: TrainStep;
  readonly indexBounds: readonly IndexBound[];
  readonly plan: Plan;
  readonly executable: Executable;
  readonly precision: "f32" | "f64";
  readonly data: TrainingData;
  /** From a position on, where these rows are known to be broken; asked at most once. */
  readonly batches: (from: Position, knownBroken: readonly number[]) => BatchStream;
  readonly batch: number;
  /** The length of the run, which schedules count in. */
  readonly steps: number;
  /** Where this call stops; a later one goes on. */
  readonly until: number;
  readonly seed: number;
  readonly folder: string;
  readonly resume: boolean;
  readonly checkpointEvery: number;
  /** After how many steps the norms of the parameters are told, where the step has them. */
  readonly normsEvery: number;
  /** First values by path, where the run does not resume. */
  readonly parameters: () => ReadonlyMap<string, HostArray>;
  readonly placeOf: PlaceOf;
  readonly stopped: () => boolean;
  readonly onEvent: (event: TrainEvent) => void;
};

export type StepEvent = {
  readonly kind: "step";
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly lr: number;
  readonly gradNorm: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** The parameters of one number, by path, as they were when the loss was computed. */
  readonly parameters: Readonly<Record<string, number>>;
  /** By path of each trained parameter; null at the steps between. */
  readonly norms: Readonly<Record<string, Norms>> | null;
  /** How long the engine waited for the batch. */
  readonly waitMs: number;
};
/** Euclidean norms: of the gradient before clipping, of what the step added, of the value before it. */
export type Norms = { readonly gradient: number; readonly update: number; readonly parameter: number };
/** A sample that is left out; `step` is the one whose batch goes on without it. */
export type BrokenEvent = { readonly kind: "broken"; readonly step: number; readonly sample: BrokenSample };
export type TrainEvent =
  /** `broken`: samples that were left out before a run was stopped. */
  | { readonly kind: "start"; readonly step: number; readonly broken: number }
  | StepEvent
  | BrokenEvent
  | { readonly kind: "checkpoint"; readonly step: number; readonly folder: string }
  | { readonly kind: "end"; readonly step: number; readonly loss: number | null; readonly interrupted: boolean };
