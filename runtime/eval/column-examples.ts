/** Examples that are rows of arrays: `--data NAME=FILE.npy` or `NAME=FILE.safetensors#KEY`. */
import type { LoweredProgram } from "../../compiler/lower/program.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import type { NamedSource } from "../data/column.js";
import type { PlaceOf } from "../feed/place.js";
import { trainMessages } from "../train/messages.js";
import { openTrainingData } from "../train/training-data.js";
import { userError } from "../user-error.js";
import type { ExampleBatch, Examples } from "./examples.js";
import { evalMessages } from "./messages.js";

type Open = { readonly program: LoweredProgram; readonly precision: "f32" | "f64"; readonly placeOf: PlaceOf };

export function columnExamples(sources: readonly NamedSource[], { program, precision, placeOf }: Open): Examples {
  const known = program.inputs.map(({ name }) => name);
  const unknown = sources.find(({ name }) => !known.includes(name));
  if (unknown !== undefined) {
    const near = didYouMean(unknown.name, known);
    const help = near === null ? `its inputs are: ${known.join(", ")}` : `did you mean ${near}?`;
    throw userError(trainMessages.dataUnknown, { name: unknown.name, pipeline: program.name, help }, 2);
  }
  return {
    together: false,
    open: (inputs) => {
      const wanted = sources.filter(({ name }) => inputs.some((input) => input.name === name));
      const data = openTrainingData(wanted, { pipeline: program.name, inputs, precision, placeOf });
      const { rows: count } = data;
      return {
        count,
        async *batches(most): AsyncGenerator<ExampleBatch> {
          for (let from = 0; from < count; from += most) {
            const rows = Int32Array.from({ length: Math.min(most, count - from) }, (_, k) => from + k);
            yield { inputs: data.batch(rows), rows, keys: [...rows].map(String) };
          }
        },
        originOf: data.originOf,
        close: data.close,
      };
    },
    ofTexts: (inputs) => {
      const names = inputs.map(({ name }) => name).join(" and ");
      return Promise.reject(userError(evalMessages.noTextEntry, { names, pipeline: program.name }));
    },
  };
}
