/** The parameters of one number (temperature, bias), followed from step to step. */
import type { Checkpoint } from "../checkpoint/format.js";
import { valueAt } from "../data/host-array.js";
import type { TrainingRun } from "./training-setup.js";

export class ScalarParameters {
  readonly #executable: TrainingRun["executable"];
  readonly #carried: readonly string[];
  #values: Readonly<Record<string, number>>;

  constructor({ program, step, executable }: TrainingRun, { model }: Checkpoint) {
    const scalars = program.params.filter(({ type }) => type.shape.length === 0).map(({ path }) => path);
    const carried = new Set(step.carry.values());
    this.#executable = executable;
    this.#carried = scalars.filter((path) => carried.has(path));
    this.#values = Object.fromEntries(
      scalars.flatMap((path) => {
        const array = model.get(path);
        return array === undefined ? [] : [[path, valueAt(array, 0)]];
      }),
    );
  }

  /** By path. */
  get values(): Readonly<Record<string, number>> {
    return this.#values;
  }

  /** After a step: what the engine has made of them. */
  async follow(): Promise<void> {
    const next: [string, number][] = [];
    for (const path of this.#carried) next.push([path, valueAt(await this.#executable.read(path), 0)]);
    this.#values = { ...this.#values, ...Object.fromEntries(next) };
  }
}
