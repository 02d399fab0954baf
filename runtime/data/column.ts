import type { DType } from "../../compiler/graph/type.js";
import { userError } from "../user-error.js";
import { allocate, readElements, readWhole, type StoredArray, storedTypes } from "./stored-type.js";
import { elementCount, firstNonFinite, type HostArray } from "./host-array.js";
import { dataMessages } from "./messages.js";
import { openNpy, readOpenNpy } from "./npy.js";
import { listed, Safetensors, withSafetensors } from "./safetensors.js";

/** Where an array lies: `FILE.npy`, or `FILE.safetensors#KEY`. */
export type ArraySource = { readonly file: string; readonly key: string | null };
export type NamedSource = ArraySource & { readonly name: string };

/** A named array with one row per example along its first axis. */
export type Column = {
  readonly name: string;
  readonly dtype: DType;
  /** The first size is the number of rows. */
  readonly shape: readonly number[];
  readonly rows: number;
  /** The rows at these indices, in this order; an index may come more than once. */
  gather(indices: Int32Array): HostArray;
  close(): void;
};

/** A column up to this size is read once and kept; a larger one stays in its file. Bytes as kept in memory. */
export const CACHE_BYTES = 64 << 20;

/** Reads `NAME=FILE.npy` or `NAME=FILE.safetensors#KEY`. */
export function parseNamedSource(flag: string): NamedSource {
  const equals = flag.indexOf("=");
  if (equals < 1 || equals === flag.length - 1) throw userError(dataMessages.columnFlag, { flag }, 2);
  return { name: flag.slice(0, equals), ...parseArraySource(flag.slice(equals + 1)) };
}

/** Reads `FILE.npy` or `FILE.safetensors#KEY`. A key may hold any character; a file's own `#` stands before its ending. */
export function parseArraySource(text: string): ArraySource {
  if (text.endsWith(".npy")) return { file: text, key: null };
  const [, file, key] = /^(.*?\.safetensors)(?:#(.*))?$/s.exec(text) ?? [];
  if (file === undefined) throw userError(dataMessages.columnExtension, { file: text }, 2);
  if (key === undefined || key === "") throw userError(dataMessages.columnKeyMissing, { file, keys: keysOf(file) }, 2);
  return { file, key };
}

const keysOf = (file: string): string => withSafetensors(file, ({ tensors }) => listed(tensors.keys()));

/** Reads a whole array, for example a parameter or an input of a single run. */
export function readArray(source: ArraySource): HostArray {
  const open = openSource(source);
  try {
    return open.whole();
  } finally {
    open.close();
  }
}

type OpenSource = {
  readonly stored: StoredArray;
  readonly contiguousRows: boolean;
  readonly whole: () => HostArray;
  readonly close: () => void;
};

function openSource({ file, key }: ArraySource): OpenSource {
  if (key === null) {
    const npy = openNpy(file);
    return { stored: npy, contiguousRows: !npy.fortranOrder, whole: () => readOpenNpy(npy), close: () => npy.file.close() };
  }
  const open = Safetensors.open(file);
  try {
    const stored = open.find(key);
    return { stored, contiguousRows: true, whole: () => readWhole(stored), close: () => open.close() };
  } catch (error) {
    open.close();
    throw error;
  }
}

/** Opens a column. Its header is checked now, its rows are read when asked for. */
export function openColumn(source: NamedSource, cacheBytes: number = CACHE_BYTES): Column {
  const { name } = source;
  const { stored, contiguousRows, whole, close } = openSource(source);
  const { shape } = stored;
  const { host: dtype } = storedTypes[stored.type];
  const [rows, ...rowShape] = shape;
  if (rows === undefined) {
    close();
    throw userError(dataMessages.columnScalar, { name });
  }
  const width = elementCount(rowShape);
  // Rows of a Fortran-order file are scattered over all of it, so it is kept in memory whatever its size.
  const keeps = !contiguousRows || elementCount(shape) * storedTypes[dtype].bytes <= cacheBytes;
  let kept: HostArray | null = null;

  const check = (indices: Int32Array) => {
    const bad = indices.find((index) => index < 0 || index >= rows);
    if (bad !== undefined) throw new Error(`row ${bad} of ${rows} in column "${name}"`);
  };
  const gather = (indices: Int32Array): HostArray => {
    check(indices);
    const result = allocate(`a batch of column "${name}"`, dtype, [indices.length, ...rowShape]);
    if (keeps) {
      kept ??= whole();
      const source = kept.data;
      indices.forEach((index, i) => result.data.set(source.subarray(index * width, (index + 1) * width), i * width));
      return result;
    }
    for (const { at, start, count } of runs(indices)) readElements(stored, start * width, count * width, result, at * width);
    return result;
  };
  return { name, dtype, shape, rows, gather, close };
}

/** Neighbouring rows asked for one after the other are one read. */
function* runs(indices: Int32Array): Generator<{ readonly at: number; readonly start: number; readonly count: number }> {
  let at = 0;
  while (at < indices.length) {
    const start = indices[at] ?? 0;
    let count = 1;
    while (indices[at + count] === start + count) count++;
    yield { at, start, count };
    at += count;
  }
}

/** The common number of rows of columns that are read side by side. */
export function commonRows(columns: readonly Column[]): number {
  const [first, ...rest] = columns;
  if (first === undefined) throw new Error("no columns");
  const other = rest.find(({ rows }) => rows !== first.rows);
  if (other !== undefined) {
    const values = { first: first.name, firstRows: first.rows, second: other.name, secondRows: other.rows };
    throw userError(dataMessages.columnRows, values);
  }
  return first.rows;
}

/** Refuses NaN and infinity by name and place; `firstRow` is where the array begins in its column. */
export function requireFinite(name: string, array: HostArray, firstRow = 0): void {
  const found = firstNonFinite(array);
  if (found === null) return;
  const index = found.index.map((i, axis) => (axis === 0 ? i + firstRow : i)).join(", ");
  throw userError(dataMessages.nonFinite, { name, value: String(found.value), index });
}
