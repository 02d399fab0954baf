/** Offsets in one block of bytes for buffers that are not all needed at once. */
import type { BufferId } from "./plan.js";

export type Tenant = { readonly id: BufferId; readonly bytes: number; readonly from: number; readonly to: number };
export type Placed = Tenant & { readonly offset: number };

export type Arena = { readonly offsets: ReadonlyMap<BufferId, number>; readonly bytes: number };

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
  const groups = new Map<BufferId, { tenant: Tenant; members: BufferId[] }>();
  const rootOf = (id: BufferId): BufferId => {
    const from = handovers.get(id);
    return from === undefined ? id : rootOf(from);
  };
  for (const tenant of tenants) {
    const root = rootOf(tenant.id);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, { tenant: { ...tenant, id: root }, members: [tenant.id] });
    else {
      const { bytes, from, to } = group.tenant;
      group.tenant = { id: root, bytes: Math.max(bytes, tenant.bytes), from: Math.min(from, tenant.from), to: Math.max(to, tenant.to) };
      group.members.push(tenant.id);
    }
  }
  const waiting = [...groups.values()].sort(
    (a, b) => b.tenant.bytes - a.tenant.bytes || a.tenant.from - b.tenant.from || a.tenant.id - b.tenant.id,
  );
  /** By rising offset. */
  const placed: Placed[] = [];
  const offsets = new Map<BufferId, number>();
  for (const { tenant, members } of waiting) {
    const bytes = roundUp(tenant.bytes + guardBytes, alignment);
    let offset = 0;
    for (const other of placed) {
      if (!overlap(other, tenant)) continue;
      if (other.offset >= offset + bytes) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    const after = placed.findIndex((other) => other.offset > offset);
    placed.splice(after < 0 ? placed.length : after, 0, { ...tenant, bytes, offset });
    for (const id of members) offsets.set(id, offset);
  }
  return { offsets, bytes: placed.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), 0) };
}

/**
 * The first two tenants that hold one byte at one time; null where the arena is sound. A buffer whose last step is another's
 * first may hand its place over whole: there one kernel reads an element of the one just before it writes that of the other.
 */
export function findOverlap(placed: readonly Placed[]): readonly [Placed, Placed] | null {
  const byOffset = placed.filter(({ bytes }) => bytes > 0).sort((a, b) => a.offset - b.offset);
  const handsOver = (a: Placed, b: Placed): boolean => a.to === b.from && a.offset === b.offset && a.bytes === b.bytes;
  for (const [k, a] of byOffset.entries())
    for (const b of byOffset.slice(k + 1)) {
      if (b.offset >= a.offset + a.bytes) break;
      if (overlap(a, b) && !handsOver(a, b) && !handsOver(b, a)) return [a, b];
    }
  return null;
}
