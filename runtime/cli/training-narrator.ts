/** What training says while it runs: a progress line for the person, JSON lines for the program and the log. */
import { Progress } from "../train/progress.js";
import type { StepEvent, TrainEvent } from "../train/training-setup.js";
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

export class Narrator {
  readonly #console: Console;
  readonly #setting: Setting;
  readonly #json: boolean;
  readonly #progress: Progress;
  readonly #begun = performance.now();
  #previous = performance.now();
  #line: { readonly event: StepEvent; readonly text: string } | null = null;
  #interrupted = false;

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
        this.#progress.begin();
        this.#write({ kind: "start", ...this.#setting, step: event.step });
        return;
      }
      case "step":
        this.#progress.step({ ...event, steps: this.#setting.steps, batch: this.#setting.batch, last: event.step === this.#setting.until });
        if (this.#json) this.#console.out(this.stepLine(event));
        return;
      case "checkpoint":
        this.#write(event);
        return;
      case "end": {
        const { step, loss, interrupted } = event;
        const { folder, steps } = this.#setting;
        this.#say(step < steps ? `stopped at step ${step} of ${steps}; --resume goes on from ${folder}` : `done: ${folder}`);
        this.#write({ kind: "end", step, loss: loss === null ? null : jsonNumber(loss), folder, interrupted });
        return;
      }
    }
  };

  /** A step as one line; asked twice for the same step, it is the same line. */
  readonly stepLine = (event: StepEvent): string => {
    if (this.#line?.event === event) return this.#line.text;
    const now = performance.now();
    const { step, epoch, loss, lr, gradNorm, metrics, parameters, norms } = event;
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
      residentBytes: process.memoryUsage.rss(),
    });
    this.#previous = now;
    this.#line = { event, text };
    return text;
  };

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

const jsonNumbers = (values: Readonly<Record<string, number>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, jsonNumber(value)]));
const round = (value: number): number => Number(value.toPrecision(6));
