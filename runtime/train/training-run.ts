/** One call of `sigc train`: where it starts, what it writes, and how it ends. */
import { scheduleAt } from "../../compiler/train-step/schedule.js";
import { gradNorm, stepInputs } from "../../compiler/train-step/train-step.js";
import type { Checkpoint } from "../checkpoint/format.js";
import { saveCheckpoint } from "../checkpoint/save.js";
import { latestCheckpoint } from "../checkpoint/store.js";
import { checkIndexBounds } from "../feed/index-bounds.js";
import { randomKey } from "../feed/random-key.js";
import { userError } from "../user-error.js";
import { trainMessages } from "./messages.js";
import { MetricsLog } from "./metrics-log.js";
import { ScalarParameters } from "./scalar-parameters.js";
import { type StepDone, trainLoop } from "./train-loop.js";
import type { BrokenEvent, StepEvent, TrainingRun } from "./training-setup.js";
import { currentState, firstState, inputsOf, NO_CHECKPOINT, requireFiniteState, resumedState } from "./training-state.js";

const LOSS = "loss";

/** Trains up to `until`, or to the end of the step in which `stopped` turns true; the last state is saved either way. */
export async function train(run: TrainingRun, lineOf: (event: StepEvent | BrokenEvent) => string): Promise<void> {
  if (!run.resume && latestCheckpoint(run.folder) !== null) throw userError(trainMessages.folderInUse, { folder: run.folder }, 2);
  const start = run.resume ? resumedState(run) : firstState(run);
  const log = new MetricsLog(run.folder);
  log.rewindTo(start.step);
  run.onEvent({ kind: "start", step: start.step, broken: start.broken.length });

  const scalars = new ScalarParameters(run, start);
  const saved = { step: run.resume ? start.step : -1, folder: latestCheckpoint(run.folder) };
  let last: StepEvent | null = null;
  let reached = start.step;
  const broken = [...start.broken];

  const save = async ({ step, position }: Pick<Checkpoint, "step" | "position">): Promise<void> => {
    if (saved.step === step) return;
    const state = await currentState(run, start);
    requireFiniteState(run, state, step, saved.folder);
    saved.folder = saveCheckpoint(run.folder, { ...state, step, position, broken });
    saved.step = step;
    run.onEvent({ kind: "checkpoint", step, folder: saved.folder });
  };

  await trainLoop({
    executable: run.executable,
    plan: run.plan,
    names: { ...stepInputs, carry: run.step.carry },
    ...inputsOf(run, start),
    batches: () => run.batches(start.position, start.broken),
    from: start.step,
    until: run.until,
    schedule: (step) => scheduleAt(run.train.schedule, { steps: run.steps, batch: run.batch }, step),
    random: (step) => randomKey(run.plan, run.seed, step),
    check: (inputs, rows) => checkIndexBounds(run.indexBounds, run.plan.dims, inputs, run.data.originOf, run.placeOf, rows),
    stopped: run.stopped,
    onBroken: (samples, step) => {
      for (const { row, sample } of samples) {
        broken.push(row);
        const event = { kind: "broken", step, sample } as const;
        log.append(lineOf(event));
        run.onEvent(event);
      }
    },
    onStep: async (done) => {
      last = stepEvent(run, done, scalars.values);
      await scalars.follow();
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

// TypeScript cannot see that a callback has assigned the variable.
const lossOf = (event: StepEvent | null): number | null => event?.loss ?? null;

function stepEvent(run: TrainingRun, done: StepDone, parameters: StepEvent["parameters"]): StepEvent {
  const { step, epoch, multiplier, waitMs, scalars } = done;
  const { norms: watched } = run.step;
  const watching = new Set(watched.flatMap(({ gradient, update, parameter }) => [gradient, update, parameter]));
  const result = (name: string): number => scalars.get(name) ?? Number.NaN;
  const metrics = [...scalars].filter(([name]) => name !== LOSS && name !== gradNorm && !watching.has(name));
  const norms = watched.map(({ path, gradient, update, parameter }) => {
    return [path, { gradient: result(gradient), update: result(update), parameter: result(parameter) }] as const;
  });
  return {
    ...{ kind: "step", step, epoch },
    ...{ loss: result(LOSS), lr: multiplier * run.train.optimizer.lr, gradNorm: result(gradNorm) },
    ...{ metrics: Object.fromEntries(metrics), parameters, waitMs },
    norms: watched.length > 0 && step % run.normsEvery === 0 ? Object.fromEntries(norms) : null,
  };
}

function requireFinite(run: TrainingRun, { step, loss, gradNorm: norm }: StepEvent, checkpoint: string | null): void {
  if (Number.isFinite(loss) && Number.isFinite(norm)) return;
  const declared = run.program.results.find(({ kind }) => kind === "loss");
  throw userError(trainMessages.nonFinite, {
    name: Number.isFinite(loss) ? "the gradient norm" : "the loss",
    value: String(Number.isFinite(loss) ? norm : loss),
    step,
    place: run.placeOf(declared?.span ?? run.program.span),
    checkpoint: checkpoint ?? NO_CHECKPOINT,
  });
}
