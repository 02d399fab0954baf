/** The examples nearest to captions or to a picture: they pass by once, in batches, and only the nearest are remembered. */
import type { EvalTask } from "../../compiler/lower/eval-spec.js";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { HostArray } from "../data/host-array.js";
import type { PlaceOf } from "../feed/place.js";
import type { Sample } from "../samples/sample.js";
import type { Machine } from "./compiled.js";
import { Encoder } from "./encoder.js";
import type { Examples } from "./examples.js";
import { Nearest } from "./nearest.js";

export type Side = "image" | "text";
export type Wanted =
  | { readonly kind: "text"; readonly texts: readonly string[] }
  | { readonly kind: "image"; readonly bytes: Uint8Array; readonly origin: string };

export type Query = {
  readonly program: LoweredProgram;
  readonly task: EvalTask;
  readonly wanted: Wanted;
  /** What is searched. */
  readonly among: Side;
  readonly k: number;
  readonly examples: Examples;
  readonly parameters: ReadonlyMap<string, HostArray>;
  readonly machine: Machine;
  readonly batch: number;
  readonly placeOf: PlaceOf;
  readonly onWarning: (warning: Diagnostic) => void;
  readonly onProgress: (what: string, done: number, of: number | null) => void;
};

export type Found = {
  readonly score: number;
  readonly key: string;
  /** In the source of the examples, from 0. */
  readonly place: number;
  /** null where examples are rows of arrays. */
  readonly sample: Sample | null;
};
type Seen = Omit<Found, "score">;

/** For each that is wanted, falling by score; fewer than k where there are fewer examples. */
export async function findNearest(query: Query): Promise<readonly (readonly Found[])[]> {
  const nearest = await Nearest.among(await vectorsOf(query), query.k, query.machine);
  const name = query.task[query.among].name;
  const encoder = await Encoder.load(query.program, [name], query).catch((error: unknown) => {
    nearest.dispose();
    throw error;
  });
  const examples = await query.examples.open(encoder.program.inputs).catch((error: unknown) => {
    nearest.dispose();
    encoder.dispose();
    throw error;
  });
  /** By the order in which they came. */
  let remembered = new Map<number, Seen>();
  let seen = 0;
  try {
    for await (const { rows, keys, samples, values } of encoder.over(examples)) {
      await nearest.add(valueNamed(values, name));
      rows.forEach((place, k) => remembered.set(seen + k, { key: keys[k] ?? "", place, sample: samples?.[k] ?? null }));
      seen += rows.length;
      const kept = new Set(nearest.lists.flatMap((list) => list.map(({ index }) => index)));
      remembered = new Map([...remembered].filter(([index]) => kept.has(index)));
      query.onProgress(name, seen, examples.count);
    }
    return nearest.lists.map((list) =>
      list.flatMap(({ index, score }) => {
        const one = remembered.get(index);
        return one === undefined ? [] : [{ ...one, score }];
      }),
    );
  } finally {
    examples.close();
    encoder.dispose();
    nearest.dispose();
  }
}

/** The embeddings of what is sought, [each, width]. */
async function vectorsOf({ wanted, ...query }: Query): Promise<HostArray> {
  const name = query.task[wanted.kind].name;
  const count = wanted.kind === "text" ? wanted.texts.length : 1;
  const encoder = await Encoder.load(query.program, [name], { ...query, batch: count });
  try {
    const { inputs } = encoder.program;
    const made =
      wanted.kind === "text" ? await query.examples.ofTexts(inputs, wanted.texts) : await query.examples.ofPicture(inputs, wanted);
    const places = Int32Array.from({ length: count }, (_, k) => k);
    const values = await encoder.encode(made, places, (input) => `${wanted.kind === "text" ? "--text" : "--image"} as ${input}`);
    const { dtype, shape, data } = valueNamed(values, name);
    return { dtype, shape, data: data.slice() } as HostArray;
  } finally {
    encoder.dispose();
  }
}

function valueNamed(values: ReadonlyMap<string, HostArray>, name: string): HostArray {
  const value = values.get(name);
  if (value === undefined) throw new Error(`${name} has not been computed`);
  return value;
}
