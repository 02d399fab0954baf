/** What a person sees while training runs: one line that is rewritten on a terminal, a line now and then elsewhere. */

export type ProgressSink = {
  readonly write: (text: string) => void;
  readonly live: boolean;
  readonly columns: number;
  readonly now: () => number;
};

export type ProgressState = {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly lr: number;
  readonly batch: number;
  /** Shown whatever the time. */
  readonly last: boolean;
};

/** ms between two rewritings, and between two lines where nothing can be rewritten */
const LIVE_INTERVAL = 100;
const LINE_INTERVAL = 10_000;
/** How many recent steps the speed is taken from: long enough to be calm, short enough to follow a change. */
const WINDOW = 32;

export class Progress {
  readonly #sink: ProgressSink;
  readonly #times: number[] = [];
  #shown = -Infinity;
  #open = false;

  constructor(sink: ProgressSink) {
    this.#sink = sink;
  }

  /** Starts the clock, so that the first step has a duration. */
  begin(): void {
    this.#times.push(this.#sink.now());
  }

  step(state: ProgressState): void {
    const now = this.#sink.now();
    this.#times.push(now);
    if (this.#times.length > WINDOW + 1) this.#times.shift();
    if (!state.last && now - this.#shown < (this.#sink.live ? LIVE_INTERVAL : LINE_INTERVAL)) return;
    this.#shown = now;
    const text = progressLine(state, this.#secondsPerStep());
    // One column short of the edge: a full line would wrap and could not be rewritten.
    if (this.#sink.live) this.#sink.write(`\r\u001b[2K${text.slice(0, this.#sink.columns - 1)}`);
    else this.#sink.write(`${text}\n`);
    this.#open = this.#sink.live;
  }

  /** Leaves a rewritten line standing, so that other text begins on its own line. */
  end(): void {
    if (this.#open) this.#sink.write("\n");
    this.#open = false;
  }

  #secondsPerStep(): number {
    const [first = 0] = this.#times;
    const last = this.#times.at(-1) ?? first;
    return (last - first) / 1000 / Math.max(1, this.#times.length - 1);
  }
}

/** `step 120/1000  loss 0.4312  lr 9.7e-4  812 examples/s  1 min 52 s left` */
export function progressLine({ step, steps, loss, lr, batch }: ProgressState, secondsPerStep: number): string {
  const speed = secondsPerStep > 0 ? `  ${Math.round(batch / secondsPerStep)} examples/s` : "";
  const left = step < steps ? `  ${duration((steps - step) * secondsPerStep)} left` : "";
  return `step ${step}/${steps}  loss ${significant(loss)}  lr ${Number(lr.toPrecision(3))}${speed}${left}`;
}

/** Four digits, in the shorter of the two notations. */
function significant(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const magnitude = Math.abs(value);
  return magnitude >= 1e-3 && magnitude < 1e5 ? value.toPrecision(4) : value.toExponential(1);
}

/** `8 s`, `1 min 52 s`, `3 h 5 min` */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
