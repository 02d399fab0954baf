import { userError } from "../user-error.js";
import type { BrokenSample } from "../samples/broken-sample.js";
import { loaderMessages } from "./messages.js";

/** One percent, and never so few that a small set cannot have any. */
export const brokenLimit = (rows: number): number => Math.max(10, Math.ceil(rows / 100));

/** Counts each broken sample once, in the order in which batches come to them, and stops where there are too many. */
export class BrokenSamples {
  readonly #rows: number;
  readonly #limit: number;
  readonly #seen: Set<number>;
  #first = "";

  /** `known`: rows that were counted before a run was stopped. */
  constructor(rows: number, limit: number, known: readonly number[] = []) {
    this.#rows = rows;
    this.#limit = limit;
    this.#seen = new Set(known);
  }

  get count(): number {
    return this.#seen.size;
  }

  has(row: number): boolean {
    return this.#seen.has(row);
  }

  /** Throws a `UserError` where this is one more than the limit allows. */
  add(row: number, broken: BrokenSample): void {
    if (this.#first === "") this.#first = broken.message;
    this.#seen.add(row);
    if (this.count > this.#limit)
      throw userError(loaderMessages.tooManyBroken, { count: this.count, rows: this.#rows, limit: this.#limit, first: this.#first });
  }
}
