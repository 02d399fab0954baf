/** One number of every step, kept in bounded memory however long the run is. */
import type { Point } from "../../plot/line-plot.js";

/** Few enough that a point of a long run stands for many steps: their mean is calm, and their band shows the noise. */
const BUCKETS = 150;

type Bucket = { count: number; steps: number; sum: number; low: number; high: number };

export class Curve {
  readonly #perBucket: number;
  readonly #buckets = new Map<number, Bucket>();

  /** `steps`: the length of the run. */
  constructor(steps: number) {
    this.#perBucket = Math.max(1, steps / BUCKETS);
  }

  /** Steps count from 1. What is not finite leaves a gap. */
  add(step: number, value: number): void {
    if (!Number.isFinite(value)) return;
    const key = Math.floor((step - 1) / this.#perBucket);
    const bucket = this.#buckets.get(key) ?? { count: 0, steps: 0, sum: 0, low: Infinity, high: -Infinity };
    this.#buckets.set(key, bucket);
    bucket.count++;
    bucket.steps += step;
    bucket.sum += value;
    bucket.low = Math.min(bucket.low, value);
    bucket.high = Math.max(bucket.high, value);
  }

  /** In the order of the steps. */
  get points(): readonly Point[] {
    return [...this.#buckets]
      .sort(([a], [b]) => a - b)
      .map(([, { count, steps, sum, low, high }]) => ({ x: steps / count, low, mean: Math.min(Math.max(sum / count, low), high), high }));
  }
}
