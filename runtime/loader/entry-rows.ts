/** One entry of the data block at work: from a sample to the numbers of its input. */
import { type DataEntry, isRandom, type Transform } from "../../compiler/lower/data-spec.js";
import type { InputDecl } from "../../compiler/lower/program.js";
import { asNumber } from "../../compiler/graph/size.js";
import { isFloat, printType } from "../../compiler/graph/type.js";
import type { PlaceOf } from "../feed/place.js";
import { brokenSample } from "../samples/broken-sample.js";
import type { Sample } from "../samples/sample.js";
import type { Tokenizer } from "../text/tokenizer.js";
import { drawsOf, type Pass } from "./draws.js";
import type { Held, HeldValues } from "./held-values.js";
import { loaderMessages } from "./messages.js";
import { readColumn } from "./read-column.js";
import { type Apply, transformer } from "./transform.js";

/** The numbers of one example, in row-major order. */
export type Row = Float32Array | Float64Array | Int32Array;

export type EntryRows = {
  readonly decl: InputDecl;
  /** The sizes behind the batch. */
  readonly rowShape: readonly number[];
  /** Rejects with a `BrokenSample`. `sample` is called only where what is kept does not do. */
  row(sample: () => Promise<Sample>, index: number, pass: Pass): Promise<Row>;
};

type Make = { readonly tokenizerOf: (file: string) => Tokenizer; readonly held: HeldValues; readonly placeOf: PlaceOf };

export function entryRows(entry: DataEntry, decl: InputDecl, { tokenizerOf, held, placeOf }: Make): EntryRows {
  const { source, transforms } = entry;
  const [first, ...rest] = transforms;
  if (source.kind !== "column" || first === undefined) throw new Error(`the entry of ${decl.name} is not read from samples`);
  const about = { input: decl.name, place: placeOf(entry.span) };
  const rowShape = decl.type.shape.slice(1).map((size) => asNumber(size) ?? 0);
  const draws = drawsOf(decl.name);
  // These say what the column holds, and then also do something to it.
  const goesOn = first.kind === "pick" || first.kind === "lower" || first.kind === "tokenize";
  const applied = goesOn ? transforms : rest;
  const stages = applied.map((transform) => stageOf(transform, tokenizerOf));
  const split = applied.findIndex((transform) => isRandom(transform) || transform.kind === "to_float");
  const [kept, fresh] = split === -1 ? [stages, []] : [stages.slice(0, split), stages.slice(split)];

  const start = async (sample: () => Promise<Sample>): Promise<Held> =>
    kept.reduce((value, apply) => apply(value, noDraw), await readColumn(await sample(), source.name, first, about));
  return {
    decl,
    rowShape,
    row: async (sample, index, pass) => {
      let value = held.get(decl.name, index);
      if (value === null) {
        value = await start(sample);
        held.keep(decl.name, index, value);
      }
      const draw = draws(pass, index);
      const done = fresh.reduce((now, apply) => apply(now, draw), value);
      if (done.kind === "floats" && (done.height !== rowShape[0] || done.width !== rowShape[1])) {
        const { origin } = await sample();
        throw brokenSample(loaderMessages.pictureSize, {
          origin,
          found: `${done.height} by ${done.width}`,
          declared: printType(decl.type),
          ...about,
        });
      }
      return numbersOf(done, decl);
    },
  };
}

function stageOf(transform: Transform, tokenizerOf: Make["tokenizerOf"]): Apply {
  if (transform.kind === "decode" || transform.kind === "to_int" || transform.kind === "number")
    throw new Error(`${transform.kind} stands only at the beginning`);
  return transformer(transform, tokenizerOf);
}

function noDraw(): never {
  throw new Error("a transform draws that is not said to be random");
}

function numbersOf(held: Held, { name, type }: InputDecl): Row {
  switch (held.kind) {
    case "floats":
      return held.values;
    case "ids":
      return held.ids;
    case "number":
      return isFloat(type.dtype) ? Float64Array.of(held.value) : Int32Array.of(held.value);
    case "picture":
    case "texts":
    case "text":
      break;
  }
  throw new Error(`the entry of ${name} ends in ${held.kind}`);
}
