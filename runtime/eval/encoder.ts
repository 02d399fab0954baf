/** Part of a program that makes embeddings, run over examples batch by batch. */
import type { Dims } from "../../compiler/bind.js";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import { selectValues } from "../../compiler/lower/select-values.js";
import { rowsMeet } from "../../compiler/passes/sweeps/rows-meet.js";
import { type Diagnostic, diagnose } from "../../grammar/diagnostic.js";
import type { HostArray } from "../data/host-array.js";
import { checkIndexBounds } from "../feed/index-bounds.js";
import type { PlaceOf } from "../feed/place.js";
import { Compiled, DoesNotFit, type Machine } from "./compiled.js";
import type { ExampleBatch, ExampleRows } from "./examples.js";
import { evalMessages } from "./messages.js";

/** The values lie in the engine's memory until the next batch. */
export type Encoded = ExampleBatch & { readonly values: ReadonlyMap<string, HostArray> };

type Options = {
  /** Of all of the program, by path. */
  readonly parameters: ReadonlyMap<string, HostArray>;
  readonly machine: Machine;
  readonly placeOf: PlaceOf;
  readonly onWarning: (warning: Diagnostic) => void;
  /** Examples at a time; less where the budget does not hold as many. */
  readonly batch: number;
};

export class Encoder {
  /** What is left of the program: its inputs and parameters are those that the values need. */
  readonly program: LoweredProgram;
  readonly batch: number;
  readonly #compiled: Compiled;
  readonly #parameters: ReadonlyMap<string, HostArray>;
  readonly #placeOf: PlaceOf;

  private constructor(program: LoweredProgram, compiled: Compiled, batch: number, { parameters, placeOf }: Options) {
    this.program = program;
    this.batch = batch;
    this.#compiled = compiled;
    this.#parameters = parameters;
    this.#placeOf = placeOf;
  }

  /** Throws `DoesNotFit` where the budget does not hold a single example. */
  static async load(whole: LoweredProgram, values: readonly string[], options: Options): Promise<Encoder> {
    const program = selectValues(whole, values);
    const needed = new Map(
      program.params.map(({ path }) => {
        const value = options.parameters.get(path);
        if (value === undefined) throw new Error(`no value for the parameter ${path}`);
        return [path, value] as const;
      }),
    );
    const compiled = await Compiled.load(program, options.machine);
    const batch = largestBatch(compiled, program, options.batch);
    const meeting = rowsMeet(compiled.graph);
    if (meeting !== null) options.onWarning(diagnose(evalMessages.rowsMeet, meeting.span, { values: values.join(" and "), batch }));
    return new Encoder(program, compiled, batch, { ...options, parameters: needed });
  }

  /** In the order of the examples. */
  async *over(examples: ExampleRows): AsyncGenerator<Encoded> {
    for await (const batch of examples.batches(this.batch))
      yield { ...batch, values: await this.encode(batch.inputs, batch.rows, examples.originOf) };
  }

  /** Inputs that the values do not need are passed over. */
  async encode(
    inputs: ReadonlyMap<string, HostArray>,
    rows: Int32Array,
    originOf: (input: string) => string,
  ): Promise<ReadonlyMap<string, HostArray>> {
    const fed = new Map([...inputs].filter(([name]) => this.program.inputs.some((input) => input.name === name)));
    const dims = dimsOf(this.program, rows.length);
    checkIndexBounds(this.#compiled.indexBounds, dims, fed, originOf, this.#placeOf, rows);
    return this.#compiled.run(dims, new Map([...fed, ...this.#parameters]));
  }

  dispose(): void {
    this.#compiled.dispose();
  }
}

const dimsOf = (program: LoweredProgram, rows: number): Dims => Object.fromEntries(program.batches.map(({ id }) => [id, rows]));

/** The wanted batch, halved until it fits. */
function largestBatch(compiled: Compiled, program: LoweredProgram, wanted: number): number {
  for (let batch = wanted; ; batch = Math.floor(batch / 2)) {
    try {
      compiled.plan(dimsOf(program, batch));
      return batch;
    } catch (error) {
      if (!(error instanceof DoesNotFit) || batch === 1) throw error;
    }
  }
}
