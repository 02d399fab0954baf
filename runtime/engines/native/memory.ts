/** One block of native memory, on huge pages where the system grants them, and views of it. */
import type { Library } from "./library.js";

type Block = { readonly address: bigint; readonly bytes: number; readonly free: (address: bigint, bytes: number) => void };

/** Frees blocks whose views outlived their owner. */
const abandoned = new FinalizationRegistry<Block>(({ address, bytes, free }) => free(address, bytes));

export class NativeMemory {
  readonly address: bigint;
  readonly bytes: number;
  readonly #library: Library;
  #buffer: ArrayBuffer | null = null;

  constructor(library: Library, bytes: number) {
    this.#library = library;
    this.bytes = bytes;
    this.address = library.takeMemory(bytes);
  }

  /** All of it. Whoever keeps a view keeps the memory, past `release` too. */
  get buffer(): ArrayBuffer {
    this.#buffer ??= this.#library.viewOf(this.address, this.bytes);
    return this.#buffer;
  }

  release(): void {
    const block: Block = { address: this.address, bytes: this.bytes, free: this.#library.freeMemory };
    if (this.#buffer === null) block.free(block.address, block.bytes);
    else abandoned.register(this.#buffer, block);
    this.#buffer = null;
  }
}
