/** Steps until the last: feed, run, look at the numbers. Parameters and optimiser state stay in the engine between steps. */
import type { Plan } from "../../compiler/plan/plan.js";
import { type HostArray, hostArray, valueAt } from "../data/host-array.js";
import type { Position } from "../data/shuffle.js";
import type { Executable } from "../engine.js";
import type { BrokenRow } from "../loader/training-batches.js";
import type { BatchStream } from "./training-data.js";

export type StepNames = {
  /** The step's scalar inputs: the schedule's multiplier, and the count of steps from 1. */
  readonly schedule: string;
  readonly step: string;
  /** result → input: next.w → w */
  readonly carry: ReadonlyMap<string, string>;
};

export type Loop = {
  readonly executable: Executable;
  readonly plan: Plan;
  readonly names: StepNames;
  /** Every carried input before the first step of this call. */
  readonly carried: ReadonlyMap<string, HostArray>;
  /** Frozen parameters, fed at every step. */
  readonly fixed: ReadonlyMap<string, HostArray>;
  /** From the position on; the loop closes it. */
  readonly batches: () => BatchStream;
  /** Steps done so far. */
  readonly from: number;
  /** Runs until so many steps are done. */
  readonly until: number;
  /** The multiplier of every learning rate at a step, counted from 0. */
  readonly schedule: (step: number) => number;
  /** The key of what a step, counted from 0, draws at random; nothing where it draws nothing. */
  readonly random: (step: number) => ReadonlyMap<string, HostArray>;
  readonly check: (inputs: ReadonlyMap<string, HostArray>, rows: Int32Array) => void;
  /** After each step; what it throws ends the loop. */
  readonly onStep: (done: StepDone) => Promise<void>;
  readonly stopped: () => boolean;
  /** Before the step whose batch goes on without them. */
  readonly onBroken: (samples: readonly BrokenRow[], step: number) => void;
};

export type StepDone = {
  /** Steps done, this one included. */
  readonly step: number;
  readonly epoch: number;
  /** Where the next step's batch begins. */
  readonly position: Position;
  readonly multiplier: number;
  /** How long the engine waited for this step's batch, in ms. */
  readonly waitMs: number;
  /** Every scalar result that is not carried: the loss, metrics, the gradient norm. */
  readonly scalars: ReadonlyMap<string, number>;
};

/** Returns early, after a whole step, where `stopped` says so. */
export async function trainLoop(loop: Loop): Promise<void> {
  const { executable, plan, names, from, until } = loop;
  let step = from;
  if (step >= until) return;
  const scalar = (value: number): HostArray => hostArray("f64", [], new Float64Array([value]));
  const stream = loop.batches();
  try {
    for (;;) {
      const asked = performance.now();
      const { inputs: fed, rows, next, broken } = await stream.next();
      const waitMs = performance.now() - asked;
      if (broken.length > 0) loop.onBroken(broken, step + 1);
      loop.check(fed, rows);
      const multiplier = loop.schedule(step);
      // Carried values are resident from the first run on.
      const state = step === from ? [...loop.fixed, ...loop.carried] : loop.fixed;
      const inputs = new Map([
        ...fed,
        ...state,
        [names.schedule, scalar(multiplier)],
        [names.step, scalar(step + 1)],
        ...loop.random(step),
      ]);
      const { outputs } = await executable.run(plan, { inputs, carry: names.carry });
      step++;
      const scalars = new Map(
        [...outputs]
          .filter(([name, array]) => array.data.length === 1 && !names.carry.has(name))
          .map(([name, array]) => [name, valueAt(array, 0)]),
      );
      const epoch = next.row === 0 ? next.epoch - 1 : next.epoch;
      await loop.onStep({ step, epoch, position: next, multiplier, waitMs, scalars });
      if (step >= until || loop.stopped()) return;
      // Lets a pending signal through: a synchronous engine would otherwise never give way.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } finally {
    await stream.close();
  }
}
