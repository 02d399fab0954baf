/** One call of `sigc train`: where it starts, what it writes, and how it ends. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { printGraph } from "../../compiler/graph/print.js";
import { stepKey } from "../../compiler/kernel/philox.js";
import { evaluateSize } from "../../compiler/graph/size.js";
import type { Type } from "../../compiler/graph/type.js";
import type { LoweredProgram, ScheduleSpec, TrainSpec } from "../../compiler/lower/program.js";
import type { IndexBound, Plan } from "../../compiler/plan/plan.js";
import { randomInput } from "../../compiler/train-step/draw-dropout.js";
import { scheduleAt } from "../../compiler/train-step/schedule.js";
import { gradNorm, stepInputs, type TrainStep } from "../../compiler/train-step/train-step.js";
import type { Checkpoint, TensorType } from "../checkpoint/format.js";
import { type Expectation, loadLatest } from "../checkpoint/load.js";
import { saveCheckpoint } from "../checkpoint/save.js";
import { latestCheckpoint } from "../checkpoint/store.js";
import { convert, type HostArray, hostArray, zeros } from "../data/host-array.js";
import type { Executable } from "../engine.js";
import { floatStorage } from "../feed/fit-array.js";
import { checkIndexBounds } from "../feed/index-bounds.js";
import type { PlaceOf } from "../feed/place.js";
import { userError } from "../user-error.js";
import { trainMessages } from "./messages.js";
import { MetricsLog } from "./metrics-log.js";
import { type StepDone, trainLoop } from "./train-loop.js";
import type { TrainingData } from "./training-data.js";

export type TrainingRun = {
  readonly program: LoweredProgram;
  readonly train: TrainSpec;
  readonly step: TrainStep;
  readonly indexBounds: readonly IndexBound[];
  readonly plan: Plan;
  readonly executable: Executable;
  readonly precision: "f32" | "f64";
  readonly data: TrainingData;
  readonly batch: number;
  /** The length of the run, which schedules count in. */
  readonly steps: number;
  /** Where this call stops; a later one goes on. */
  readonly until: number;
  readonly seed: number;
  readonly folder: string;
  readonly resume: boolean;
  readonly checkpointEvery: number;
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
};
export type TrainEvent =
  | { readonly kind: "start"; readonly step: number }
  | StepEvent
  | { readonly kind: "checkpoint"; readonly step: number; readonly folder: string }
  | { readonly kind: "end"; readonly step: number; readonly loss: number | null; readonly interrupted: boolean };

const LOSS = "loss";

/** Trains up to `until`, or to the end of the step in which `stopped` turns true; the last state is saved either way. */
export async function train(run: TrainingRun, lineOf: (event: StepEvent) => string): Promise<void> {
  if (!run.resume && latestCheckpoint(run.folder) !== null) throw userError(trainMessages.folderInUse, { folder: run.folder }, 2);
  const start = run.resume ? loadLatest(run.folder, expectationOf(run)) : firstState(run);
  const log = new MetricsLog(join(run.folder, "metrics.jsonl"));
  log.rewindTo(start.step);
  run.onEvent({ kind: "start", step: start.step });

  const carried = new Set(run.step.carry.values());
  const all = new Map([...start.model, ...start.optimizer]);
  const saved = { step: run.resume ? start.step : -1, folder: latestCheckpoint(run.folder) };
  let last: StepEvent | null = null;
  let reached = start.step;

  const save = async ({ step, position }: Pick<Checkpoint, "step" | "position">): Promise<void> => {
    if (saved.step === step) return;
    saved.folder = saveCheckpoint(run.folder, { ...(await currentState(run, start, carried)), step, position });
    saved.step = step;
    run.onEvent({ kind: "checkpoint", step, folder: saved.folder });
  };

  await trainLoop({
    executable: run.executable,
    plan: run.plan,
    names: { ...stepInputs, carry: run.step.carry },
    carried: new Map([...all].filter(([name]) => carried.has(name))),
    fixed: new Map([...all].filter(([name]) => !carried.has(name))),
    data: run.data,
    batch: run.batch,
    from: start,
    until: run.until,
    schedule: (step) => scheduleAt(run.train.schedule, { steps: run.steps, batch: run.batch }, step),
    random: (step) => randomKey(run, step),
    check: (inputs, rows) => checkIndexBounds(run.indexBounds, run.plan.dims, inputs, run.data.originOf, run.placeOf, rows),
    stopped: run.stopped,
    onStep: async (done) => {
      last = stepEvent(run, done);
      reached = done.step;
      log.append(lineOf(last));
      run.onEvent(last);
      // Before anything is saved: a step that went wrong must not become the checkpoint to go on from.
      requireFinite(run, last, saved.folder);
      if (done.step % run.checkpointEvery === 0 || done.step === run.until || run.stopped()) await save(done);
    },
  });
  run.onEvent({ kind: "end", step: reached, loss: lossOf(last), interrupted: reached < run.until });
}

/** By the step's own number: a run that was resumed draws what the run would have drawn. */
function randomKey({ plan, seed }: TrainingRun, step: number): ReadonlyMap<string, HostArray> {
  if (!plan.inputs.some(({ name }) => name === randomInput)) return new Map();
  return new Map([[randomInput, hostArray("i32", [2], Int32Array.from(stepKey(seed, step)))]]);
}

// TypeScript cannot see that a callback has assigned the variable.
const lossOf = (event: StepEvent | null): number | null => event?.loss ?? null;

function stepEvent({ train }: TrainingRun, { step, epoch, multiplier, scalars }: StepDone): StepEvent {
  const { [LOSS]: loss = Number.NaN, [gradNorm]: norm = Number.NaN, ...metrics } = Object.fromEntries(scalars);
  return { kind: "step", step, epoch, loss, lr: multiplier * train.optimizer.lr, gradNorm: norm, metrics };
}

function requireFinite(run: TrainingRun, { step, loss, gradNorm: norm }: StepEvent, checkpoint: string | null): void {
  if (Number.isFinite(loss) && Number.isFinite(norm)) return;
  const declared = run.program.results.find(({ kind }) => kind === "loss");
  throw userError(trainMessages.nonFinite, {
    name: Number.isFinite(loss) ? "the gradient norm" : "the loss",
    value: String(Number.isFinite(loss) ? norm : loss),
    step,
    place: run.placeOf(declared?.span ?? run.program.span),
    checkpoint: checkpoint ?? "none: no step had been saved",
  });
}

// State ------------------------------------------------------------------------------------------------------------------

const shapeOf = (type: Type): readonly number[] => type.shape.map((size) => evaluateSize(size, {}));

function firstState(run: TrainingRun): Checkpoint {
  const optimizer = run.step.states.map(({ name, type }) => [name, zeros(floatStorage(type.dtype, run.precision), shapeOf(type))] as const);
  return {
    pipeline: run.program.name,
    program: fingerprint(run),
    step: 0,
    position: { seed: run.seed, epoch: 0, row: 0 },
    fixed: fixedSettings(run),
    model: run.parameters(),
    optimizer: new Map(optimizer),
  };
}

/** What the engine holds now, beside what no step changes. */
async function currentState(run: TrainingRun, start: Checkpoint, carried: ReadonlySet<string>): Promise<Checkpoint> {
  const read = async (arrays: ReadonlyMap<string, HostArray>): Promise<ReadonlyMap<string, HostArray>> => {
    const now = new Map<string, HostArray>();
    for (const [name, before] of arrays) now.set(name, carried.has(name) ? stored(await run.executable.read(name), before) : before);
    return now;
  };
  return { ...start, model: await read(start.model), optimizer: await read(start.optimizer) };
}

/** In the storage type that it began in: an oracle hands back float64 whatever was declared. */
const stored = (array: HostArray, like: HostArray): HostArray => (array.dtype === like.dtype ? array : convert(array, like.dtype));

function expectationOf(run: TrainingRun): Expectation {
  const typeOf = (type: Type): TensorType => ({ dtype: floatStorage(type.dtype, run.precision), shape: shapeOf(type) });
  return {
    pipeline: run.program.name,
    program: fingerprint(run),
    fixed: fixedSettings(run),
    model: new Map(run.program.params.map(({ path, type }) => [path, typeOf(type)])),
    optimizer: new Map(run.step.states.map(({ name, type }) => [name, typeOf(type)])),
  };
}

/** The step as it is computed, schedule included; where it stands in the file does not matter. */
function fingerprint({ step, train }: TrainingRun): string {
  const text = `${printGraph(step.graph, { spans: false })}\n${JSON.stringify(train.schedule)}`;
  return createHash("sha256").update(text).digest("hex");
}

/** What would change the remaining steps if it changed. */
function fixedSettings({ batch, seed, steps, data, train }: TrainingRun): Readonly<Record<string, string>> {
  return {
    batch: String(batch),
    seed: String(seed),
    rows: String(data.rows),
    ...(dependsOnLength(train.schedule) ? { steps: String(steps) } : {}),
  };
}

/** A constant rate does not ask how long the run will be, so such a run can be made longer. */
const dependsOnLength = ({ kind, warmup }: ScheduleSpec): boolean =>
  kind !== "constant" || (warmup.unit === "fraction" && warmup.value > 0);
