/** What a timed step is fed: the same arrays each time; a training step's parameters and state once, which then stay in the engine. */
import type { Plan } from "../../compiler/plan/plan.js";
import { stepInputs, type TrainStep } from "../../compiler/train-step/train-step.js";
import { hostArray, type HostArray } from "../data/host-array.js";
import type { RunRequest } from "../engine.js";
import { randomKey } from "../feed/random-key.js";
import { zeroState } from "../feed/zero-state.js";

/** Of the step with this number, counted from 1. */
export type StepFeed = (number: number) => RunRequest;

type Bound = { readonly step: TrainStep | null; readonly plan: Plan };

export function stepFeed(arrays: ReadonlyMap<string, HostArray>, { step, plan }: Bound, precision: "f32" | "f64"): StepFeed {
  if (step === null) return () => ({ inputs: arrays });
  const { carry } = step;
  const carried = new Set(carry.values());
  const first = zeroState(step, precision);
  const staying = new Map([...arrays].filter(([name]) => !carried.has(name)));
  const scalar = (value: number): HostArray => hostArray("f64", [], new Float64Array([value]));
  return (number) => {
    const given = number === 1 ? [...arrays, ...first] : staying;
    const own = [[stepInputs.schedule, scalar(1)], [stepInputs.step, scalar(number)], ...randomKey(plan, 0, number - 1)] as const;
    return { inputs: new Map([...given, ...own]), carry };
  };
}
