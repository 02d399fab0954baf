/** Something read by position; `RandomAccessFile` is one. */
export type Reader = { readonly size: number; read(offset: number, into: Uint8Array): void };

/** Reads neighbouring pieces of a file with few calls: with what is asked for come the bytes after it, up to `ahead` in all. */
export class FileWindow {
  readonly #reader: Reader;
  #buffer: Uint8Array;
  #start = 0;
  #length = 0;

  constructor(reader: Reader, ahead: number) {
    this.#reader = reader;
    this.#buffer = new Uint8Array(ahead);
  }

  get size(): number {
    return this.#reader.size;
  }

  /** Bytes that the next call may overwrite; null where the file ends before. The caller has bounded the length. */
  view(offset: number, length: number): Uint8Array | null {
    if (offset + length > this.size) return null;
    if (offset < this.#start || offset + length > this.#start + this.#length) {
      if (length > this.#buffer.length) this.#buffer = new Uint8Array(length);
      this.#length = 0;
      const bytes = Math.min(this.#buffer.length, this.size - offset);
      this.#reader.read(offset, this.#buffer.subarray(0, bytes));
      [this.#start, this.#length] = [offset, bytes];
    }
    return this.#buffer.subarray(offset - this.#start, offset - this.#start + length);
  }
}
