import type { DType } from "../../compiler/graph/type.js";
import { userError } from "../user-error.js";
import { bytesOf, elementCount, type HostArray, zeros } from "./host-array.js";
import { dataMessages } from "./messages.js";
import type { RandomAccessFile } from "./random-access-file.js";

/** How an element can lie in a file, and what it becomes in memory. Narrower integers widen; 64-bit ones are checked. */
export const storedTypes = {
  bool: { bytes: 1, host: "bool" },
  i8: { bytes: 1, host: "i32" },
  u8: { bytes: 1, host: "i32" },
  i16: { bytes: 2, host: "i32" },
  u16: { bytes: 2, host: "i32" },
  i32: { bytes: 4, host: "i32" },
  u32: { bytes: 4, host: "u32" },
  i64: { bytes: 8, host: "i32" },
  u64: { bytes: 8, host: "i32" },
  bf16: { bytes: 2, host: "bf16" },
  f16: { bytes: 2, host: "f16" },
  f32: { bytes: 4, host: "f32" },
  f64: { bytes: 8, host: "f64" },
} as const satisfies Record<string, { readonly bytes: number; readonly host: DType }>;
export type StoredType = keyof typeof storedTypes;

/** Reads element `i` of a view; only for the types whose bytes are not those of their host dtype. */
const decoders: Partial<Record<StoredType, (view: DataView, at: number, little: boolean) => number | bigint>> = {
  bool: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
  i8: (view, at) => view.getInt8(at),
  u8: (view, at) => view.getUint8(at),
  i16: (view, at, little) => view.getInt16(at, little),
  u16: (view, at, little) => view.getUint16(at, little),
  i64: (view, at, little) => view.getBigInt64(at, little),
  u64: (view, at, little) => view.getBigUint64(at, little),
};

/** A run of elements inside a file. */
export type StoredArray = {
  readonly file: RandomAccessFile;
  /** bytes from the start of the file */
  readonly offset: number;
  readonly type: StoredType;
  readonly littleEndian: boolean;
  readonly shape: readonly number[];
};

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
// Conversions pass through pieces of this size, so that memory is the result and one piece.
const PIECE_BYTES = 1 << 20;

/** The element count of a shape, or null where it, or its bytes, cannot be counted exactly. Zero sizes hide no overflow. */
export function checkedCount(shape: readonly number[], elementBytes: number): number | null {
  let product = elementBytes;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return null;
    product *= Math.max(size, 1);
    if (product > Number.MAX_SAFE_INTEGER) return null;
  }
  return elementCount(shape);
}

/** Memory for an array that a file describes. The caller has held its size against the file's. */
export function allocate<D extends DType>(what: string, dtype: D, shape: readonly number[]): HostArray<D> {
  try {
    return zeros(dtype, shape);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw userError(dataMessages.tooLarge, { what, bytes: elementCount(shape) * storedTypes[dtype].bytes });
  }
}

/** Elements `from` to `from + count` of a stored array, put at element `at` of `into`. */
export function readElements(stored: StoredArray, from: number, count: number, into: HostArray, at: number): void {
  const { file, type, littleEndian, offset } = stored;
  const { bytes } = storedTypes[type];
  const start = offset + from * bytes;
  const decode = decoders[type];
  if (decode === undefined) {
    const target = bytesOf(into).subarray(at * bytes, (at + count) * bytes);
    file.read(start, target);
    if (littleEndian !== hostIsLittleEndian) reverseEach(target, bytes);
    return;
  }
  const piece = new Uint8Array(Math.min(count * bytes, PIECE_BYTES));
  for (let done = 0; done < count; done += PIECE_BYTES / bytes) {
    const part = piece.subarray(0, Math.min((count - done) * bytes, PIECE_BYTES));
    file.read(start + done * bytes, part);
    const view = new DataView(part.buffer, 0, part.length);
    for (let i = 0; i < part.length / bytes; i++) {
      const value = Number(decode(view, i * bytes, littleEndian));
      if (value !== (value | 0)) {
        const exact = String(decode(view, i * bytes, littleEndian));
        throw userError(dataMessages.integerRange, { file: file.path, index: from + done + i, value: exact });
      }
      into.data[at + done + i] = value;
    }
  }
}

/** Rows `start` to `start + count` of a stored array along its first axis. */
export function readStoredRows(stored: StoredArray, start: number, count: number): HostArray {
  const [rows = 0, ...rest] = stored.shape;
  if (start < 0 || count < 0 || start + count > rows) throw new Error(`rows ${start} to ${start + count} of ${rows}`);
  const width = elementCount(rest);
  const array = allocate(stored.file.path, storedTypes[stored.type].host, [count, ...rest]);
  readElements(stored, start * width, count * width, array, 0);
  return array;
}

export function readWhole(stored: StoredArray): HostArray {
  const array = allocate(stored.file.path, storedTypes[stored.type].host, stored.shape);
  readElements(stored, 0, array.data.length, array, 0);
  return array;
}

function reverseEach(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (size === 2) buffer.swap16();
  if (size === 4) buffer.swap32();
  if (size === 8) buffer.swap64();
}
