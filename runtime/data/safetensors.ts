import type { DType } from "../../compiler/graph/type.js";
import { userError } from "../user-error.js";
import { type Sink, writeAtomically, type Written } from "./atomic-write.js";
import { bytesOf, elementCount, type HostArray } from "./host-array.js";
import { dataMessages } from "./messages.js";
import { RandomAccessFile } from "./random-access-file.js";
import { LENGTH_BYTES, readHeader } from "./safetensors-header.js";
import { readStoredRows, readWhole, type StoredArray, storedTypes } from "./stored-type.js";

/** An open file: its header is known, its tensors are read when asked for. */
export class Safetensors {
  readonly tensors: ReadonlyMap<string, StoredArray>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly #file: RandomAccessFile;

  private constructor(file: RandomAccessFile) {
    this.#file = file;
    const { tensors, metadata } = readHeader(file);
    this.tensors = tensors;
    this.metadata = metadata;
  }

  static open(path: string): Safetensors {
    const file = RandomAccessFile.open(path);
    try {
      return new Safetensors(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Where a tensor lies; a key that is not there is the user's mistake. */
  find(key: string): StoredArray {
    const stored = this.tensors.get(key);
    if (stored === undefined)
      throw userError(dataMessages.safetensorsKey, { file: this.#file.path, key, keys: listed(this.tensors.keys()) });
    return stored;
  }

  read(key: string): HostArray {
    return readWhole(this.find(key));
  }

  /** Rows `start` to `start + count` along the first axis, without the rest. */
  readRows(key: string, start: number, count: number): HostArray {
    return readStoredRows(this.find(key), start, count);
  }

  close(): void {
    this.#file.close();
  }
}

/** What `use` makes of a file, which is open meanwhile. */
export function withSafetensors<T>(path: string, use: (file: Safetensors) => T): T {
  const file = Safetensors.open(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/** Every tensor of a file. */
export const readSafetensors = (path: string): ReadonlyMap<string, HostArray> =>
  withSafetensors(path, (file) => new Map([...file.tensors.keys()].map((key) => [key, file.read(key)])));

/** The first names of a list that may be very long. */
export function listed(names: Iterable<string>): string {
  const all = [...names].sort();
  const first = all.slice(0, 12).join(", ");
  return all.length === 0 ? "nothing" : all.length > 12 ? `${first} and ${all.length - 12} more` : first;
}

const dtypeNames = { bool: "BOOL", i32: "I32", u32: "U32", bf16: "BF16", f16: "F16", f32: "F32", f64: "F64" } as const satisfies Record<
  DType,
  string
>;

/** Writes all at once or not at all. Equal tensors and metadata give equal bytes, whatever the order they come in. */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, HostArray>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Written {
  return writeAtomically(path, produceSafetensors(tensors, metadata));
}

/** The content of a file, for a sink that sees to its durability. */
export function produceSafetensors(
  tensors: ReadonlyMap<string, HostArray>,
  metadata: ReadonlyMap<string, string> = new Map(),
): (sink: Sink) => void {
  const { header, order } = layOut(tensors, metadata);
  return (sink) => {
    sink(header);
    for (const key of order) {
      const array = tensors.get(key);
      if (array !== undefined) sink(bytesOf(array));
    }
  };
}

/** The file's beginning, and the order in which the tensors' bytes follow it. */
export function layOut(
  tensors: ReadonlyMap<string, Pick<HostArray, "dtype" | "shape">>,
  metadata: ReadonlyMap<string, string>,
): { readonly header: Buffer; readonly order: readonly string[] } {
  if (tensors.has("__metadata__")) throw new Error("__metadata__ cannot be the name of a tensor");
  // Widest elements first, so that each tensor is aligned to its element.
  const byKey = <T>([a]: readonly [string, T], [b]: readonly [string, T]) => (a < b ? -1 : 1);
  const ordered = [...tensors].sort((a, b) => storedTypes[b[1].dtype].bytes - storedTypes[a[1].dtype].bytes || byKey(a, b));
  const entries: [string, unknown][] = metadata.size === 0 ? [] : [["__metadata__", Object.fromEntries([...metadata].sort(byKey))]];
  let at = 0;
  for (const [key, { dtype, shape }] of ordered) {
    const end = at + elementCount(shape) * storedTypes[dtype].bytes;
    entries.push([key, { dtype: dtypeNames[dtype], shape, data_offsets: [at, end] }]);
    at = end;
  }
  // Not an object literal: "__proto__" is a legal name, and integer-like names would be moved to the front.
  const text = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
  const bytes = Buffer.byteLength(text);
  const header = Buffer.alloc(LENGTH_BYTES + Math.ceil(bytes / 8) * 8, " ");
  header.writeBigUInt64LE(BigInt(header.length - LENGTH_BYTES));
  header.write(text, LENGTH_BYTES);
  return { header, order: ordered.map(([key]) => key) };
}
