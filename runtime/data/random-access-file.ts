import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { reasonOf } from "./system-error.js";
import { dataMessages } from "./messages.js";
import { userError } from "../user-error.js";

// A single read call is limited to 2 GiB - 1 by Node and Linux.
const LARGEST_READ = 1 << 30;

/**
 * A file read by position. `size` is the real one and bounds every length that the content claims.
 * Reads are synchronous: gathering rows means many small reads of cached pages, where a promise costs more than the read.
 */
export class RandomAccessFile {
  readonly path: string;
  /** bytes */
  readonly size: number;
  readonly #descriptor: number;

  private constructor(path: string, size: number, descriptor: number) {
    this.path = path;
    this.size = size;
    this.#descriptor = descriptor;
  }

  static open(path: string): RandomAccessFile {
    try {
      // Before opening: opening a pipe would wait for its writer.
      if (!statSync(path).isFile()) throw userError(dataMessages.notRegular, { file: path });
      const descriptor = openSync(path, "r");
      return new RandomAccessFile(path, fstatSync(descriptor).size, descriptor);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === null) throw error;
      throw userError(dataMessages.cannotOpen, { file: path, reason });
    }
  }

  /** Fills `into` from `offset`. The caller has checked the range against `size`. */
  read(offset: number, into: Uint8Array): void {
    let done = 0;
    while (done < into.length) {
      const count = readSync(this.#descriptor, into, done, Math.min(into.length - done, LARGEST_READ), offset + done);
      if (count === 0) throw userError(dataMessages.changedWhileRead, { file: this.path, at: offset + done, wanted: offset + into.length });
      done += count;
    }
  }

  /** `length` bytes from `offset`, or null where the file ends before. */
  bytes(offset: number, length: number): Uint8Array<ArrayBuffer> | null {
    if (offset + length > this.size) return null;
    const into = new Uint8Array(length);
    this.read(offset, into);
    return into;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
