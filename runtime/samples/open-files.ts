import { RandomAccessFile } from "../data/random-access-file.js";
import { userError } from "../user-error.js";
import type { Reader } from "./file-window.js";
import { sourceMessages } from "./messages.js";

/** A process may have about a thousand files open, and a set may have more shards. */
const MOST_OPEN = 64;

/** Files opened when they are read; the one used longest ago is closed for the next. */
export class OpenFiles {
  readonly #open = new Map<string, RandomAccessFile>();
  #closed = false;

  /** A reader that outlives the file's being closed for another. `size` is what the file had when its samples were counted. */
  reader(path: string, size: number): Reader {
    return { size, read: (offset, into) => this.#get(path, size).read(offset, into) };
  }

  #get(path: string, size: number): RandomAccessFile {
    if (this.#closed) throw new Error(`${path} is read after the samples were closed`);
    const file = this.#open.get(path) ?? RandomAccessFile.open(path);
    // Put last again: a map keeps its order.
    this.#open.delete(path);
    if (file.size !== size) {
      file.close();
      throw userError(sourceMessages.changed, { file: path, before: size, now: file.size });
    }
    this.#open.set(path, file);
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size > MOST_OPEN) {
      this.#open.delete(oldest[0]);
      oldest[1].close();
    }
    return file;
  }

  close(): void {
    this.#closed = true;
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }
}
