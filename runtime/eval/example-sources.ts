/** Examples as the command line and the eval block name them: samples, rows of arrays, or some inputs of each. */
import { resolve } from "node:path";
import type { DataEntry } from "../../compiler/lower/data-spec.js";
import type { InputDecl, LoweredProgram } from "../../compiler/lower/program.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { commonRows } from "../data/column.js";
import { openExamples } from "../loader/examples.js";
import { loaderMessages } from "../loader/messages.js";
import { tokenizersIn } from "../loader/tokenizers.js";
import { trainMessages } from "../train/messages.js";
import { type ColumnSource, openTrainingColumns } from "../train/training-columns.js";
import type { DataSources } from "../train/training-data.js";
import { userError } from "../user-error.js";
import type { ExampleOptions } from "./example-options.js";
import type { ExampleBatch, ExampleRows, Examples } from "./examples.js";
import { ofPicture, ofTexts } from "./lone-sample.js";
import { requireSamePreparation } from "./same-preparation.js";

export function examplesFrom(sources: DataSources, options: ExampleOptions): Examples {
  refuseUnknown(sources, options.program);
  const tokenizerOf = tokenizersIn(options.folder);
  return {
    together: sources.samples.length > 0,
    open: async (inputs) => {
      const { read, given } = assign(sources, inputs, options);
      if (options.trained !== null) requireSamePreparation(read, tokenizerOf, options.trained);
      return read.length === 0 ? columnRows(given, options) : sampleRowsOf(sources.samples, read, given, options);
    },
    ofTexts: (inputs, texts) => ofTexts(inputs, texts, { ...options, tokenizerOf }),
    ofPicture: (inputs, picture) => ofPicture(inputs, picture, { ...options, tokenizerOf }),
  };
}

function columnRows(given: readonly ColumnSource[], { precision, placeOf }: ExampleOptions): ExampleRows {
  const columns = openTrainingColumns(given, precision, placeOf);
  const count = columns.columns.length === 0 ? 1 : commonRows(columns.columns);
  return {
    count,
    async *batches(most): AsyncGenerator<ExampleBatch> {
      for (let from = 0; from < count; from += most) {
        const rows = Int32Array.from({ length: Math.min(most, count - from) }, (_, k) => from + k);
        yield { inputs: new Map([...columns.whole, ...columns.gather(rows)]), rows, keys: [...rows].map(String), samples: null };
      }
    },
    originOf: (input) => given.find(({ decl }) => decl.name === input)?.origin ?? input,
    close: columns.close,
  };
}

async function sampleRowsOf(
  paths: readonly string[],
  read: readonly DataEntry[],
  given: readonly ColumnSource[],
  { program, folder, precision, placeOf, broken, onBroken }: ExampleOptions,
): Promise<ExampleRows> {
  const columns = openTrainingColumns(given, precision, placeOf);
  try {
    const inputs = read.map(({ input }) => input);
    const limit = broken === undefined ? {} : { broken };
    const samples = await openExamples(paths, { program, inputs, folder, precision, placeOf, ...limit });
    const { count } = samples;
    const close = (): void => {
      samples.close();
      columns.close();
    };
    const other = columns.columns.find(({ rows }) => rows !== count);
    if (other !== undefined) {
      samples.close();
      throw userError(loaderMessages.rowsDiffer, { origin: other.origin, found: other.rows, wanted: count });
    }
    samples.damage.forEach(onBroken);
    return {
      count,
      async *batches(most): AsyncGenerator<ExampleBatch> {
        for await (const batch of samples.batches(most)) {
          batch.broken.forEach(onBroken);
          if (batch.rows.length === 0) continue;
          const fed = new Map([...columns.whole, ...columns.gather(batch.rows), ...batch.inputs]);
          yield { inputs: fed, rows: batch.rows, keys: batch.samples.map(({ key }) => key), samples: batch.samples };
        }
      },
      originOf: (input) => {
        const entry = read.find((candidate) => candidate.input === input);
        const column = given.find(({ decl }) => decl.name === input)?.origin;
        return column ?? (entry === undefined ? input : `the entry of ${input} (${placeOf(entry.span)})`);
      },
      close,
    };
  } catch (error) {
    columns.close();
    throw error;
  }
}

/** Which source fills which of these inputs: the command line's columns before the eval block's entries. */
function assign(
  { columns, samples }: DataSources,
  inputs: readonly InputDecl[],
  { program, folder, placeOf }: ExampleOptions,
): { readonly read: readonly DataEntry[]; readonly given: readonly ColumnSource[] } {
  const read: DataEntry[] = [];
  const given: ColumnSource[] = [];
  const missing: string[] = [];
  for (const decl of inputs) {
    const column = columns.find(({ name }) => name === decl.name);
    const entry = program.evalData?.entries.find(({ input }) => input === decl.name);
    if (column !== undefined) {
      const key = column.key === null ? "" : `#${column.key}`;
      given.push({ ...column, decl, origin: `--data ${column.name}=${column.file}${key}` });
    } else if (entry?.source.kind === "embeddings") {
      const { file, key } = entry.source;
      given.push({ decl, file: resolve(folder, file), key, origin: `the entry of ${decl.name} (${placeOf(entry.span)})` });
    } else if (entry !== undefined) read.push(entry);
    else missing.push(decl.name);
  }
  if (missing.length > 0) throw userError(trainMessages.dataMissing, { names: missing.join(", ") }, 2);
  const place = program.evalData?.span ?? program.span;
  if (read.length > 0 && samples.length === 0)
    throw userError(loaderMessages.samplesNotGiven, { names: read.map(({ input }) => input).join(" and "), place: placeOf(place) }, 2);
  return { read, given };
}

function refuseUnknown({ columns }: DataSources, { name: pipeline, inputs }: LoweredProgram): void {
  const known = inputs.map(({ name }) => name);
  const unknown = columns.find(({ name }) => !known.includes(name));
  if (unknown === undefined) return;
  const near = didYouMean(unknown.name, known);
  const help = near === null ? `its inputs are: ${known.join(", ")}` : `did you mean ${near}?`;
  throw userError(trainMessages.dataUnknown, { name: unknown.name, pipeline, help }, 2);
}
