/** The schedule: by how much every learning rate is multiplied at a step. A pure function of the step, evaluated on the host in float64. */
import type { Duration, ScheduleSpec } from "../lower/program.js";

/** Length of the run in steps, and examples per step. */
export type RunLength = { readonly steps: number; readonly batch: number };

const stepsIn: { readonly [K in Duration["unit"]]: (value: number, run: RunLength) => number } = {
  steps: (value) => value,
  examples: (value, { batch }) => value / batch,
  fraction: (value, { steps }) => value * steps,
};

/** At least so many whole steps; the slack keeps 5 % of 200 at 10 where the product rounds up. */
export function warmupSteps(warmup: Duration, run: RunLength): number {
  return Math.max(Math.ceil(stepsIn[warmup.unit](warmup.value, run) - 1e-9), 0);
}

/** From 1 down to `final` as the progress goes from 0 to 1. */
const decays: { readonly [K in ScheduleSpec["kind"]]: (progress: number, final: number) => number } = {
  constant: () => 1,
  cosine: (progress, final) => final + ((1 - final) * (1 + Math.cos(Math.PI * progress))) / 2,
  linear: (progress, final) => 1 + (final - 1) * progress,
};

/**
 * The multiplier of a step, counted from 0. Warm-up rises in equal parts from 1/W at the first step, so that no step is
 * without effect, to 1 at step W − 1; from there the decay ends with `final` at the last step, and stays there.
 */
export function scheduleAt(spec: ScheduleSpec, run: RunLength, step: number): number {
  const warmup = warmupSteps(spec.warmup, run);
  if (step < warmup) return (step + 1) / warmup;
  // Without warm-up the first step has the full rate.
  const peak = Math.max(warmup - 1, 0);
  const rest = run.steps - 1 - peak;
  return decays[spec.kind](rest <= 0 ? 1 : Math.min((step - peak) / rest, 1), spec.final);
}
