/**
 * Compiled libraries, by a key that says everything they were made from. An entry is a folder:
 *
 *   <key>/library.so    what is loaded
 *   <key>/entry.json    its length and SHA-256
 *
 * A writer fills a folder of a name of its own, syncs it and renames it as a whole, so a reader sees all of an entry or none.
 * Of two processes that build the same key both compile, the first rename stands, and the second takes what stands there.
 *
 * A library is hashed before it is loaded, which finds what a crash, a disk or a careless hand did to it. Between the hash
 * and dlopen lies a moment; only this user can write to the folder (cache-folder.ts), and who is this user needs no cache
 * to run code.
 */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, lstatSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syncFolder, writeDurably } from "../../../data/atomic-write.js";
import { parseBytes } from "../../../parse-bytes.js";
import { userError } from "../../../user-error.js";
import { messages } from "../messages.js";
import { evict, removeEntry, temporaryEntry } from "./cache-entries.js";
import { cachePlace, openCacheFolder } from "./cache-folder.js";
import type { Environment } from "./find-compiler.js";

export const FORMAT_VERSION = 2;
const DEFAULT_LIMIT = 512 * 2 ** 20;
/** No generated library comes near; a sparse file of terabytes must not be read. */
const LONGEST_LIBRARY = 256 * 2 ** 20;
const LONGEST_ENTRY = 4096;

export type Kept = { readonly path: string; readonly notes: readonly string[] /** After loading. */; readonly release: () => void };

/** A private folder in which a library is made; its file is `library.so`. */
export type Stage = { readonly folder: string; readonly library: string; publish(): Kept; discard(): void };

export type Cache = {
  /** Null: every library is built in a private folder that is gone after loading. */
  readonly folder: string | null;
  /** For stderr, once: why nothing is kept, where that was not asked for. */
  readonly notes: readonly string[];
  /** The library of a key, if it is there and whole. What is there and not whole is removed, and `notes` says so. */
  find(key: string): { readonly kept: Kept | null; readonly notes: readonly string[] };
  stage(key: string): Stage;
};

export function openCache({
  useCache = true,
  environment = process.env,
}: {
  readonly useCache?: boolean;
  readonly environment?: Environment;
} = {}): Cache {
  if (!useCache) return withoutCache([]);
  const place = cachePlace(environment);
  const limit = cacheLimit(environment);
  const opened = openCacheFolder(place);
  return opened.usable
    ? inFolder(place.folder, limit)
    : withoutCache([`compiled libraries are not kept: ${place.folder}: ${opened.reason}`]);
}

/** Bytes. */
export function cacheLimit(environment: Environment = process.env): number {
  const text = environment["SIG_CACHE_MAX"] ?? "";
  const limit = text === "" ? DEFAULT_LIMIT : parseBytes(text);
  if (limit === null) throw userError(messages.cacheLimit, { text }, 2);
  return limit;
}

export const keyOf = (parts: object): string =>
  createHash("sha256")
    .update(JSON.stringify({ formatVersion: FORMAT_VERSION, ...parts }))
    .digest("hex");

/** Keys that this process has been given: it may be about to load them. */
const inUse = new Set<string>();

function inFolder(root: string, limit: number): Cache {
  const find: Cache["find"] = (key) => {
    const folder = join(root, key);
    const fault = faultOf(folder);
    if (fault === "absent") return { kept: null, notes: [] };
    if (fault !== null) {
      removeEntry(root, key);
      return { kept: null, notes: [`${join(folder, "library.so")} is not what was built (${fault}): it was removed and is built again`] };
    }
    inUse.add(key);
    if (!touch(folder)) return { kept: null, notes: [] };
    return { kept: { path: join(folder, "library.so"), notes: [], release: () => undefined }, notes: [] };
  };

  const stage = (key: string): Stage => {
    const folder = join(root, temporaryEntry(key));
    mkdirSync(folder, { mode: 0o700 });
    const library = join(folder, "library.so");
    const discard = (): void => rmSync(folder, { recursive: true, force: true });
    const publish = (): Kept => {
      sealEntry(folder, library);
      for (let attempt = 1; ; attempt++) {
        try {
          inUse.add(key);
          renameSync(folder, join(root, key));
          syncFolder(root);
          break;
        } catch (error) {
          if (!isOccupied(error) || attempt === 3) throw error;
          // Another process was first. What it built is taken if it is whole, and else `find` has removed it.
          const { kept } = find(key);
          if (kept === null) continue;
          discard();
          return kept;
        }
      }
      evict(root, limit, inUse);
      return { path: join(root, key, "library.so"), notes: [], release: () => undefined };
    };
    return { folder, library, publish, discard };
  };

  return { folder: root, notes: [], find, stage };
}

/** False where another process has just removed it, to make room. */
function touch(folder: string): boolean {
  try {
    const now = new Date();
    utimesSync(folder, now, now);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code !== "ENOENT";
  }
}

function withoutCache(notes: readonly string[]): Cache {
  const stage = (): Stage => {
    const folder = mkdtempSync(join(tmpdir(), "sig-native-"));
    const library = join(folder, "library.so");
    const discard = (): void => rmSync(folder, { recursive: true, force: true });
    return { folder, library, publish: () => ({ path: library, notes: [], release: discard }), discard };
  };
  return { folder: null, notes, find: () => ({ kept: null, notes: [] }), stage };
}

const isOccupied = (error: unknown): boolean =>
  error instanceof Error && "code" in error && ["EEXIST", "ENOTEMPTY", "ENOTDIR"].includes(String(error.code));

function sealEntry(folder: string, library: string): void {
  const descriptor = openSync(library, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  const bytes = readFileSync(library);
  const entry = { formatVersion: FORMAT_VERSION, bytes: bytes.length, sha256: sha256(bytes) };
  writeDurably(join(folder, "entry.json"), (sink) => sink(Buffer.from(`${JSON.stringify(entry)}\n`)));
  syncFolder(folder);
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Null where the library of an entry is what was published. Nothing here is trusted before it is measured. */
function faultOf(folder: string): string | null {
  try {
    const status = lstatSync(folder);
    if (!status.isDirectory()) return "its entry is no folder";
    const description = readBounded(join(folder, "entry.json"), LONGEST_ENTRY);
    const entry = description === null ? null : parseEntry(description.toString("utf8"));
    if (entry === null) return "its entry cannot be read";
    const library = readBounded(join(folder, "library.so"), LONGEST_LIBRARY);
    if (library === null) return "it is no plain file";
    if (library.length !== entry.bytes) return `it has ${library.length} bytes in place of ${entry.bytes}`;
    return sha256(library) === entry.sha256 ? null : "its SHA-256 differs";
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return error.code === "ENOENT" && !exists(folder) ? "absent" : `it cannot be read: ${String(error.code)}`;
  }
}

function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Null for what is no plain file, or longer than it can be. */
function readBounded(path: string, most: number): Buffer | null {
  const status = lstatSync(path);
  return status.isFile() && status.size <= most ? readFileSync(path) : null;
}

function parseEntry(text: string): { readonly bytes: number; readonly sha256: string } | null {
  try {
    const entry: unknown = JSON.parse(text);
    if (typeof entry !== "object" || entry === null || !("bytes" in entry) || !("sha256" in entry)) return null;
    const { bytes, sha256: hash } = entry;
    return typeof bytes === "number" && typeof hash === "string" ? { bytes, sha256: hash } : null;
  } catch {
    return null;
  }
}
