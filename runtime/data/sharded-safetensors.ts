/**
 * Tensors that lie in several files, as large models are handed out: `model.safetensors.index.json` has a `weight_map` of each
 * tensor's name to the file beside it that holds it.
 */
import { dirname, join } from "node:path";
import { userError } from "../user-error.js";
import { dataMessages } from "./messages.js";
import { RandomAccessFile } from "./random-access-file.js";
import { Safetensors } from "./safetensors.js";
import type { StoredArray } from "./stored-type.js";
import { isObject, JsonError, parseStrictJson } from "./strict-json.js";

/** An index of ten thousand tensors has about 1 MB. Bytes. */
const LARGEST_INDEX = 16 << 20;
/** All are open at once. */
const MOST_FILES = 256;

/** What `use` makes of the tensors of a safetensors file, or of the files that an index names. They are open meanwhile. */
export function withTensors<T>(path: string, use: (tensors: ReadonlyMap<string, StoredArray>) => T): T {
  const open: Safetensors[] = [];
  const opened = (file: string): Safetensors => {
    const shard = Safetensors.open(file);
    open.push(shard);
    return shard;
  };
  try {
    return use(path.endsWith(".json") ? gathered(path, readIndex(path), opened) : opened(path).tensors);
  } finally {
    for (const file of open) file.close();
  }
}

function gathered(path: string, index: ReadonlyMap<string, string>, open: (file: string) => Safetensors): ReadonlyMap<string, StoredArray> {
  const shards = new Map([...new Set(index.values())].map((name) => [name, open(join(dirname(path), name))] as const));
  for (const [name, { tensors }] of shards)
    for (const key of tensors.keys())
      if (index.get(key) !== name) throw wrong(path, `${name} holds "${key}", and the weight_map does not say so`);
  return new Map(
    [...index].map(([key, name]) => {
      const stored = shards.get(name)?.tensors.get(key);
      if (stored === undefined) throw wrong(path, `"${key}" is not in ${name}`);
      return [key, stored];
    }),
  );
}

function readIndex(path: string): ReadonlyMap<string, string> {
  const root = parseIndex(path);
  const map = isObject(root) ? root.get("weight_map") : undefined;
  if (map === undefined || !isObject(map)) throw wrong(path, "it has no weight_map");
  const index = new Map<string, string>();
  for (const [key, name] of map) {
    // A name, not a way to another folder.
    if (typeof name !== "string" || !/^[^/\\\0]+\.safetensors$/.test(name))
      throw wrong(path, `"${key}" lies in ${JSON.stringify(name)}, which is no name of a .safetensors file`);
    index.set(key, name);
  }
  const files = new Set(index.values()).size;
  if (files > MOST_FILES) throw wrong(path, `it names ${files} files, more than ${MOST_FILES}`);
  return index;
}

function parseIndex(path: string) {
  const file = RandomAccessFile.open(path);
  try {
    if (file.size > LARGEST_INDEX) throw wrong(path, `it has ${file.size} bytes, more than ${LARGEST_INDEX}`);
    return parseStrictJson(new TextDecoder("utf-8", { fatal: true }).decode(file.bytes(0, file.size) ?? new Uint8Array()), 3);
  } catch (error) {
    if (error instanceof JsonError) throw wrong(path, error.message);
    if (error instanceof TypeError) throw wrong(path, "it is not UTF-8");
    throw error;
  } finally {
    file.close();
  }
}

const wrong = (file: string, reason: string) => userError(dataMessages.safetensorsIndex, { file, reason });
