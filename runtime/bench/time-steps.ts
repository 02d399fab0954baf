/** Times one thing again and again: first until it is warm, then for the record. */

/** A phase ends after `steps` steps or `most` seconds, but not before `fewest` steps and `least` seconds. */
export type Phase = { readonly steps: number; readonly fewest: number; readonly least: number; readonly most: number };

export type Timing = {
  readonly warmup: number;
  readonly timed: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** From the first quartile to the third, over the median: one slow step among many does not widen it. */
  readonly spread: number;
};

export type StepClock = {
  /** Milliseconds. */
  readonly now: () => number;
  /** Before each step. */
  readonly tell: (phase: "warm-up" | "timed", step: number) => void;
  /** Before each timed step. Not part of what is timed, nor of how long the phase takes. */
  readonly between: () => Promise<void>;
  readonly stopped: () => boolean;
};

export async function timeSteps(step: () => Promise<void>, warmup: Phase, timed: Phase, clock: StepClock): Promise<Timing> {
  const warm = await runPhase(step, warmup, clock, "warm-up");
  const times = await runPhase(step, timed, clock, "timed");
  return { warmup: warm.length, ...summarise(times) };
}

async function runPhase(step: () => Promise<void>, phase: Phase, clock: StepClock, name: "warm-up" | "timed"): Promise<readonly number[]> {
  const times: number[] = [];
  let spent = 0;
  while (!clock.stopped() && goesOn(phase, times.length, spent / 1000)) {
    clock.tell(name, times.length + 1);
    // A step may never leave the event loop a turn; an interrupt needs one. Outside of what is timed.
    await new Promise((resolve) => setImmediate(resolve));
    if (name === "timed") await clock.between();
    const before = clock.now();
    await step();
    const took = clock.now() - before;
    times.push(took);
    spent += took;
  }
  return times;
}

export function goesOn({ steps, fewest, least, most }: Phase, done: number, seconds: number): boolean {
  if (done < fewest) return true;
  if (seconds >= most) return false;
  return done < steps || seconds < least;
}

export function summarise(times: readonly number[]): Omit<Timing, "warmup"> {
  const sorted = [...times].sort((a, b) => a - b);
  const medianMs = quantile(sorted, 0.5);
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / medianMs;
  return { timed: sorted.length, medianMs, minMs: quantile(sorted, 0), maxMs: quantile(sorted, 1), spread };
}

export const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

/** Between two neighbours in proportion; NaN of nothing. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return below + (above - below) * (place - Math.floor(place));
}
