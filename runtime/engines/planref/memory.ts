/**
 * All bytes of a plan in one ArrayBuffer. What was never written, or was freed, holds a poison that reads as NaN in every float
 * type and as no value of any other; a read of it throws, and so does every access past a buffer's end.
 */
import type { DType } from "../../../compiler/graph/type.js";
import { dtypeBytes } from "../../../compiler/graph/type.js";
import type { BufferId, Plan, PlanBuffer } from "../../../compiler/plan/plan.js";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../../data/half.js";

/** A NaN as f64, f32, f16 and bf16; as bool neither 0 nor 1; as an integer one that no program counts to. */
const POISON = 0x7ff77ff7;

export class PlanViolation extends Error {}

type Stored = Float64Array | Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;
type Storage = {
  readonly view: (bytes: ArrayBuffer, offset: number, count: number) => Stored;
  readonly decode: (x: number) => number;
  readonly encode: (x: number) => number;
  readonly isPoison: (x: number) => boolean;
};
const same = (x: number): number => x;
const isNaNish = (x: number): boolean => x !== x;

const storage = {
  f64: { view: (b, o, n) => new Float64Array(b, o, n), decode: same, encode: same, isPoison: isNaNish },
  f32: { view: (b, o, n) => new Float32Array(b, o, n), decode: same, encode: same, isPoison: isNaNish },
  f16: { view: (b, o, n) => new Uint16Array(b, o, n), decode: f16ToF32, encode: f32ToF16, isPoison: (x) => x === (POISON & 0xffff) },
  bf16: { view: (b, o, n) => new Uint16Array(b, o, n), decode: bf16ToF32, encode: f32ToBf16, isPoison: (x) => x === (POISON & 0xffff) },
  i32: { view: (b, o, n) => new Int32Array(b, o, n), decode: same, encode: same, isPoison: (x) => x === POISON },
  u32: { view: (b, o, n) => new Uint32Array(b, o, n), decode: same, encode: same, isPoison: (x) => x === POISON },
  bool: { view: (b, o, n) => new Uint8Array(b, o, n), decode: same, encode: same, isPoison: (x) => x > 1 },
} as const satisfies Record<DType, Storage>;

/** The elements of one buffer, every access checked. */
export class Cells {
  readonly buffer: PlanBuffer;
  readonly #stored: Stored;
  readonly #words: Int32Array;
  readonly #storage: Storage;

  constructor(buffer: PlanBuffer, bytes: ArrayBuffer, offset: number) {
    this.buffer = buffer;
    this.#storage = storage[buffer.dtype];
    const count = buffer.bytes / dtypeBytes[buffer.dtype];
    this.#stored = this.#storage.view(bytes, offset, count);
    this.#words = new Int32Array(bytes, offset, Math.ceil(buffer.bytes / 4));
  }

  get length(): number {
    return this.#stored.length;
  }

  get(at: number): number {
    const x = this.#stored[at];
    if (x === undefined) throw new PlanViolation(`reads element ${at} of ${this.#stored.length} of ${this.describe()}`);
    if (this.#storage.isPoison(x) && this.#isPoisoned(at))
      throw new PlanViolation(`reads element ${at} of ${this.describe()}, which holds no value`);
    return this.#storage.decode(x);
  }
  /** As it is stored: 16-bit floats as bits. */
  stored(at: number): number {
    this.get(at);
    return this.#stored[at] ?? 0;
  }
  set(at: number, value: number): void {
    if (at < 0 || at >= this.#stored.length)
      throw new PlanViolation(`writes element ${at} of ${this.#stored.length} of ${this.describe()}`);
    this.#stored[at] = this.#storage.encode(value);
  }

  /** A NaN of the program has other bits than the poison. */
  #isPoisoned(at: number): boolean {
    const size = dtypeBytes[this.buffer.dtype];
    return size < 4 || this.#words[(at * size) / 4] === POISON;
  }
  describe(): string {
    return `buffer ${this.buffer.id} (${this.buffer.name})`;
  }
  poison(): void {
    this.#words.fill(POISON);
  }
}

export class PlanMemory {
  readonly #cells = new Map<BufferId, Cells>();
  readonly #places = new Map<BufferId, { readonly from: number; readonly to: number }>();
  readonly #live = new Set<BufferId>();
  readonly bytes: number;
  /** Bytes of the buffers that hold a value now. */
  liveBytes = 0;

  constructor(plan: Plan) {
    const aligned = (bytes: number): number => Math.ceil(bytes / plan.target.alignment) * plan.target.alignment;
    const given = plan.buffers.filter(({ offset }) => offset === null);
    this.bytes = given.reduce((sum, { bytes }) => sum + aligned(bytes), aligned(plan.arenaBytes));
    const memory = new ArrayBuffer(this.bytes);
    new Int32Array(memory).fill(POISON);
    let next = aligned(plan.arenaBytes);
    for (const buffer of plan.buffers) {
      const from = buffer.offset ?? next;
      if (buffer.offset === null) next += aligned(buffer.bytes);
      else if (from + buffer.bytes > plan.arenaBytes) throw new PlanViolation(`buffer ${buffer.id} (${buffer.name}) leaves the arena`);
      this.#places.set(buffer.id, { from, to: from + buffer.bytes });
      this.#cells.set(buffer.id, new Cells(buffer, memory, from));
    }
  }

  cells(id: BufferId): Cells {
    const cells = this.#cells.get(id);
    if (cells === undefined) throw new Error(`no buffer ${id}`);
    return cells;
  }

  /** A buffer comes to life with its first write; no byte of it may be another's then. */
  wrote(id: BufferId): void {
    if (this.#live.has(id)) return;
    const mine = this.#place(id);
    for (const other of this.#live) {
      const theirs = this.#place(other);
      if (mine.from < theirs.to && theirs.from < mine.to)
        throw new PlanViolation(`${this.cells(id).describe()} is written over ${this.cells(other).describe()}`);
    }
    this.#live.add(id);
    this.liveBytes += this.cells(id).buffer.bytes;
  }
  free(id: BufferId): void {
    this.#end(id);
    this.cells(id).poison();
  }
  /** The bytes are another buffer's from here on: not poisoned, for that one is written as this one is read. */
  handOver(id: BufferId): void {
    this.#end(id);
  }
  isLive(id: BufferId): boolean {
    return this.#live.has(id);
  }

  #end(id: BufferId): void {
    if (!this.#live.delete(id)) throw new PlanViolation(`frees ${this.cells(id).describe()}, which is not alive`);
    this.liveBytes -= this.cells(id).buffer.bytes;
  }
  #place(id: BufferId): { readonly from: number; readonly to: number } {
    return this.#places.get(id) ?? { from: 0, to: 0 };
  }
}
