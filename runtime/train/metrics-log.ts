/** `metrics.jsonl`: one line a step, written as it happens, and true after a resume. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolders, reportingFailure, writeAtomically } from "../data/atomic-write.js";

export const METRICS_FILE = "metrics.jsonl";

export class MetricsLog {
  readonly #path: string;

  /** `folder`: the run's. */
  constructor(folder: string) {
    this.#path = join(folder, METRICS_FILE);
    reportingFailure(this.#path, () => makeFolders(folder));
  }

  append(line: string): void {
    reportingFailure(this.#path, () => appendFileSync(this.#path, line));
  }

  /**
   * Drops what lies after the checkpoint that training goes on from, so that no step stands there twice;
   * a line that a crash cut off goes too.
   */
  rewindTo(step: number): void {
    if (!existsSync(this.#path)) return;
    const kept = readFileSync(this.#path, "utf8")
      .split("\n")
      .filter((line) => (stepOf(line) ?? Infinity) <= step);
    writeAtomically(this.#path, (sink) => sink(new TextEncoder().encode(kept.map((line) => `${line}\n`).join(""))));
  }
}

function stepOf(line: string): number | null {
  try {
    const { step } = JSON.parse(line) as { readonly step?: unknown };
    return typeof step === "number" ? step : null;
  } catch {
    return null;
  }
}
