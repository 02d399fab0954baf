import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { HostArray } from "../data/host-array.js";
import { RandomAccessFile } from "../data/random-access-file.js";
import { listed, readSafetensors } from "../data/safetensors.js";
import { userError } from "../user-error.js";
import {
  type Checkpoint,
  type CheckpointDocument,
  describeTensors,
  DOCUMENT,
  eachGroup,
  type Group,
  type Grouped,
  groupNames,
  groups,
  parseDocument,
  type TensorType,
} from "./format.js";
import { checkpointMessages } from "./messages.js";
import { latestCheckpoint } from "./store.js";

/** What the program at hand needs of a checkpoint. */
export type Expectation = {
  readonly pipeline: string;
  readonly program: string;
  readonly fixed: Readonly<Record<string, string>>;
  /** Names of `fixed` that are not held to anything. */
  readonly free: (name: string) => boolean;
} & Grouped<ReadonlyMap<string, TensorType>>;

const LARGEST_DOCUMENT = 16 << 20;
const PIECE_BYTES = 1 << 20;

/** Loads the newest checkpoint of a run's folder for this program. */
export function loadLatest(root: string, expected: Expectation): Checkpoint {
  const folder = latestCheckpoint(root);
  if (folder === null) throw userError(checkpointMessages.none, { folder: root });
  return loadCheckpoint(folder, expected);
}

/** Loads one checkpoint: its files must be those that were written and, where given, fit what is expected. */
export function loadCheckpoint(folder: string, expected?: Expectation): Checkpoint {
  const document = readDocument(join(folder, DOCUMENT));
  // Before the tensors: a mismatch is told without reading gigabytes.
  if (expected !== undefined) requireFit(folder, document, expected);
  const { pipeline, program, step, position, fixed, broken = [] } = document;
  return { pipeline, program, step, position, fixed, broken, ...eachGroup((group) => readGroup(folder, document, group)) };
}

/** Parameters to compute with: no optimiser is read, and the step that made them does not matter. */
export type SavedParameters = {
  readonly folder: string;
  readonly step: number;
  readonly fixed: Readonly<Record<string, string>>;
  /** Hash of the file that holds them. */
  readonly sha256: string;
  readonly tensors: ReadonlyMap<string, HostArray>;
};

/** `path`: a run's folder, whose newest checkpoint is meant, or the folder of one checkpoint. */
export function loadParameters(path: string, pipeline: string, group: "model" | "ema"): SavedParameters {
  const folder = existsSync(join(path, DOCUMENT)) ? path : latestCheckpoint(path);
  if (folder === null) throw userError(checkpointMessages.noneToRead, { folder: path });
  const document = readDocument(join(folder, DOCUMENT));
  if (document.pipeline !== pipeline)
    throw userError(checkpointMessages.otherPipeline, { folder, found: document.pipeline, wanted: pipeline });
  const file = document.files[group];
  if (file === undefined) throw userError(checkpointMessages.noAverage, { folder });
  const { step, fixed } = document;
  return { folder, step, fixed, sha256: file.sha256, tensors: readGroup(folder, document, group) };
}

function readDocument(path: string): CheckpointDocument {
  const file = RandomAccessFile.open(path);
  try {
    if (file.size > LARGEST_DOCUMENT) throw userError(checkpointMessages.document, { file: path, reason: `it has ${file.size} bytes` });
    return parseDocument(path, Buffer.from(file.bytes(0, file.size) ?? []).toString("utf8"));
  } finally {
    file.close();
  }
}

function readGroup(folder: string, document: CheckpointDocument, group: Group): ReadonlyMap<string, HostArray> {
  const file = join(folder, groups[group].file);
  const fail = (reason: string) => userError(checkpointMessages.damaged, { file, reason });
  const [written, described] = [document.files[group], document.tensors[group]];
  if (written === undefined && described === undefined) return new Map();
  if (written === undefined || described === undefined) throw fail(`${DOCUMENT} tells its tensors or its hash, and not both`);
  const { bytes, sha256 } = written;
  const found = fingerprint(file);
  if (found.bytes !== bytes) throw fail(`it has ${found.bytes} bytes instead of ${bytes}`);
  if (found.sha256 !== sha256) throw fail("its content has another hash");
  const tensors = readSafetensors(file);
  const differences = compare(new Map(Object.entries(describeTensors(tensors))), new Map(Object.entries(described)));
  if (differences !== null) throw fail(`${DOCUMENT} describes other tensors: ${differences}`);
  return tensors;
}

/** Length and SHA-256 of a file, read piece by piece. */
export function fingerprint(path: string): { readonly bytes: number; readonly sha256: string } {
  const file = RandomAccessFile.open(path);
  try {
    const hash = createHash("sha256");
    const piece = new Uint8Array(PIECE_BYTES);
    for (let at = 0; at < file.size; at += PIECE_BYTES) {
      const part = piece.subarray(0, Math.min(PIECE_BYTES, file.size - at));
      file.read(at, part);
      hash.update(part);
    }
    return { bytes: file.size, sha256: hash.digest("hex") };
  } finally {
    file.close();
  }
}

function requireFit(folder: string, document: CheckpointDocument, expected: Expectation): void {
  if (document.pipeline !== expected.pipeline)
    throw userError(checkpointMessages.pipeline, { folder, found: document.pipeline, wanted: expected.pipeline });
  for (const group of groupNames) {
    const differences = compare(new Map(Object.entries(document.tensors[group] ?? {})), expected[group]);
    if (differences !== null) throw userError(checkpointMessages.tensors, { folder: basename(folder), group, differences });
  }
  for (const name of new Set([...Object.keys(document.fixed), ...Object.keys(expected.fixed)])) {
    if (expected.free(name)) continue;
    const [found, wanted] = [document.fixed[name], expected.fixed[name]];
    if (found !== wanted)
      throw userError(checkpointMessages.fixed, { folder, name, found: found ?? "nothing", wanted: wanted ?? "nothing" });
  }
  // Last: the other differences say more.
  if (document.program !== expected.program) throw userError(checkpointMessages.program, { folder });
}

/** What differs, by name; null where nothing does. */
function compare(found: ReadonlyMap<string, TensorType>, wanted: ReadonlyMap<string, TensorType>): string | null {
  const print = ({ dtype, shape }: TensorType) => `${dtype}[${shape.join(", ")}]`;
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  const surplus = [...found.keys()].filter((name) => !wanted.has(name));
  const different = [...found].flatMap(([name, type]) => {
    const other = wanted.get(name);
    return other === undefined || print(type) === print(other) ? [] : [`${name} is ${print(type)} instead of ${print(other)}`];
  });
  const parts = [
    ...(missing.length > 0 ? [`it lacks ${listed(missing)}`] : []),
    ...(surplus.length > 0 ? [`it also holds ${listed(surplus)}`] : []),
    ...(different.length > 0 ? [listed(different)] : []),
  ];
  return parts.length === 0 ? null : parts.join("; ");
}
