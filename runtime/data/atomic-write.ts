import { createHash, randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { userError } from "../user-error.js";
import { dataMessages } from "./messages.js";
import { reasonOf } from "./system-error.js";

/** Takes the content piece by piece, so that a large file needs no copy of itself in memory. */
export type Sink = (bytes: Uint8Array) => void;
export type Written = { readonly bytes: number; readonly sha256: string };

/** Writes a new file and waits until it is on the disk. */
export function writeDurably(path: string, produce: (sink: Sink) => void): Written {
  const descriptor = openSync(path, "wx");
  try {
    const hash = createHash("sha256");
    let bytes = 0;
    produce((piece) => {
      let done = 0;
      while (done < piece.length) done += writeSync(descriptor, piece, done, piece.length - done);
      hash.update(piece);
      bytes += piece.length;
    });
    fsyncSync(descriptor);
    return { bytes, sha256: hash.digest("hex") };
  } finally {
    closeSync(descriptor);
  }
}

/** Waits until the names in a folder are on the disk; without it a rename may not survive a power cut. */
export function syncFolder(folder: string): void {
  // Windows can neither open nor sync a folder.
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A name beside `path` that nobody else uses; it starts with a dot and tells the process that made it. */
export const temporaryName = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);

/** A folder with those above it. One by one: Node's recursive mkdir never returns where a folder such as /proc refuses. */
export function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  const above = dirname(folder);
  if (above !== folder) makeFolders(above);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** A reader sees the old content or the new, never a part: written aside, synced, renamed. */
export function writeAtomically(path: string, produce: (sink: Sink) => void): Written {
  const aside = temporaryName(path);
  return reportingFailure(path, () => {
    makeFolders(dirname(path));
    try {
      const written = writeDurably(aside, produce);
      renameSync(aside, path);
      syncFolder(dirname(path));
      return written;
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    }
  });
}

/** Turns a refusal of the operating system into an error for the user. */
export function reportingFailure<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === null) throw error;
    throw userError(dataMessages.cannotWrite, { file: path, reason });
  }
}
