/** Where the buffers of a nest of statements die: each is freed straight after its last use, in the list that makes it. */
import type { BufferId, PlanStatement } from "./plan.js";

type Leaf = Exclude<PlanStatement, { kind: "for" } | { kind: "free" }>;

/** A statement and what it does to buffers; a loop also `makes` the accumulators that its body fills. */
export type ScheduleItem =
  | {
      readonly kind: "leaf";
      readonly statement: Leaf;
      readonly makes: readonly BufferId[];
      readonly reads: readonly BufferId[];
      readonly consumes: readonly BufferId[];
    }
  | {
      readonly kind: "loop";
      readonly loop: Omit<Extract<PlanStatement, { kind: "for" }>, "body">;
      readonly makes: readonly BufferId[];
      readonly items: readonly ScheduleItem[];
    };

export const mentions = (item: ScheduleItem, buffer: BufferId): boolean =>
  item.makes.includes(buffer) ||
  (item.kind === "leaf"
    ? item.reads.includes(buffer) || item.consumes.includes(buffer)
    : item.items.some((inner) => mentions(inner, buffer)));

function mentionedBy(item: ScheduleItem): readonly BufferId[] {
  return item.kind === "leaf" ? [...item.makes, ...item.reads, ...item.consumes] : [...item.makes, ...item.items.flatMap(mentionedBy)];
}

export function placeFrees(items: readonly ScheduleItem[], survivors: ReadonlySet<BufferId>): readonly PlanStatement[] {
  const lastUse = new Map<BufferId, number>();
  items.forEach((item, at) => {
    for (const buffer of mentionedBy(item)) lastUse.set(buffer, at);
  });
  const dying = items.map((): BufferId[] => []);
  const consumed = new Set(items.flatMap((item) => (item.kind === "leaf" ? item.consumes : [])));
  for (const buffer of items.flatMap((item) => item.makes))
    if (!survivors.has(buffer) && !consumed.has(buffer)) dying[lastUse.get(buffer) ?? 0]?.push(buffer);
  return items.flatMap((item, at) => [
    item.kind === "leaf" ? item.statement : { ...item.loop, body: placeFrees(item.items, survivors) },
    ...(dying[at] ?? []).map((buffer): PlanStatement => ({ kind: "free", buffer })),
  ]);
}
