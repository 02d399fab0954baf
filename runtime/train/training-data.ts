/** The batches that training runs over: rows of arrays, examples made of samples, or some inputs of each. */
import { resolve } from "node:path";
import type { DataEntry } from "../../compiler/lower/data-spec.js";
import type { InputDecl, LoweredProgram } from "../../compiler/lower/program.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { commonRows, type NamedSource } from "../data/column.js";
import type { HostArray } from "../data/host-array.js";
import type { Position } from "../data/shuffle.js";
import type { PlaceOf } from "../feed/place.js";
import { BrokenSamples, brokenLimit } from "../loader/broken-samples.js";
import { type FixedData, fixedData } from "../loader/fixed-data.js";
import { loaderMessages } from "../loader/messages.js";
import { Prefetch } from "../loader/prefetch.js";
import { type SampleRows, sampleRows } from "../loader/sample-rows.js";
import { type TokenizerOf, tokenizersIn } from "../loader/tokenizers.js";
import { type TrainingBatch, trainingBatches } from "../loader/training-batches.js";
import { type BrokenSample, openSamples, type SampleIndex } from "../samples/open-samples.js";
import { userError } from "../user-error.js";
import { trainMessages } from "./messages.js";
import { type ColumnSource, openTrainingColumns } from "./training-columns.js";

export type TrainingData = {
  /** Examples: the common length of all columns and of the samples. */
  readonly rows: number;
  /** What would change the examples if it changed. */
  readonly fixed: FixedData;
  /** Shards whose rest is lost. */
  readonly damage: readonly BrokenSample[];
  /** Batches from a position on; the first are made at once, whoever asks for them and when. */
  readonly stream: (batch: number, from: Position, knownBroken: readonly number[]) => BatchStream;
  readonly originOf: (input: string) => string;
  /** Not before every stream is closed. */
  readonly close: () => void;
};

/** `close`, which may come twice, begins no further sample, and ends when none is in work. */
export type BatchStream = { readonly next: () => Promise<TrainingBatch>; readonly close: () => Promise<void> };

/** `samples`: shards, folders and manifests. */
export type DataSources = { readonly columns: readonly NamedSource[]; readonly samples: readonly string[] };

/** Bytes, and how many samples may be broken. */
export type LoaderLimits = {
  /** Of batches that are ready before they are needed. */
  readonly prefetch: number;
  /** Of decoded pictures and the like. */
  readonly hold: number;
  readonly broken: number | null;
};
export const usualLimits: LoaderLimits = { prefetch: 64 << 20, hold: 256 << 20, broken: null };

type Open = {
  readonly program: Pick<LoweredProgram, "name" | "inputs" | "data" | "evalData">;
  /** Of the program: files that it names lie relative to it. */
  readonly folder: string;
  readonly precision: "f32" | "f64";
  readonly placeOf: PlaceOf;
  readonly limits: LoaderLimits;
};

/** Throws a `UserError` where an input has no source, a source no input, or the two do not fit. */
export async function openTrainingData(sources: DataSources, { program, folder, precision, placeOf, limits }: Open): Promise<TrainingData> {
  const { read, given } = assign(sources, program, folder, placeOf);
  const columns = openTrainingColumns(given, precision, placeOf);
  let index: SampleIndex | null = null;
  const close = (): void => {
    columns.close();
    index?.close();
  };
  try {
    const tokenizerOf = tokenizersIn(folder);
    index = read.length === 0 ? null : await openSamples(sources.samples);
    const samples =
      index === null
        ? null
        : sampleRows(index, { entries: read, inputs: program.inputs, tokenizerOf, holdBytes: limits.hold, precision, placeOf });
    const rows = rowsOf(columns.columns, index);
    const parts = { rows, samples, gather: (at: Int32Array) => new Map([...columns.whole, ...columns.gather(at)]) };
    return {
      rows,
      fixed: index === null ? {} : { samples: index.fingerprint, ...fixedOf(program, read, tokenizerOf) },
      damage: index?.damage ?? [],
      stream: (batch, from, knownBroken) => {
        const broken = new BrokenSamples(rows, limits.broken ?? brokenLimit(rows), knownBroken);
        let closing = false;
        const row: SampleRows["row"] = async (at, pass) => {
          if (closing) throw new Error("a sample is asked for after the stream was closed");
          return samples === null ? new Map() : samples.row(at, pass);
        };
        const open = { ...parts, broken, samples: samples === null ? null : { ...samples, row } };
        const ahead = new Prefetch(trainingBatches(open, batch, from), bytesBeside(columns.whole), limits.prefetch);
        const close = (): Promise<void> => {
          closing = true;
          return ahead.close();
        };
        return { next: () => ahead.next(), close };
      },
      originOf: (input) => given.find(({ decl }) => decl.name === input)?.origin ?? samples?.originOf(input) ?? input,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The eval block's beside those of training, so that an evaluation of the checkpoint can be held to what was meant. */
function fixedOf({ evalData }: Open["program"], read: readonly DataEntry[], tokenizerOf: TokenizerOf): FixedData {
  const evaluated = (evalData?.entries ?? []).filter(({ source }) => source.kind === "column");
  return { ...fixedData("data", read, tokenizerOf), ...fixedData("eval", evaluated, tokenizerOf) };
}

/** What each batch has of its own. */
const bytesBeside =
  (whole: ReadonlyMap<string, HostArray>) =>
  ({ inputs }: TrainingBatch): number =>
    [...inputs].reduce((sum, [name, { data }]) => sum + (whole.has(name) ? 0 : data.byteLength), 0);

function rowsOf(
  columns: readonly (Parameters<typeof commonRows>[0][number] & { readonly origin: string })[],
  index: SampleIndex | null,
): number {
  if (index === null) return columns.length === 0 ? 1 : commonRows(columns);
  const other = columns.find(({ rows }) => rows !== index.count);
  if (other !== undefined) throw userError(loaderMessages.rowsDiffer, { origin: other.origin, found: other.rows, wanted: index.count });
  return index.count;
}

type Assigned = {
  /** Entries that are read from samples. */
  readonly read: readonly DataEntry[];
  readonly given: readonly ColumnSource[];
};

/** Which source fills which input: the command line's columns before the data block's entries. */
function assign(
  { columns, samples }: DataSources,
  { name: pipeline, inputs, data }: Open["program"],
  folder: string,
  placeOf: PlaceOf,
): Assigned {
  const declOf = new Map(inputs.map((decl) => [decl.name, decl]));
  const given: ColumnSource[] = columns.map((source) => {
    const key = source.key === null ? "" : `#${source.key}`;
    const decl = declOf.get(source.name) ?? refuseUnknown(source.name, pipeline, inputs);
    return { ...source, decl, origin: `--data ${source.name}=${source.file}${key}` };
  });
  const entries = (data?.entries ?? []).filter(({ input }) => !given.some(({ decl }) => decl.name === input));
  const read = entries.filter(({ source }) => source.kind === "column");
  for (const { input, source, span } of entries) {
    const decl = declOf.get(input);
    if (source.kind === "embeddings" && decl !== undefined)
      given.push({ decl, file: resolve(folder, source.file), key: source.key, origin: `the entry of ${input} (${placeOf(span)})` });
  }
  const missing = inputs.filter(({ name }) => !given.some(({ decl }) => decl.name === name) && !read.some(({ input }) => input === name));
  if (missing.length > 0) throw userError(trainMessages.dataMissing, { names: missing.map(({ name }) => name).join(", ") }, 2);
  const [path] = samples;
  if (path === undefined && read.length > 0 && data !== null)
    throw userError(loaderMessages.samplesNotGiven, { names: read.map(({ input }) => input).join(" and "), place: placeOf(data.span) }, 2);
  if (path !== undefined && read.length === 0) throw userError(loaderMessages.samplesNotUsed, { path, pipeline }, 2);
  return { read, given };
}

function refuseUnknown(name: string, pipeline: string, inputs: readonly InputDecl[]): never {
  const names = inputs.map((decl) => decl.name);
  const near = didYouMean(name, names);
  const help = near === null ? `its inputs are: ${names.join(", ")}` : `did you mean ${near}?`;
  throw userError(trainMessages.dataUnknown, { name, pipeline, help }, 2);
}
