/** The cache as a whole: what is in it, what leaves when it grows past its limit, and emptying it. */
import { randomBytes } from "node:crypto";
import { lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Another process may hold an entry that it was just given and has not loaded yet, or be making one. */
const JUST_USED_MS = 60_000;
const ABANDONED_MS = 3_600_000;

type CacheEntry = {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
  /** The process that makes it, or made it and died before it was done; null once it is published. */
  readonly maker: number | null;
};

/** Only what the cache itself makes; anything else in the folder is somebody's and left alone. */
const published = /^[0-9a-f]{64}$/;
const unfinished = /^\.[0-9a-f]{64}\.(\d+)\.[0-9a-f]{12}\.tmp$/;

/** A name that nobody else uses, and no key is like. */
export const temporaryEntry = (key: string): string => `.${key}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;

/** Gone under its name at once, whatever is removed after that. */
export function removeEntry(root: string, key: string): void {
  const aside = join(root, temporaryEntry(key));
  try {
    renameSync(join(root, key), aside);
  } catch (error) {
    // Another process was faster.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

export type CacheUse = { readonly entries: number; readonly bytes: number };

export function cacheUse(root: string): CacheUse {
  return countOf(entriesOf(root));
}

/** Removes the least recently used until the rest fits, but nothing of `inUse`: keys that this process holds. */
export function evict(root: string, limit: number, inUse: ReadonlySet<string>): void {
  const entries = [...entriesOf(root)].sort((a, b) => a.usedAt - b.usedAt);
  let { bytes } = countOf(entries);
  for (const entry of entries) {
    const spared = inUse.has(entry.name) || Date.now() - entry.usedAt < JUST_USED_MS;
    if (!isAbandoned(entry) && (entry.maker !== null || spared || bytes <= limit)) continue;
    remove(root, entry);
    bytes -= entry.bytes;
  }
}

/** Removes everything that no process is making just now. A process that has loaded a library keeps it: an open file outlives its name. */
export function emptyCache(root: string): CacheUse {
  const removed = entriesOf(root).filter((entry) => entry.maker === null || isAbandoned(entry));
  for (const entry of removed) remove(root, entry);
  return countOf(removed);
}

const countOf = (entries: readonly CacheEntry[]): CacheUse => ({
  entries: entries.filter(({ maker }) => maker === null).length,
  bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
});

function entriesOf(root: string): readonly CacheEntry[] {
  return namesIn(root).flatMap((name) => {
    const maker = unfinished.exec(name)?.[1];
    if (maker === undefined && !published.test(name)) return [];
    const status = lstatSync(join(root, name), { throwIfNoEntry: false });
    if (status === undefined) return [];
    return [{ name, bytes: bytesIn(join(root, name)), usedAt: status.mtimeMs, maker: maker === undefined ? null : Number(maker) }];
  });
}

const bytesIn = (folder: string): number =>
  namesIn(folder).reduce((sum, name) => sum + (lstatSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);

/** None where the folder is gone, or was no folder. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function remove(root: string, { name, maker }: CacheEntry): void {
  if (maker === null) removeEntry(root, name);
  else rmSync(join(root, name), { recursive: true, force: true });
}

/** A number of a process says little to another machine or container that shares the folder; after an hour it is not asked. */
function isAbandoned({ maker, usedAt }: CacheEntry): boolean {
  const age = Date.now() - usedAt;
  return maker !== null && (age > ABANDONED_MS || (age > JUST_USED_MS && !isRunning(maker)));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
