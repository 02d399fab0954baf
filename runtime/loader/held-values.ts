import type { Picture } from "../pictures/picture.js";

/** What an example is between two transforms. */
export type Held =
  | { readonly kind: "picture"; readonly picture: Picture }
  | { readonly kind: "floats"; readonly values: Float32Array; readonly height: number; readonly width: number }
  | { readonly kind: "texts"; readonly texts: readonly string[] }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "ids"; readonly ids: Int32Array }
  | { readonly kind: "number"; readonly value: number };

/** What an object beside its content takes, roughly. */
const OBJECT_BYTES = 64;

export function heldBytes(held: Held): number {
  switch (held.kind) {
    case "picture":
      return OBJECT_BYTES + held.picture.pixels.byteLength;
    case "floats":
      return OBJECT_BYTES + held.values.byteLength;
    case "texts":
      return held.texts.reduce((sum, text) => sum + OBJECT_BYTES + 2 * text.length, OBJECT_BYTES);
    case "text":
      return OBJECT_BYTES + 2 * held.text.length;
    case "ids":
      return OBJECT_BYTES + held.ids.byteLength;
    case "number":
      break;
  }
  return OBJECT_BYTES;
}

/**
 * Values that were dear to make, up to so many bytes. What came first stays: each pass takes the samples in another order and each
 * once, so that making room for a newer one would on average drop one that is needed sooner.
 */
export class HeldValues {
  readonly #limit: number;
  readonly #values = new Map<string, Held>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Of all that is kept; never above the limit. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#values.size;
  }

  get(entry: string, row: number): Held | null {
    return this.#values.get(`${row} ${entry}`) ?? null;
  }

  keep(entry: string, row: number, held: Held): void {
    const key = `${row} ${entry}`;
    const bytes = heldBytes(held) + OBJECT_BYTES;
    if (this.#values.has(key) || this.#bytes + bytes > this.#limit) return;
    this.#values.set(key, held);
    this.#bytes += bytes;
  }
}
