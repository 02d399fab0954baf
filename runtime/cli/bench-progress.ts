/** Where a benchmark is: one line that is rewritten on a terminal, a line now and then elsewhere. */
import type { Console } from "./console.js";

/** ms between two rewritings, and between two lines where nothing can be rewritten */
const LIVE_INTERVAL = 100;
const LINE_INTERVAL = 10_000;

export class BenchProgress {
  readonly #console: Console;
  #shown = performance.now();
  #open = false;

  constructor(console: Console) {
    this.#console = console;
  }

  /** Something long begins: shown whatever the time. */
  stage(text: string): void {
    if (this.#console.liveLines) this.#rewrite(text);
    else this.#console.err(`${text}\n`);
    this.#shown = performance.now();
  }

  /** One of many steps: shown where the last line is old enough. */
  step(text: string): void {
    const now = performance.now();
    if (now - this.#shown < (this.#console.liveLines ? LIVE_INTERVAL : LINE_INTERVAL)) return;
    this.stage(text);
  }

  /** Takes the rewritten line away, so that the results stand alone. */
  end(): void {
    if (this.#open) this.#console.err("\r\u001b[2K");
    this.#open = false;
  }

  #rewrite(text: string): void {
    // One column short of the edge: a full line would wrap and could not be rewritten.
    this.#console.err(`\r\u001b[2K${text.slice(0, this.#console.columns - 1)}`);
    this.#open = true;
  }
}
