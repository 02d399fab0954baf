/** `report.html` in the run's folder: written with every checkpoint, and when the run ends, however it ends. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Graph } from "../../../compiler/graph/graph.js";
import { isTile } from "../../../compiler/graph/graph.js";
import { writeAtomically } from "../../data/atomic-write.js";
import { METRICS_FILE } from "../metrics-log.js";
import type { StepEvent, TrainEvent } from "../training-setup.js";
import { type Page, reportPage } from "./page.js";
import { StepCurves } from "./step-curves.js";

export type Report = {
  readonly folder: string;
  readonly pipeline: string;
  readonly graph: Graph;
  /** The length of the run. */
  readonly steps: number;
  readonly clip: number | null;
  readonly plannedPeakBytes: number;
  readonly settings: Page["settings"];
  readonly sources: Page["sources"];
  /** A step as it stands in metrics.jsonl. */
  readonly lineOf: (event: StepEvent) => string;
};

export class ReportWriter {
  readonly #report: Report;
  readonly #curves: StepCurves;
  #begun = false;
  #step = 0;

  constructor(report: Report) {
    this.#report = report;
    this.#curves = new StepCurves({ ...report, exponents: exponentsIn(report.graph) });
  }

  tell(event: TrainEvent): void {
    switch (event.kind) {
      case "start":
        this.#begun = true;
        this.#step = event.step;
        this.#readLog();
        return;
      case "step":
        this.#step = event.step;
        this.#curves.read(this.#report.lineOf(event));
        return;
      case "checkpoint":
        this.#write("running");
        return;
      case "broken":
        // metrics.jsonl has each of them.
        return;
      case "end":
        this.#write(event.step < this.#report.steps ? "stopped" : "done");
        return;
    }
  }

  /** A folder that the run was refused is left as it is. */
  failed(reason: string): void {
    if (this.#begun) this.#write(`ended by an error: ${reason}`);
  }

  /** The steps before those of a run that goes on. */
  #readLog(): void {
    const path = join(this.#report.folder, METRICS_FILE);
    if (existsSync(path)) for (const line of readFileSync(path, "utf8").split("\n")) this.#curves.read(line);
  }

  #write(state: string): void {
    const { folder, pipeline, steps, settings, sources } = this.#report;
    const { plots, norms } = this.#curves;
    const page = reportPage({ title: pipeline, state: `step ${this.#step} of ${steps}; ${state}`, plots, norms, settings, sources });
    writeAtomically(join(folder, "report.html"), (sink) => sink(new TextEncoder().encode(page)));
  }
}

/** Parameters whose every reader is exp. */
function exponentsIn({ nodes }: Graph): ReadonlySet<string> {
  return new Set(
    nodes.flatMap((node) => {
      if (isTile(node) || node.op !== "input" || node.attrs.role !== "param") return [];
      const readers = nodes.filter((reader) => !isTile(reader) && reader.ins.includes(node.id));
      return readers.length > 0 && readers.every((reader) => !isTile(reader) && reader.op === "exp") ? [node.attrs.name] : [];
    }),
  );
}
