import type { Span } from "../../grammar/span.js";
import { asNumber, degree, printSize, sameSize, type Size } from "../graph/size.js";

/** Where a size comes from, in words that finish "768 comes from …". */
export type Origin = { readonly span: Span; readonly words: string };

/**
 * One axis of a value: a size and its origin. An index whose range is not known yet has an open one; `unify` closes it.
 * Union-find without ranks: chains are as short as a definition is deep.
 */
export class Dimension {
  #size: Size | null;
  #link: Dimension | null = null;
  readonly #origin: Origin;

  private constructor(size: Size | null, origin: Origin) {
    this.#size = size;
    this.#origin = origin;
  }

  static of(size: Size, origin: Origin): Dimension {
    return new Dimension(size, origin);
  }

  static open(origin: Origin): Dimension {
    return new Dimension(null, origin);
  }

  #root(): Dimension {
    return this.#link === null ? this : this.#link.#root();
  }

  get size(): Size | null {
    return this.#root().#size;
  }

  get origin(): Origin {
    return this.#root().#origin;
  }

  /** The plain number, or null where the size is a batch's or still open. */
  get constant(): number | null {
    return this.size === null ? null : asNumber(this.size);
  }

  /** Does it grow with a batch? */
  get grows(): boolean {
    return this.size !== null && degree(this.size) > 0;
  }

  /** The size once checking is over; an open one by then is our mistake. */
  get closed(): Size {
    const size = this.size;
    if (size === null) throw new Error(`the size of ${this.origin.words} was never inferred`);
    return size;
  }

  /** Makes two axes one. False where their sizes differ. */
  unify(other: Dimension): boolean {
    const [a, b] = [this.#root(), other.#root()];
    if (a === b) return true;
    if (a.#size === null) a.#link = b;
    else if (b.#size === null) b.#link = a;
    else return sameSize(a.#size, b.#size);
    return true;
  }

  /** As messages print it; `?` while it is open. */
  get text(): string {
    return this.size === null ? "?" : printSize(this.size);
  }
}
