/** Inputs made of captions or of a picture that is in no data set, by the same entries as those of samples. */
import type { DataEntry, Transform } from "../../compiler/lower/data-spec.js";
import type { InputDecl } from "../../compiler/lower/program.js";
import type { HostArray } from "../data/host-array.js";
import { sampleRows } from "../loader/sample-rows.js";
import type { TokenizerOf } from "../loader/tokenizers.js";
import { BrokenSample, type SampleIndex } from "../samples/open-samples.js";
import type { Sample } from "../samples/sample.js";
import { UserError, userError } from "../user-error.js";
import type { ExampleOptions } from "./example-options.js";
import { evalMessages } from "./messages.js";
import { requireSamePreparation } from "./same-preparation.js";

type Options = Pick<ExampleOptions, "program" | "precision" | "placeOf" | "trained"> & { readonly tokenizerOf: TokenizerOf };
type Inputs = ReadonlyMap<string, HostArray>;

/** How an entry begins says what its column holds. */
const isPicture = (first: Transform | undefined): boolean => first?.kind === "decode";
const isText = (first: Transform | undefined): boolean => first?.kind === "pick" || first?.kind === "lower" || first?.kind === "tokenize";

export async function ofTexts(inputs: readonly InputDecl[], texts: readonly string[], options: Options): Promise<Inputs> {
  const entries = entriesOf(inputs, options, isText);
  if (entries === null) throw userError(evalMessages.noTextEntry, { ...about(inputs, options) });
  const samples = texts.map((text): Sample => {
    return { key: text, origin: `the caption ${JSON.stringify(text)}`, bytes: async () => null, value: async () => text };
  });
  return rowsOf(samples, entries, inputs, options);
}

export async function ofPicture(
  inputs: readonly InputDecl[],
  { bytes, origin }: { readonly bytes: Uint8Array; readonly origin: string },
  options: Options,
): Promise<Inputs> {
  const entries = entriesOf(inputs, options, isPicture);
  if (entries === null) throw userError(evalMessages.noPictureEntry, { ...about(inputs, options) });
  return rowsOf([{ key: origin, origin, bytes: async () => bytes, value: async () => null }], entries, inputs, options);
}

const about = (inputs: readonly InputDecl[], { program }: Options) => ({
  names: inputs.map(({ name }) => name).join(" and "),
  pipeline: program.name,
});

/** null where an input comes in another way. */
function entriesOf(
  inputs: readonly InputDecl[],
  { program }: Options,
  fits: (first: Transform | undefined) => boolean,
): readonly DataEntry[] | null {
  const entries = inputs.flatMap(({ name }) => program.evalData?.entries.filter(({ input }) => input === name) ?? []);
  const all =
    entries.length === inputs.length && entries.every(({ source, transforms }) => source.kind === "column" && fits(transforms[0]));
  return all ? entries : null;
}

async function rowsOf(
  samples: readonly Sample[],
  entries: readonly DataEntry[],
  inputs: readonly InputDecl[],
  { tokenizerOf, precision, placeOf, trained }: Options,
): Promise<Inputs> {
  if (trained !== null) requireSamePreparation(entries, tokenizerOf, trained);
  const index: SampleIndex = {
    count: samples.length,
    fingerprint: "",
    damage: [],
    read: (k) => {
      const sample = samples[k];
      return sample === undefined ? Promise.reject(new Error(`no sample ${k}`)) : Promise.resolve(sample);
    },
    close: () => undefined,
  };
  const made = sampleRows(index, { entries, inputs, tokenizerOf, holdBytes: 0, precision, placeOf });
  const rows = [];
  for (let k = 0; k < samples.length; k++) {
    const row = await made.row(k, { seed: 0, epoch: 0 });
    // Here it is the user's own, and there is no other to go on with.
    if (row instanceof BrokenSample) throw new UserError(row.code, row.message, row.help, 3);
    rows.push(row);
  }
  return made.join(
    rows,
    Int32Array.from(rows, (_, k) => k),
  );
}
