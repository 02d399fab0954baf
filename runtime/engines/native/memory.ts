/** One block of native memory, on huge pages where the system grants them, and views of it. */
import type { Library } from "./library.js";

/** Memory whose owner has gone, and how many views of it are left. */
type Block = { views: number; readonly free: () => void };

/** Frees blocks whose views outlived their owner. */
const abandoned = new FinalizationRegistry<Block>((block) => {
  block.views -= 1;
  if (block.views === 0) block.free();
});

export class NativeMemory {
  readonly address: bigint;
  readonly bytes: number;
  readonly #library: Library;
  readonly #views = new Map<string, ArrayBuffer>();

  constructor(library: Library, bytes: number) {
    this.#library = library;
    this.bytes = bytes;
    this.address = library.takeMemory(bytes);
  }

  /** A part of it; all of it may be more than an ArrayBuffer holds. Whoever keeps a view keeps the memory, past `release` too. */
  view(offset: number, bytes: number): ArrayBuffer {
    if (offset < 0 || bytes < 0 || offset + bytes > this.bytes) throw new Error(`no ${bytes} bytes at ${offset} of ${this.bytes}`);
    if (bytes === 0) return new ArrayBuffer(0);
    const key = `${offset}:${bytes}`;
    const view = this.#views.get(key) ?? this.#library.viewOf(this.address + BigInt(offset), bytes);
    this.#views.set(key, view);
    return view;
  }

  bytesAt(offset: number, bytes: number): Uint8Array {
    return new Uint8Array(this.view(offset, bytes));
  }

  release(): void {
    const { address, bytes } = this;
    const { freeMemory } = this.#library;
    const block: Block = { views: this.#views.size, free: () => freeMemory(address, bytes) };
    if (block.views === 0) block.free();
    for (const view of this.#views.values()) abandoned.register(view, block);
    this.#views.clear();
  }
}
