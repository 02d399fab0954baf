import { userError } from "../user-error.js";
import { dataMessages } from "./messages.js";
import type { RandomAccessFile } from "./random-access-file.js";
import { checkedCount, type StoredArray, type StoredType, storedTypes } from "./stored-type.js";
import { isObject, type Json, JsonError, type JsonObject, parseStrictJson } from "./strict-json.js";

/** https://github.com/huggingface/safetensors: eight bytes of length, a JSON header, then the tensors without gaps. */
export const LENGTH_BYTES = 8;
/** A header of ten thousand tensors has about 1 MB. */
const LARGEST_HEADER = 16 << 20;
const MOST_AXES = 64;

const dtypes: Readonly<Record<string, StoredType>> = {
  BOOL: "bool",
  I8: "i8",
  U8: "u8",
  I16: "i16",
  U16: "u16",
  I32: "i32",
  U32: "u32",
  I64: "i64",
  U64: "u64",
  F16: "f16",
  BF16: "bf16",
  F32: "f32",
  F64: "f64",
};

export type SafetensorsHeader = { readonly tensors: ReadonlyMap<string, StoredArray>; readonly metadata: ReadonlyMap<string, string> };
type Placed = { readonly key: string; readonly begin: number; readonly end: number };

/** Reads and checks the header against the file's real size; no tensor is touched. */
export function readHeader(file: RandomAccessFile): SafetensorsHeader {
  const path = file.path;
  const fail = (reason: string) => userError(dataMessages.safetensorsHeader, { file: path, reason });
  const field = file.bytes(0, LENGTH_BYTES);
  if (field === null) throw fail(`the file has ${file.size} bytes, less than the length of a header`);
  const length = new DataView(field.buffer).getBigUint64(0, true);
  if (length > BigInt(file.size - LENGTH_BYTES)) throw fail(`its length is ${length}, and ${file.size - LENGTH_BYTES} bytes follow`);
  if (length > BigInt(LARGEST_HEADER)) throw fail(`its length is ${length}, more than ${LARGEST_HEADER}`);
  const dataStart = LENGTH_BYTES + Number(length);
  const bytes = file.bytes(LENGTH_BYTES, Number(length));
  const root = parse(bytes ?? new Uint8Array(0), fail);

  const metadata = new Map<string, string>();
  const tensors = new Map<string, StoredArray>();
  const placed: Placed[] = [];
  for (const [key, entry] of root) {
    if (key === "__metadata__") {
      for (const [name, value] of isObject(entry) ? entry : []) {
        if (typeof value !== "string") throw fail(`the metadata "${name}" is not text`);
        metadata.set(name, value);
      }
      if (!isObject(entry)) throw fail("__metadata__ is not an object");
      continue;
    }
    const { place, stored } = readEntry(file, key, entry, dataStart);
    placed.push(place);
    tensors.set(key, stored);
  }
  checkCover(path, placed, file.size - dataStart);
  return { tensors, metadata };
}

function parse(bytes: Uint8Array, fail: (reason: string) => Error): JsonObject {
  // The format demands it, so that a file cannot be two formats at once.
  if (bytes[0] !== 0x7b) throw fail("it does not start with {");
  let root: Json;
  try {
    root = parseStrictJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes), 3);
  } catch (error) {
    if (error instanceof JsonError) throw fail(error.message);
    if (error instanceof TypeError) throw fail("it is not UTF-8");
    throw error;
  }
  if (!isObject(root)) throw fail("it is not an object");
  return root;
}

function readEntry(file: RandomAccessFile, key: string, entry: Json, dataStart: number): { place: Placed; stored: StoredArray } {
  const fail = (reason: string) => userError(dataMessages.safetensorsTensor, { file: file.path, key, reason });
  if (!isObject(entry)) throw fail("its entry is not an object");
  const stranger = [...entry.keys()].find((name) => name !== "dtype" && name !== "shape" && name !== "data_offsets");
  if (stranger !== undefined) throw fail(`its entry has an unknown field "${stranger}"`);

  const dtype = entry.get("dtype");
  if (typeof dtype !== "string") throw fail("its dtype is not text");
  const type = Object.hasOwn(dtypes, dtype) ? dtypes[dtype] : undefined;
  if (type === undefined)
    throw userError(dataMessages.safetensorsDtype, { file: file.path, key, dtype, known: Object.keys(dtypes).join(", ") });

  const shape = integers(entry.get("shape"));
  if (shape === null) throw fail("its shape is not a list of integers from 0 to 2^53");
  if (shape.length > MOST_AXES) throw fail(`it has more than ${MOST_AXES} axes`);
  const count = checkedCount(shape, storedTypes[type].bytes);
  if (count === null) throw fail(`its shape [${shape.join(", ")}] has too many elements to count`);

  const [begin, end, ...more] = integers(entry.get("data_offsets")) ?? [];
  if (begin === undefined || end === undefined || more.length > 0) throw fail("its data_offsets are not two integers from 0 to 2^53");
  if (begin > end) throw fail(`it begins at ${begin} and ends before, at ${end}`);
  if (dataStart + end > file.size) throw fail(`it ends at byte ${end} of ${file.size - dataStart}`);
  const wanted = count * storedTypes[type].bytes;
  if (end - begin !== wanted) throw fail(`${dtype}[${shape.join(", ")}] needs ${wanted} bytes, and its offsets give ${end - begin}`);
  return { place: { key, begin, end }, stored: { file, offset: dataStart + begin, type, littleEndian: true, shape } };
}

/** Every byte belongs to one tensor: no gap can hide anything and no two tensors share memory. */
function checkCover(file: string, placed: Placed[], total: number): void {
  placed.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { key, begin, end } of placed) {
    if (begin !== at) {
      const reason =
        begin < at ? `it overlaps the tensor before it, which ends at ${at}` : `${begin - at} bytes before it belong to no tensor`;
      throw userError(dataMessages.safetensorsTensor, { file, key, reason });
    }
    at = end;
  }
  if (at !== total) throw userError(dataMessages.safetensorsHeader, { file, reason: `${total - at} bytes at the end belong to no tensor` });
}

function integers(json: Json | undefined): readonly number[] | null {
  if (!Array.isArray(json)) return null;
  const items: readonly Json[] = json;
  return items.every((item): item is number => typeof item === "number" && Number.isSafeInteger(item) && item >= 0) ? items : null;
}
