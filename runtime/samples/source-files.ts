import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { dataMessages } from "../data/messages.js";
import { reasonOf } from "../data/system-error.js";
import { userError } from "../user-error.js";
import { expandRange } from "./expand-range.js";
import { sourceMessages } from "./messages.js";

export type SourceFile = { readonly path: string; readonly kind: "tar" | "jsonl" };

const COMPRESSED = /\.(?:tgz|(?:tar|jsonl)\.(?:gz|bz2|xz|zst|lz4))$/;

/** The files that the user's paths stand for, in the order given; ranges are expanded and a folder gives its files by name. */
export const sourceFiles = (paths: readonly string[]): readonly SourceFile[] =>
  paths
    .flatMap((path) => (existsSync(path) ? [path] : expandRange(path)))
    .flatMap((path) => (isFolder(path) ? filesIn(path) : [kindOf(path)]));

const isFolder = (path: string): boolean => reaching(path, () => statSync(path).isDirectory());

function reaching<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === null) throw error;
    throw userError(dataMessages.cannotOpen, { file: path, reason });
  }
}

function kindOf(path: string): SourceFile {
  if (COMPRESSED.test(path)) throw userError(sourceMessages.compressed, { file: path });
  if (path.endsWith(".tar")) return { path, kind: "tar" };
  if (path.endsWith(".jsonl")) return { path, kind: "jsonl" };
  throw userError(sourceMessages.unknownKind, { file: path });
}

/** Licences and lists may lie beside the shards; what looks like data is never passed over in silence. */
function filesIn(folder: string): readonly SourceFile[] {
  const names = reaching(folder, () => readdirSync(folder)).filter((name) => !name.startsWith("."));
  // By code units, so that every machine has the same order.
  const wanted = names.filter((name) => /\.(?:tar|jsonl)$/.test(name) || COMPRESSED.test(name)).sort();
  if (wanted.length === 0) throw userError(sourceMessages.emptyFolder, { folder });
  const files = wanted.map((name) => kindOf(join(folder, name)));
  if (files.some(({ kind }) => kind !== files[0]?.kind))
    throw userError(sourceMessages.mixedFolder, { folder, example: files.find(({ kind }) => kind === "jsonl")?.path ?? "" });
  return files;
}
