/** As many items as even out a slow one; more would only take the cores from whoever uses them. */
const MOST_AHEAD = 8;

/** Runs ahead of whoever takes from it, a few items and as far as a bound on bytes allows. */
export class Prefetch<T> {
  readonly #source: AsyncIterator<T>;
  readonly #bytesOf: (item: T) => number;
  readonly #limit: number;
  readonly #ready: { readonly item: T; readonly bytes: number }[] = [];
  #held = 0;
  #peak = 0;
  /** What the next item will take: as much as the last. */
  #expected = 0;
  #failure: { readonly reason: unknown } | null = null;
  #closed = false;
  #wanted = false;
  #making: Promise<void> | null = null;
  #wake: () => void = () => undefined;

  /** The source never ends by itself. */
  constructor(source: AsyncIterator<T>, bytesOf: (item: T) => number, limit: number) {
    this.#source = source;
    this.#bytesOf = bytesOf;
    this.#limit = limit;
    this.#run();
  }

  /** The most bytes that were ready at any time. */
  get peakBytes(): number {
    return this.#peak;
  }

  /** What the source throws is thrown here, after what was ready before it. */
  async next(): Promise<T> {
    while (this.#ready.length === 0) {
      if (this.#failure !== null) throw this.#failure.reason;
      if (this.#closed) throw new Error("nothing comes from what is closed");
      this.#wanted = true;
      this.#run();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const first = this.#ready.shift();
    if (first === undefined) throw new Error("nothing is ready");
    this.#held -= first.bytes;
    this.#run();
    return first.item;
  }

  /** Ends when nothing is on its way any more, so that files may be closed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#making;
    this.#ready.length = 0;
    await this.#source.return?.();
  }

  #run(): void {
    const room = this.#held + this.#expected <= this.#limit && this.#ready.length < MOST_AHEAD;
    if (this.#making !== null || this.#closed || this.#failure !== null || !(room || this.#wanted)) return;
    this.#making = this.#make();
  }

  async #make(): Promise<void> {
    try {
      const { value, done } = await this.#source.next();
      if (done === true) throw new Error("a source of batches has ended");
      const item: T = value;
      const bytes = this.#bytesOf(item);
      this.#ready.push({ item, bytes });
      this.#wanted = false;
      this.#held += bytes;
      this.#expected = bytes;
      this.#peak = Math.max(this.#peak, this.#held);
    } catch (reason) {
      this.#failure = { reason };
    }
    this.#making = null;
    this.#wake();
    this.#run();
  }
}
