/** How far a pass over the examples is: `zi: 1280 of 5000 rows, 812 rows/s`. */
import { BenchProgress } from "./bench-progress.js";
import type { Console } from "./console.js";

export class RowProgress {
  readonly #line: BenchProgress;
  #what = "";
  #begun = 0;

  constructor(console: Console) {
    this.#line = new BenchProgress(console);
  }

  /** `of` is null where it is not known before. */
  readonly tell = (what: string, done: number, of: number | null): void => {
    const now = performance.now();
    if (what !== this.#what) [this.#what, this.#begun] = [what, now];
    const seconds = (now - this.#begun) / 1000;
    const rate = seconds > 0.5 ? `, ${Math.round(done / seconds)} rows/s` : "";
    this.#line.step(`${what}: ${done}${of === null ? "" : ` of ${of}`} rows${rate}`);
  };

  /** Takes the rewritten line away. */
  end(): void {
    this.#line.end();
  }
}
