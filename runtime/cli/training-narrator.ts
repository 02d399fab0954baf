/** What training says while it runs: a progress line for the person, JSON lines for the program and the log. */
import { Progress } from "../train/progress.js";
import type { BrokenEvent, StepEvent, TrainEvent } from "../train/training-setup.js";
import type { Console } from "./console.js";
import { jsonLine, jsonNumber } from "./json.js";

export type Setting = {
  readonly pipeline: string;
  readonly engine: string;
  readonly batch: number;
  readonly steps: number;
  readonly until: number;
  readonly rows: number;
  readonly seed: number;
  readonly parameters: number;
  readonly plannedPeakBytes: number;
  readonly folder: string;
};

/** Broken samples that a person is told of one by one. */
const NAMED = 5;

export class Narrator {
  readonly #console: Console;
  readonly #setting: Setting;
  readonly #json: boolean;
  readonly #progress: Progress;
  readonly #begun = performance.now();
  #previous = performance.now();
  #line: { readonly event: StepEvent | BrokenEvent; readonly text: string } | null = null;
  #interrupted = false;
  /** Of all calls together, and of this one. */
  #broken = 0;
  #told = 0;
  #waitedMs = 0;

  constructor(console: Console, setting: Setting, json: boolean) {
    this.#console = console;
    this.#setting = setting;
    this.#json = json;
    this.#progress = new Progress({ write: console.err, live: console.liveLines, columns: console.columns, now: () => performance.now() });
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  interrupt(): void {
    this.#interrupted = true;
    this.#say("stopping after this step; once more stops at once");
  }

  readonly tell = (event: TrainEvent): void => {
    switch (event.kind) {
      case "start": {
        const { pipeline, steps, batch, rows, parameters, folder } = this.#setting;
        const from = event.step === 0 ? "" : ` from step ${event.step}`;
        this.#say(`${pipeline}: ${parameters} parameters, ${rows} examples, batches of ${batch}, ${steps} steps${from}, to ${folder}`);
        this.#broken = event.broken;
        this.#progress.begin();
        this.#write({ kind: "start", ...this.#setting, step: event.step });
        return;
      }
      case "step":
        this.#progress.step({ ...event, steps: this.#setting.steps, batch: this.#setting.batch, last: event.step === this.#setting.until });
        this.#waitedMs += event.waitMs;
        if (this.#json) this.#console.out(this.lineOf(event));
        return;
      case "broken":
        this.#tellBroken(event);
        return;
      case "checkpoint":
        this.#write(event);
        return;
      case "end": {
        const { step, loss, interrupted } = event;
        const { folder, steps } = this.#setting;
        this.#say(step < steps ? `stopped at step ${step} of ${steps}; --resume goes on from ${folder}` : `done: ${folder}`);
        const waitedShare = this.#waitedMs / Math.max(performance.now() - this.#begun, 1e-9);
        const broken = this.#broken === 0 ? "" : `; broken samples left out: ${this.#broken}`;
        this.#say(`the engine waited for data ${(100 * waitedShare).toFixed(1)} % of the time${broken}`);
        const counts = { interrupted, waitedShare: round(waitedShare), broken: this.#broken };
        this.#write({ kind: "end", step, loss: loss === null ? null : jsonNumber(loss), folder, ...counts });
        return;
      }
    }
  };

  /** An event as one line; asked twice for the same one, it is the same line. */
  readonly lineOf = (event: StepEvent | BrokenEvent): string => {
    if (this.#line?.event !== event) this.#line = { event, text: event.kind === "step" ? this.#stepLine(event) : brokenLine(event) };
    return this.#line.text;
  };

  #stepLine(event: StepEvent): string {
    const now = performance.now();
    const { step, epoch, loss, lr, gradNorm, metrics, parameters, norms, waitMs } = event;
    const text = jsonLine({
      kind: "step",
      step,
      epoch,
      loss: jsonNumber(loss),
      lr,
      gradNorm: jsonNumber(gradNorm),
      metrics: jsonNumbers(metrics),
      parameters: jsonNumbers(parameters),
      ...(norms === null ? {} : { norms: Object.fromEntries(Object.entries(norms).map(([path, each]) => [path, jsonNumbers(each)])) }),
      seconds: round((now - this.#begun) / 1000),
      examplesPerSecond: round(this.#setting.batch / Math.max((now - this.#previous) / 1000, 1e-9)),
      waitMs: round(waitMs),
      residentBytes: process.memoryUsage.rss(),
    });
    this.#previous = now;
    return text;
  }

  #tellBroken(event: BrokenEvent): void {
    this.#broken++;
    this.#told++;
    if (this.#told <= NAMED) this.#say(`left out: ${event.sample.message}`);
    if (this.#told === NAMED + 1) this.#say("further broken samples are named in metrics.jsonl");
    if (this.#json) this.#console.out(this.lineOf(event));
  }

  /** Leaves the progress line standing. */
  end(): void {
    this.#progress.end();
  }

  #say(text: string): void {
    this.#progress.end();
    this.#console.err(`${text}\n`);
  }

  #write(fields: object): void {
    if (this.#json) this.#console.out(jsonLine(fields));
  }
}

const brokenLine = ({ step, sample: { origin, code, message } }: BrokenEvent): string =>
  jsonLine({ kind: "broken", step, origin, code, message });

const jsonNumbers = (values: Readonly<Record<string, number>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, jsonNumber(value)]));
const round = (value: number): number => Number(value.toPrecision(6));
