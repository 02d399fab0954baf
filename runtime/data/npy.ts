import { userError } from "../user-error.js";
import { writeAtomically } from "./atomic-write.js";
import { bytesOf, convert, elementCount, type HostArray } from "./host-array.js";
import { dataMessages } from "./messages.js";
import { type NpyHeader, parseNpyHeader } from "./npy-header.js";
import { RandomAccessFile } from "./random-access-file.js";
import { allocate, checkedCount, readWhole, type StoredArray, type StoredType, storedTypes } from "./stored-type.js";

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const ALIGNMENT = 64;
/** numpy itself stops at 64 axes; real headers are below 200 bytes. */
const LARGEST_HEADER = 1 << 20;
// Transposing holds the array twice.
const LARGEST_FORTRAN = 1 << 30;

const kinds: Readonly<Record<string, StoredType>> = {
  b1: "bool",
  i1: "i8",
  u1: "u8",
  i2: "i16",
  u2: "u16",
  i4: "i32",
  u4: "u32",
  i8: "i64",
  u8: "u64",
  f2: "f16",
  f4: "f32",
  f8: "f64",
};

/** Why a type cannot be read, by the letter of its kind. */
const unreadable: Readonly<Record<string, string>> = {
  O: "Python objects, which would run code when read",
  U: "text",
  S: "byte strings",
  a: "byte strings",
  c: "complex numbers",
  V: "raw or structured records",
  M: "dates",
  m: "durations",
  f: "floats of an unusual width",
};

/** An open `.npy` file whose header has been checked against its size. */
export type NpyFile = StoredArray & { readonly fortranOrder: boolean };

export function openNpy(path: string): NpyFile {
  const file = RandomAccessFile.open(path);
  try {
    return check(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function check(file: RandomAccessFile): NpyFile {
  const preamble = file.bytes(0, 8);
  if (preamble === null || MAGIC.some((byte, i) => preamble[i] !== byte)) throw userError(dataMessages.npyMagic, { file: file.path });
  const [major = 0, minor = 0] = preamble.subarray(6);
  if (major < 1 || major > 3 || minor !== 0) throw userError(dataMessages.npyVersion, { file: file.path, version: `${major}.${minor}` });

  const lengthBytes = major === 1 ? 2 : 4;
  const field = file.bytes(8, lengthBytes);
  const fail = (at: number, reason: string) => userError(dataMessages.npyHeader, { file: file.path, at, reason });
  if (field === null) throw fail(8, "the file ends inside its length");
  const view = new DataView(field.buffer);
  const length = major === 1 ? view.getUint16(0, true) : view.getUint32(0, true);
  const start = 8 + lengthBytes;
  if (length > LARGEST_HEADER) throw fail(8, `a length of ${length} bytes is beyond any real header`);
  const bytes = file.bytes(start, length);
  if (bytes === null) throw fail(8, `its length is ${length}, and ${file.size - start} bytes follow`);

  // Versions 1 and 2 are latin-1, 3 is UTF-8; only field names of structured types, which are refused, tell them apart.
  const parsed = parseNpyHeader(Buffer.from(bytes).toString(major === 3 ? "utf8" : "latin1"));
  if ("reason" in parsed) throw fail(start + parsed.at, parsed.reason);
  const { type, littleEndian } = storedTypeOf(file.path, parsed);
  const elementBytes = storedTypes[type].bytes;
  const count = checkedCount(parsed.shape, elementBytes);
  if (count === null) throw fail(start, `the shape (${parsed.shape.join(", ")}) has too many elements to count`);

  const found = file.size - start - length;
  const wanted = count * elementBytes;
  if (found < wanted) throw userError(dataMessages.npyTruncated, { file: file.path, wanted, found });
  if (found > wanted) throw userError(dataMessages.npyTrailing, { file: file.path, extra: found - wanted });
  // With at most one axis longer than 1, both orders are the same bytes.
  const fortranOrder = parsed.fortranOrder && parsed.shape.filter((size) => size !== 1).length > 1;
  return { file, offset: start + length, type, littleEndian, shape: parsed.shape, fortranOrder };
}

function storedTypeOf(file: string, { descr }: NpyHeader): { type: StoredType; littleEndian: boolean } {
  const refuse = (kind: string) => userError(dataMessages.npyDtype, { file, descr, kind });
  if (descr.startsWith("[")) throw refuse("structured records");
  const [, order = "", code = ""] = /^([<>|=]?)([A-Za-z]\d*)(?:\[\w+\])?$/.exec(descr) ?? [];
  const type = Object.hasOwn(kinds, code) ? kinds[code] : undefined;
  if (type === undefined) throw refuse(unreadable[code.charAt(0)] ?? "an unknown type");
  if (order === "|" && storedTypes[type].bytes > 1) throw refuse("a number without a byte order");
  return { type, littleEndian: order !== ">" };
}

/** Reads a whole array; Fortran order becomes row-major. */
export function readNpy(path: string): HostArray {
  const npy = openNpy(path);
  try {
    return readOpenNpy(npy);
  } finally {
    npy.file.close();
  }
}

export function readOpenNpy(npy: NpyFile): HostArray {
  if (!npy.fortranOrder) return readWhole(npy);
  const bytes = elementCount(npy.shape) * storedTypes[npy.type].bytes;
  if (bytes > LARGEST_FORTRAN) throw userError(dataMessages.npyFortran, { file: npy.file.path, bytes });
  return transposed(npy.file.path, readWhole({ ...npy, shape: [...npy.shape].reverse() }));
}

/** All axes reversed: a row-major array of the reversed shape is the Fortran-order array itself. */
function transposed(file: string, source: HostArray): HostArray {
  const shape = [...source.shape].reverse();
  const result = allocate(file, source.dtype, shape);
  const strides = source.shape.map((_, axis) => elementCount(source.shape.slice(axis + 1))).reverse();
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.data.length; to++) {
    result.data[to] = source.data[from] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 0;
      const stride = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      from += stride;
      index[axis] = next;
      if (next < size) break;
      index[axis] = 0;
      from -= stride * size;
    }
  }
  return result;
}

const descrOf = { bool: "|b1", i32: "<i4", u32: "<u4", f16: "<f2", f32: "<f4", f64: "<f8" } as const;

/** Writes version 1.0, or 2.0 where the header needs it, in C order. The format has no bf16: it is widened to f32. */
export function writeNpy(path: string, array: HostArray): void {
  if (array.dtype === "bf16") return writeNpy(path, convert(array, "f32"));
  const header = encodeHeader(descrOf[array.dtype], array.shape);
  writeAtomically(path, (sink) => {
    sink(header);
    sink(bytesOf(array));
  });
}

function encodeHeader(descr: string, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const version = 10 + text.length + ALIGNMENT > 0xffff ? 2 : 1;
  const start = version === 1 ? 10 : 12;
  const total = Math.ceil((start + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(total, " ");
  Buffer.from([...MAGIC, version, 0]).copy(bytes);
  if (version === 1) bytes.writeUInt16LE(total - start, 8);
  else bytes.writeUInt32LE(total - start, 8);
  bytes.write(text, start, "latin1");
  bytes.write("\n", total - 1, "latin1");
  return bytes;
}
