/** Where one sample lies in its file. `note` is for the reader of that kind of file. */
export type Place = { readonly start: number; readonly end: number; readonly note: number };

/** The places of all samples in 20 bytes each: two offsets of eight bytes and a note of four. */
export class SampleTable {
  #starts = new Float64Array(1024);
  #ends = new Float64Array(1024);
  #notes = new Uint32Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(start: number, end: number, note: number): void {
    if (this.#count === this.#starts.length) this.#resize(Math.max(this.#count * 2, 1024));
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#notes[this.#count] = note;
    this.#count++;
  }

  at(i: number): Place {
    if (!(Number.isInteger(i) && i >= 0 && i < this.#count)) throw new Error(`sample ${i} of ${this.#count}`);
    return { start: this.#starts[i] ?? 0, end: this.#ends[i] ?? 0, note: this.#notes[i] ?? 0 };
  }

  /** Gives back what growing has reserved. */
  trim(): void {
    this.#resize(this.#count);
  }

  #resize(length: number): void {
    const grown = <T extends Float64Array | Uint32Array>(into: T, from: T): T => {
      into.set(from.subarray(0, length));
      return into;
    };
    this.#starts = grown(new Float64Array(length), this.#starts);
    this.#ends = grown(new Float64Array(length), this.#ends);
    this.#notes = grown(new Uint32Array(length), this.#notes);
  }
}
