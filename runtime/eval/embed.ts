/** Embeddings of a data set written to a file, a row for each example in their order. */
import { createHash } from "node:crypto";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { DType } from "../../compiler/graph/type.js";
import type { HostArray } from "../data/host-array.js";
import { RowFile } from "../data/row-file.js";
import type { PlaceOf } from "../feed/place.js";
import { userError } from "../user-error.js";
import type { Machine } from "./compiled.js";
import { Encoder } from "./encoder.js";
import type { Examples } from "./examples.js";
import { evalMessages } from "./messages.js";

export type Embedding = {
  readonly program: LoweredProgram;
  /** Values with one row per example. */
  readonly values: readonly string[];
  readonly examples: Examples;
  readonly parameters: ReadonlyMap<string, HostArray>;
  readonly machine: Machine;
  readonly batch: number;
  readonly placeOf: PlaceOf;
  readonly onWarning: (warning: Diagnostic) => void;
  readonly out: string;
  /** Beside the keys' hash, in the file. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly onProgress: (what: string, done: number, of: number | null) => void;
};

/** `keys`: SHA-256 over the examples' keys in their order, a line each. */
export type Embedded = { readonly name: string; readonly dtype: DType; readonly shape: readonly number[]; readonly keys: string };

/** Batch by batch: never more than a batch is in memory. The file appears when all of it is there. */
export async function embed(run: Embedding): Promise<readonly Embedded[]> {
  const groups = run.examples.together ? [run.values] : run.values.map((value) => [value]);
  const file = new RowFile(run.out);
  try {
    const embedded: Embedded[] = [];
    for (const group of groups) embedded.push(...(await embedGroup(run, group, file)));
    const keys = embedded.map(({ name, keys: hash }) => [`keys.${name}`, hash] as const);
    file.finish(new Map([...run.metadata, ...keys]));
    return embedded;
  } finally {
    file.close();
  }
}

async function embedGroup(run: Embedding, values: readonly string[], file: RowFile): Promise<readonly Embedded[]> {
  const encoder = await Encoder.load(run.program, values, run);
  const examples = await run.examples.open(encoder.program.inputs);
  const hash = createHash("sha256");
  const pieces = new Map<string, Omit<Embedded, "keys" | "name">>();
  let done = 0;
  try {
    for await (const { rows, keys, values: computed } of encoder.over(examples)) {
      const hole = rows.findIndex((row, k) => row !== done + k);
      if (hole !== -1) throw userError(evalMessages.hole, { place: done + hole, reason: "nothing was read of it" });
      for (const key of keys) hash.update(`${key}\n`);
      done += rows.length;
      for (const [name, array] of computed) {
        file.append(name, array);
        pieces.set(name, { dtype: array.dtype, shape: [done, ...array.shape.slice(1)] });
      }
      run.onProgress(values.join(" and "), done, examples.count);
    }
    if (done !== examples.count) throw userError(evalMessages.hole, { place: done, reason: "nothing was read of it" });
  } finally {
    examples.close();
    encoder.dispose();
  }
  const keys = hash.digest("hex");
  return [...pieces].map(([name, piece]) => ({ name, ...piece, keys }));
}
