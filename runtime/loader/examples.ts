/** All samples in order, prepared as the eval block says: what `embed`, `eval` and `query` read. */
import type { LoweredProgram } from "../../compiler/lower/program.js";
import type { HostArray } from "../data/host-array.js";
import type { PlaceOf } from "../feed/place.js";
import { BrokenSample, openSamples, type SampleIndex } from "../samples/open-samples.js";
import type { Sample } from "../samples/sample.js";
import { userError } from "../user-error.js";
import { boundedly } from "./boundedly.js";
import { BrokenSamples, brokenLimit } from "./broken-samples.js";
import type { Pass } from "./draws.js";
import { type FixedData, fixedData } from "./fixed-data.js";
import { loaderMessages } from "./messages.js";
import { sampleRows } from "./sample-rows.js";
import { tokenizersIn } from "./tokenizers.js";

/**
 * ```ts
 * const examples = await openExamples(paths, { program, inputs: ["image"], folder: dirname(file), precision, placeOf });
 * try {
 *   for await (const { inputs, samples } of examples.batches(256)) {
 *     // inputs.get("image"): f32[256, 32, 32, 3]; samples[k].key; await samples[k].value("json.captions.en")
 *   }
 * } finally {
 *   examples.close();
 * }
 * ```
 */
export type Examples = {
  /** Samples in all, broken ones too. */
  readonly count: number;
  /** To be held to a checkpoint's `fixed`, name by name: `eval.image`, `the tokenizer of eval.tokens`. */
  readonly fixed: FixedData;
  /** Of the samples: embeddings that were computed of them can say so. */
  readonly fingerprint: string;
  /** Shards whose rest is lost. */
  readonly damage: readonly BrokenSample[];
  /** Each good sample once, in the order of the files; the last batch may be smaller. Throws where too many are broken. */
  readonly batches: (batch: number) => AsyncGenerator<ExampleBatch, void>;
  readonly close: () => void;
};

export type ExampleBatch = {
  readonly inputs: ReadonlyMap<string, HostArray>;
  /** Places in the samples. */
  readonly rows: Int32Array;
  /** One a row: its key, and whatever else it holds. */
  readonly samples: readonly Sample[];
  /** Samples that were left out on the way to this batch. */
  readonly broken: readonly BrokenSample[];
};

export type ExamplesOptions = {
  readonly program: Pick<LoweredProgram, "name" | "inputs" | "evalData" | "span">;
  /** Those to prepare; every one must have an entry that reads samples. */
  readonly inputs: readonly string[];
  /** Of the program: tokenizers lie relative to it. */
  readonly folder: string;
  readonly precision: "f32" | "f64";
  readonly placeOf: PlaceOf;
  /** How many samples may be broken: one in a hundred and at least ten, where nothing else is said. */
  readonly broken?: number;
};

/** Transforms that draw are rare in evaluation; where there are some, they draw the same each time. */
const PASS: Pass = { seed: 0, epoch: 0 };

export async function openExamples(paths: readonly string[], options: ExamplesOptions): Promise<Examples> {
  const { program, inputs, folder, precision, placeOf } = options;
  const entries = inputs.map((input) => {
    const entry = program.evalData?.entries.find((candidate) => candidate.input === input);
    if (entry?.source.kind !== "column")
      throw userError(loaderMessages.notRead, { input, pipeline: program.name, place: placeOf(program.evalData?.span ?? program.span) }, 2);
    return entry;
  });
  const tokenizerOf = tokenizersIn(folder);
  const fixed = fixedData("eval", entries, tokenizerOf);
  const index = await openSamples(paths);
  // Each example is used once: nothing is kept decoded.
  const rows = closingOnFailure(index, () =>
    sampleRows(index, { entries, inputs: program.inputs, tokenizerOf, holdBytes: 0, precision, placeOf }),
  );
  const limit = options.broken ?? brokenLimit(index.count);
  return {
    ...{ count: index.count, fixed, fingerprint: index.fingerprint, damage: index.damage },
    batches: (batch) => exampleBatches(index, rows, new BrokenSamples(index.count, limit), batch),
    close: () => index.close(),
  };
}

function closingOnFailure<T>(index: SampleIndex, prepare: () => T): T {
  try {
    return prepare();
  } catch (error) {
    index.close();
    throw error;
  }
}

async function* exampleBatches(
  index: SampleIndex,
  rows: ReturnType<typeof sampleRows>,
  tally: BrokenSamples,
  batch: number,
): AsyncGenerator<ExampleBatch, void> {
  for (let start = 0; start < index.count; start += batch) {
    const places = Array.from({ length: Math.min(batch, index.count - start) }, (_, k) => start + k);
    const loaded = await boundedly(places, async (place) => ({ place, row: await rows.row(place, PASS) }));
    const good = loaded.flatMap(({ place, row }) => (row instanceof BrokenSample ? [] : [{ place, row }]));
    const broken = loaded.flatMap(({ place, row }) => {
      if (row instanceof BrokenSample) tally.add(place, row);
      return row instanceof BrokenSample ? [row] : [];
    });
    const at = Int32Array.from(good, ({ place }) => place);
    const samples = await Promise.all(good.map(({ place }) => index.read(place)));
    const inputs = rows.join(
      good.map(({ row }) => row),
      at,
    );
    if (good.length > 0 || broken.length > 0) yield { inputs, rows: at, samples, broken };
  }
}
