/** The inputs that are read from samples, row by row and joined into batches. */
import type { DataEntry } from "../../compiler/lower/data-spec.js";
import type { InputDecl } from "../../compiler/lower/program.js";
import { hostArray, type HostArray } from "../data/host-array.js";
import { fitArray } from "../feed/fit-array.js";
import type { PlaceOf } from "../feed/place.js";
import { BrokenSample } from "../samples/broken-sample.js";
import type { SampleIndex } from "../samples/open-samples.js";
import type { Sample } from "../samples/sample.js";
import type { Pass } from "./draws.js";
import { type EntryRows, entryRows, type Row } from "./entry-rows.js";
import { HeldValues } from "./held-values.js";
import type { TokenizerOf } from "./tokenizers.js";

/** By input. */
export type SampleRow = ReadonlyMap<string, Row>;

export type SampleRows = {
  readonly count: number;
  readonly inputs: readonly string[];
  /** What decoded pictures and the like take by now. */
  readonly heldBytes: () => number;
  /** The rows of one sample, or why it has none. */
  readonly row: (index: number, pass: Pass) => Promise<SampleRow | BrokenSample>;
  /** `indices` are the rows' places in the samples, for messages. */
  readonly join: (rows: readonly SampleRow[], indices: Int32Array) => ReadonlyMap<string, HostArray>;
  readonly originOf: (input: string) => string;
};

export type SampleRowsOptions = {
  readonly entries: readonly DataEntry[];
  readonly inputs: readonly InputDecl[];
  readonly tokenizerOf: TokenizerOf;
  /** The most that decoded pictures and the like may take. */
  readonly holdBytes: number;
  readonly precision: "f32" | "f64";
  readonly placeOf: PlaceOf;
};

export function sampleRows(
  index: SampleIndex,
  { entries, inputs, tokenizerOf, holdBytes, precision, placeOf }: SampleRowsOptions,
): SampleRows {
  const held = new HeldValues(holdBytes);
  const all = entries.map((entry): EntryRows & { readonly origin: string } => {
    const decl = inputs.find(({ name }) => name === entry.input);
    if (decl === undefined) throw new Error(`an entry of no input: ${entry.input}`);
    return { ...entryRows(entry, decl, { tokenizerOf, held, placeOf }), origin: `the entry of ${decl.name} (${placeOf(entry.span)})` };
  });
  const originOf = (input: string): string => all.find(({ decl }) => decl.name === input)?.origin ?? input;
  return {
    count: index.count,
    inputs: all.map(({ decl }) => decl.name),
    heldBytes: () => held.bytes,
    originOf,
    row: async (row, pass) => {
      let opened: Promise<Sample> | null = null;
      const sample = (): Promise<Sample> => (opened ??= index.read(row));
      try {
        const found = new Map<string, Row>();
        for (const entry of all) found.set(entry.decl.name, await entry.row(sample, row, pass));
        return found;
      } catch (error) {
        if (error instanceof BrokenSample) return error;
        throw error;
      }
    },
    join: (rows, indices) =>
      new Map(
        all.map(({ decl, rowShape, origin }) => {
          const array = joined(
            rows.map((row) => row.get(decl.name)),
            rowShape,
          );
          return [decl.name, fitArray(decl, array, origin, { precision, allowNonFinite: false, placeOf, rows: indices })] as const;
        }),
      ),
  };
}

function joined(rows: readonly (Row | undefined)[], rowShape: readonly number[]): HostArray {
  const width = rowShape.reduce((product, size) => product * size, 1);
  const shape = [rows.length, ...rowShape];
  const copy = <T extends Row>(into: T): T => {
    rows.forEach((row, k) => into.set(row ?? [], k * width));
    return into;
  };
  const [first] = rows;
  if (first instanceof Int32Array) return hostArray("i32", shape, copy(new Int32Array(rows.length * width)));
  if (first instanceof Float64Array) return hostArray("f64", shape, copy(new Float64Array(rows.length * width)));
  return hostArray("f32", shape, copy(new Float32Array(rows.length * width)));
}
