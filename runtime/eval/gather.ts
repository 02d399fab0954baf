/** Embeddings of all examples, kept in memory: N rows of each value, and never anything of N by M. */
import { type HostArray, hostArray, zeros } from "../data/host-array.js";
import type { Encoder } from "./encoder.js";
import { matrixOf } from "./embeddings.js";
import type { ExampleRows } from "./examples.js";

export type Gathered = {
  /** The examples' places in their source. */
  readonly rows: Int32Array;
  /** By value: [rows, width]. */
  readonly vectors: ReadonlyMap<string, HostArray>;
  /** By input: a whole number for each row. */
  readonly numbers: ReadonlyMap<string, Int32Array>;
};

/** `numbers`: integer inputs that are kept beside the values. `onRows` hears how many examples are done. */
export async function gather(
  encoder: Encoder,
  examples: ExampleRows,
  numbers: readonly string[],
  onRows: (done: number) => void,
): Promise<Gathered> {
  const pieces: { readonly rows: Int32Array; readonly values: ReadonlyMap<string, HostArray>; readonly numbers: readonly Int32Array[] }[] =
    [];
  let done = 0;
  for await (const { rows, inputs, values } of encoder.over(examples)) {
    pieces.push({
      rows,
      values: new Map([...values].map(([name, array]) => [name, copyOf(array)])),
      numbers: numbers.map((name) => Int32Array.from(inputs.get(name)?.data ?? [])),
    });
    onRows((done += rows.length));
  }
  const names = encoder.program.results.map(({ name }) => name);
  return {
    rows: joined(pieces.map(({ rows }) => rows)),
    vectors: new Map(names.map((name) => [name, stacked(pieces.flatMap(({ values }) => values.get(name) ?? []))])),
    numbers: new Map(numbers.map((name, k) => [name, joined(pieces.map((piece) => piece.numbers[k] ?? new Int32Array(0)))])),
  };
}

function copyOf(array: HostArray): HostArray {
  const copy = zeros(array.dtype, array.shape);
  copy.data.set(array.data);
  return copy;
}

function joined(pieces: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** One matrix under the other. */
function stacked(pieces: readonly HostArray[]): HostArray {
  const [first] = pieces;
  if (first === undefined) return hostArray("f32", [0, 0], new Float32Array(0));
  const { width } = matrixOf(first);
  const all = zeros(first.dtype, [pieces.reduce((sum, piece) => sum + matrixOf(piece).rows, 0), width]);
  let at = 0;
  for (const { data } of pieces) {
    all.data.set(data, at);
    at += data.length;
  }
  return all;
}
