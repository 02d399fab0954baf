/** The state of a run: what it begins with, what the engine holds of it, what a checkpoint must hold to go on. */
import { createHash } from "node:crypto";
import { printGraph } from "../../compiler/graph/print.js";
import { evaluateSize } from "../../compiler/graph/size.js";
import type { Type } from "../../compiler/graph/type.js";
import type { ScheduleSpec } from "../../compiler/lower/program.js";
import { type Checkpoint, eachGroup, type Group, type Grouped, groupNames, type TensorType } from "../checkpoint/format.js";
import { type Expectation, loadLatest } from "../checkpoint/load.js";
import { convert, firstNonFinite, type HostArray } from "../data/host-array.js";
import type { Position } from "../data/shuffle.js";
import { floatStorage } from "../feed/fit-array.js";
import { concernsEvaluation } from "../loader/fixed-data.js";
import { zeroState } from "../feed/zero-state.js";
import { userError } from "../user-error.js";
import { trainMessages } from "./messages.js";
import type { TrainingRun } from "./training-setup.js";

export const NO_CHECKPOINT = "none: no step had been saved";

/** One array of the checkpoint: its key there, the parameter that it belongs to, and the step's input where the engine carries it. */
type Part = { readonly key: string; readonly path: string; readonly type: TensorType; readonly carriedAs: string | null };

function partsOf({ program, step, precision }: TrainingRun): Grouped<readonly Part[]> {
  const stored = (type: Type): TensorType => ({
    dtype: floatStorage(type.dtype, precision),
    shape: type.shape.map((size) => evaluateSize(size, {})),
  });
  const carried = new Set(step.carry.values());
  const averages = new Map(step.averages.map((average) => [average.paramPath, average]));
  const model = program.params.map(({ path, type }): Part => {
    return { key: path, path, type: stored(type), carriedAs: carried.has(path) ? path : null };
  });
  return {
    model,
    optimizer: step.states.map(({ name, paramPath, type }) => ({ key: name, path: paramPath, type: stored(type), carriedAs: name })),
    ema: averages.size === 0 ? [] : model.map((part) => averaged(part, averages.get(part.path))),
  };

  function averaged(part: Part, average: { readonly name: string; readonly type: Type } | undefined): Part {
    return average === undefined ? part : { ...part, type: stored(average.type), carriedAs: average.name };
  }
}

const keyed = <T>(parts: readonly Part[], value: (part: Part) => T): ReadonlyMap<string, T> =>
  new Map(parts.map((part) => [part.key, value(part)]));

export const firstPosition = (seed: number): Position => ({ seed, epoch: 0, row: 0 });

export function firstState(run: TrainingRun): Checkpoint {
  const parts = partsOf(run);
  const model = run.parameters();
  const parameter = ({ path, type }: Part): HostArray => {
    const array = model.get(path);
    if (array === undefined) throw new Error(`no first value of ${path}`);
    return as(array, type.dtype);
  };
  return {
    pipeline: run.program.name,
    program: fingerprint(run),
    step: 0,
    position: firstPosition(run.seed),
    fixed: fixedSettings(run),
    broken: [],
    model: keyed(parts.model, parameter),
    optimizer: zeroState(run.step, run.precision),
    ema: keyed(parts.ema, parameter),
  };
}

/** The step's inputs of a state: those that the engine carries from step to step, and those that stay as they are. */
export function inputsOf(
  run: TrainingRun,
  state: Checkpoint,
): { readonly carried: ReadonlyMap<string, HostArray>; readonly fixed: ReadonlyMap<string, HostArray> } {
  const parts = partsOf(run);
  const value = (group: Group, { key }: Part): HostArray => state[group].get(key) ?? missing(key);
  const carried = groupNames.flatMap((group) =>
    parts[group].flatMap((part) => (part.carriedAs === null ? [] : [[part.carriedAs, value(group, part)] as const])),
  );
  const fixed = parts.model.filter(({ carriedAs }) => carriedAs === null).map((part) => [part.key, value("model", part)] as const);
  return { carried: new Map(carried), fixed: new Map(fixed) };
}

function missing(key: string): never {
  throw new Error(`the state has no ${key}`);
}

/** What the engine holds now, beside what no step changes. */
export async function currentState(run: TrainingRun, start: Checkpoint): Promise<Checkpoint> {
  const parts = partsOf(run);
  const now = eachGroup(() => new Map<string, HostArray>());
  // In the storage type that it began in: an oracle hands back float64 whatever was declared.
  for (const group of groupNames)
    for (const { key, carriedAs, type } of parts[group])
      now[group].set(
        key,
        carriedAs === null ? (start[group].get(key) ?? missing(key)) : as(await run.executable.read(carriedAs), type.dtype),
      );
  return { ...start, ...now };
}

const as = (array: HostArray, dtype: HostArray["dtype"]): HostArray => (array.dtype === dtype ? array : convert(array, dtype));

/** The newest checkpoint of the run's folder, as the next one will say of it: evaluation is what it is now. */
export const resumedState = (run: TrainingRun): Checkpoint => ({
  ...loadLatest(run.folder, expectationOf(run)),
  fixed: fixedSettings(run),
});

function expectationOf(run: TrainingRun): Expectation {
  const parts = partsOf(run);
  return {
    pipeline: run.program.name,
    program: fingerprint(run),
    fixed: fixedSettings(run),
    free: concernsEvaluation,
    ...eachGroup((group) => keyed(parts[group], ({ type }) => type)),
  };
}

/** Loss and gradient are of the parameters before the update: that the update itself overflowed shows in the state alone. */
export function requireFiniteState(run: TrainingRun, state: Checkpoint, step: number, checkpoint: string | null): void {
  const parts = partsOf(run);
  const spanOf = new Map(run.program.params.map(({ path, span }) => [path, span]));
  for (const group of groupNames)
    for (const { key, path } of parts[group]) {
      const array = state[group].get(key);
      const found = array === undefined ? null : firstNonFinite(array);
      if (found === null) continue;
      const index = found.index.length === 0 ? "" : `[${found.index.join(", ")}]`;
      throw userError(trainMessages.nonFiniteState, {
        element: `${group === "ema" ? "the average of " : ""}${key}${index}`,
        value: String(found.value),
        step,
        place: run.placeOf(spanOf.get(path) ?? run.program.span),
        checkpoint: checkpoint ?? NO_CHECKPOINT,
      });
    }
}

/** The step as it is computed, schedule included; where it stands in the file does not matter. */
function fingerprint({ step, train }: TrainingRun): string {
  const text = `${printGraph(step.unwatched, { spans: false })}\n${JSON.stringify(train.schedule)}`;
  return createHash("sha256").update(text).digest("hex");
}

/** What would change the remaining steps if it changed. */
function fixedSettings({ batch, seed, steps, data, train }: TrainingRun): Readonly<Record<string, string>> {
  return {
    batch: String(batch),
    seed: String(seed),
    rows: String(data.rows),
    ...data.fixed,
    ...(dependsOnLength(train.schedule) ? { steps: String(steps) } : {}),
  };
}

/** A constant rate does not ask how long the run will be, so such a run can be made longer. */
const dependsOnLength = ({ kind, warmup }: ScheduleSpec): boolean =>
  kind !== "constant" || (warmup.unit === "fraction" && warmup.value > 0);
