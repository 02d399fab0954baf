/** Offsets in one block of bytes for buffers that are not all needed at once. */
import { firstThat } from "./first-that.js";
import { mostAlive } from "./live-bytes.js";
import type { BufferId } from "./plan.js";

export type Tenant = { readonly id: BufferId; readonly bytes: number; readonly from: number; readonly to: number };
export type Placed = Tenant & { readonly offset: number };

export type Arena = { readonly offsets: ReadonlyMap<BufferId, number>; readonly bytes: number };

/** Tenants of one place, one after the other. `id`: the first of them. */
type Household = { id: BufferId; bytes: number; from: number; to: number; readonly members: BufferId[] };

const overlap = (a: Tenant, b: Tenant): boolean => a.from <= b.to && b.from <= a.to;
const roundUp = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

/**
 * Largest first, each at the lowest offset that is free for its whole life. A result that takes over an operand's bytes
 * (`handovers`: result → operand) shares its place: the chain is placed as one.
 */
export function packArena(
  tenants: readonly Tenant[],
  handovers: ReadonlyMap<BufferId, BufferId>,
  alignment: number,
  guardBytes = 0,
): Arena {
  const waiting = householdsOf(tenants, handovers).sort((a, b) => b.bytes - a.bytes || a.from - b.from || a.id - b.id);
  const site = new Site(waiting.length);
  const offsets = new Map<BufferId, number>();
  for (const { bytes, from, to, members } of waiting) {
    const offset = site.place(roundUp(bytes + guardBytes, alignment), from, to);
    for (const id of members) offsets.set(id, offset);
  }
  return { offsets, bytes: site.bytes };
}

/** The most bytes alive at one step: no packing needs fewer. */
export function leastArena(
  tenants: readonly Tenant[],
  handovers: ReadonlyMap<BufferId, BufferId>,
  alignment: number,
  guardBytes = 0,
): number {
  const households = householdsOf(tenants, handovers);
  return mostAlive(households.map(({ bytes, from, to }) => ({ from, to, bytes: roundUp(bytes + guardBytes, alignment) })));
}

function householdsOf(tenants: readonly Tenant[], handovers: ReadonlyMap<BufferId, BufferId>): Household[] {
  const households = new Map<BufferId, Household>();
  for (const { id, bytes, from, to } of tenants) {
    let root = id;
    for (let before = handovers.get(root); before !== undefined; before = handovers.get(root)) root = before;
    const known = households.get(root);
    if (known === undefined) households.set(root, { id: root, bytes, from, to, members: [id] });
    else {
      known.bytes = Math.max(known.bytes, bytes);
      known.from = Math.min(known.from, from);
      known.to = Math.max(known.to, to);
      known.members.push(id);
    }
  }
  return [...households.values()];
}

/** Who lies where and when, by rising offset: flat numbers, since each newcomer is held against all who are there. */
class Site {
  readonly #offset: Float64Array;
  readonly #end: Float64Array;
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  #count = 0;
  bytes = 0;

  constructor(most: number) {
    this.#offset = new Float64Array(most);
    this.#end = new Float64Array(most);
    this.#from = new Float64Array(most);
    this.#to = new Float64Array(most);
  }

  place(bytes: number, from: number, to: number): number {
    const [offsets, ends, froms, tos] = [this.#offset, this.#end, this.#from, this.#to];
    let offset = 0;
    for (let k = 0; k < this.#count; k++) {
      if ((froms[k] ?? 0) > to || (tos[k] ?? 0) < from) continue;
      if ((offsets[k] ?? 0) >= offset + bytes) break;
      offset = Math.max(offset, ends[k] ?? 0);
    }
    const at = firstThat((k) => (offsets[k] ?? 0) > offset, 0, this.#count);
    for (const [list, value] of [
      [offsets, offset],
      [ends, offset + bytes],
      [froms, from],
      [tos, to],
    ] as const) {
      list.copyWithin(at + 1, at, this.#count);
      list[at] = value;
    }
    this.#count++;
    this.bytes = Math.max(this.bytes, offset + bytes);
    return offset;
  }
}

/**
 * The first two tenants that hold one byte at one time; null where the arena is sound. A buffer whose last step is another's
 * first may hand its place over whole: there one kernel reads an element of the one just before it writes that of the other.
 */
export function findOverlap(placed: readonly Placed[]): readonly [Placed, Placed] | null {
  const byOffset = placed.filter(({ bytes }) => bytes > 0).sort((a, b) => a.offset - b.offset);
  const handsOver = (a: Placed, b: Placed): boolean => a.to === b.from && a.offset === b.offset && a.bytes === b.bytes;
  for (const [k, a] of byOffset.entries())
    for (let l = k + 1; l < byOffset.length; l++) {
      const b = byOffset[l];
      if (b === undefined || b.offset >= a.offset + a.bytes) break;
      if (overlap(a, b) && !handsOver(a, b) && !handsOver(b, a)) return [a, b];
    }
  return null;
}
