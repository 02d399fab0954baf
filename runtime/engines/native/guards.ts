/** Bytes of the arena that no buffer of a plan ever covers hold a pattern: a kernel that writes past its end is found out. */
import type { Plan } from "../../../compiler/plan/plan.js";

const PATTERN = 0xa5;

/** The gaps, in order. */
function gaps({ buffers, arenaBytes }: Plan): readonly (readonly [number, number])[] {
  const taken = buffers
    .flatMap(({ offset, bytes }) => (offset === null ? [] : [[offset, offset + bytes] as const]))
    .sort((a, b) => a[0] - b[0]);
  const found: (readonly [number, number])[] = [];
  let end = 0;
  for (const [from, to] of [...taken, [arenaBytes, arenaBytes] as const]) {
    if (from > end) found.push([end, from]);
    end = Math.max(end, to);
  }
  return found;
}

/** What lies in an arena from an offset on. */
type Arena = { readonly bytesAt: (offset: number, bytes: number) => Uint8Array };

export function fillGuards(plan: Plan, arena: Arena): void {
  for (const [from, to] of gaps(plan)) arena.bytesAt(from, to - from).fill(PATTERN);
}

export function checkGuards(plan: Plan, arena: Arena): void {
  for (const [from, to] of gaps(plan)) {
    const bytes = arena.bytesAt(from, to - from);
    for (let at = from; at < to; at++)
      if (bytes[at - from] !== PATTERN) {
        const owner = plan.buffers
          .filter(({ offset }) => offset !== null && offset <= at)
          .sort((a, b) => (b.offset ?? 0) - (a.offset ?? 0))[0];
        throw new Error(
          `byte ${at} of the arena was written, which belongs to no buffer; before it lies ${owner?.name ?? "nothing"}#${owner?.id ?? -1}`,
        );
      }
  }
}
