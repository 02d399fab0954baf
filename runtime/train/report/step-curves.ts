/** From the lines of `metrics.jsonl` to the plots of a report. */
import type { LinePlot } from "../../plot/line-plot.js";
import { Curve } from "./curve.js";

export type Watched = {
  /** The length of the run. */
  readonly steps: number;
  readonly clip: number | null;
  readonly plannedPeakBytes: number;
  /** Parameters of one number that the program reads as e to their power alone: a temperature is easier to read than its logarithm. */
  readonly exponents: ReadonlySet<string>;
};

export type NormRow = { readonly path: string; readonly gradient: number; readonly update: number; readonly parameter: number };

type Fields = Readonly<Record<string, unknown>>;

/** Metrics and parameters beyond this many are in metrics.jsonl alone. */
const MOST_CURVES = 24;
/** As many groups as there are colours. */
const MOST_GROUPS = 7;

export class StepCurves {
  readonly #watched: Watched;
  readonly #curves = new Map<string, Curve>();
  #until = 0;
  #norms: { readonly step: number; readonly rows: readonly NormRow[] } | null = null;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** A line that is no step, or was cut off, says nothing. */
  read(text: string): void {
    const fields = parsed(text);
    const step = numberOf(fields["step"]);
    if (fields["kind"] !== "step" || !Number.isSafeInteger(step) || step < 1) return;
    this.#until = Math.max(this.#until, step);
    for (const name of ["loss", "lr", "gradNorm", "examplesPerSecond", "residentBytes"]) this.#add(name, step, fields[name]);
    for (const [path, value] of Object.entries(fieldsOf(fields["parameters"]))) {
      const isExponent = this.#watched.exponents.has(path);
      this.#add(`parameter ${isExponent ? `exp(${path})` : path}`, step, isExponent ? Math.exp(numberOf(value)) : value);
    }
    for (const [name, value] of Object.entries(fieldsOf(fields["metrics"]))) this.#add(`metric ${name}`, step, value);
    if (fields["norms"] !== undefined) this.#addNorms(step, fieldsOf(fields["norms"]));
  }

  /** Of the last step that has them. */
  get norms(): { readonly step: number; readonly rows: readonly NormRow[] } | null {
    return this.#norms;
  }

  get plots(): readonly LinePlot[] {
    const { clip, plannedPeakBytes } = this.#watched;
    const [unit, bytes] = this.#memoryUnit();
    const several = (prefix: string): readonly LinePlot[] =>
      this.#named(prefix)
        .slice(0, MOST_CURVES)
        .map((name) => this.#plot(name.slice(prefix.length), name));
    const groups = this.#named("norms ");
    return [
      this.#plot("loss", "loss"),
      this.#plot("learning rate", "lr", { fromZero: true }),
      ...several("parameter "),
      ...several("metric "),
      this.#plot("gradient norm", "gradNorm", { fromZero: true, mark: clip === null ? null : { name: "clip", value: clip } }),
      ...(groups.length === 0 ? [] : [this.#updates(groups.slice(0, MOST_GROUPS))]),
      this.#plot("examples per second", "examplesPerSecond", { fromZero: true }),
      this.#plot(`resident memory, ${unit}`, "residentBytes", {
        ...{ fromZero: true, scale: 1 / bytes },
        mark: { name: "planned for the step", value: plannedPeakBytes / bytes },
      }),
    ];
  }

  /** ‖update‖ / ‖parameter‖ over all that a first part of the paths names: `img`, `txt`, `t_prime`. */
  #addNorms(step: number, norms: Fields): void {
    const rows = Object.entries(norms).map(([path, value]): NormRow => {
      const { gradient, update, parameter } = fieldsOf(value);
      return { path, gradient: numberOf(gradient), update: numberOf(update), parameter: numberOf(parameter) };
    });
    this.#norms = { step, rows };
    for (const [group, members] of byFirstPart(rows)) {
      const update = Math.hypot(...members.map((row) => row.update));
      const parameter = Math.hypot(...members.map((row) => row.parameter));
      this.#add(`norms ${group}`, step, update / parameter);
    }
  }

  #add(name: string, step: number, value: unknown): void {
    const curve = this.#curves.get(name) ?? new Curve(this.#watched.steps);
    this.#curves.set(name, curve);
    curve.add(step, numberOf(value));
  }

  #named = (prefix: string): readonly string[] => [...this.#curves.keys()].filter((name) => name.startsWith(prefix));

  #memoryUnit(): readonly [unit: string, bytes: number] {
    const most = Math.max(this.#watched.plannedPeakBytes, ...(this.#curves.get("residentBytes")?.points ?? []).map(({ high }) => high));
    return most >= 2 ** 30 ? ["GiB", 2 ** 30] : ["MiB", 2 ** 20];
  }

  #updates(names: readonly string[]): LinePlot {
    const curves = names.map((name) => ({ name: name.slice("norms ".length), points: this.#curves.get(name)?.points ?? [] }));
    return { title: "update / parameter, norms", curves, until: this.#until, fromZero: true, mark: null };
  }

  #plot(
    title: string,
    name: string,
    {
      fromZero = false,
      mark = null,
      scale = 1,
    }: { readonly fromZero?: boolean; readonly mark?: LinePlot["mark"]; readonly scale?: number } = {},
  ): LinePlot {
    const points = (this.#curves.get(name)?.points ?? []).map(({ x, low, mean, high }) => {
      return { x, low: low * scale, mean: mean * scale, high: high * scale };
    });
    return { title, curves: [{ name: title, points }], until: this.#until, fromZero, mark };
  }
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
/** NaN for the strings that stand for what JSON has no number for. */
const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);

function parsed(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function byFirstPart(rows: readonly NormRow[]): ReadonlyMap<string, readonly NormRow[]> {
  const groups = new Map<string, NormRow[]>();
  for (const row of rows) {
    const [first = row.path] = row.path.split(".");
    groups.set(first, [...(groups.get(first) ?? []), row]);
  }
  return groups;
}
