/** Op engines dispose of a tensor at its `free`: one too early is a crash or a wrong number, one too late is memory. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { placeFrees, type ScheduleItem } from "../../../compiler/plan/place-frees.js";
import type { BufferId, PlanStatement } from "../../../compiler/plan/plan.js";

const span = { file: "test.sig", start: 0, end: 0 };

/** Leaf k makes buffer k and reads earlier ones. */
const leaf = (k: BufferId, reads: readonly BufferId[]): ScheduleItem => ({
  kind: "leaf",
  statement: { kind: "cut", from: reads[0] ?? 0, axes: [], out: k, span },
  makes: [k],
  reads,
  consumes: [],
});
const loop = (items: readonly ScheduleItem[], makes: readonly BufferId[] = []): ScheduleItem => ({
  kind: "loop",
  loop: { kind: "for", loop: 0, name: "i", extent: 4, step: 2 },
  makes,
  items,
});

/** `c2`: the cut that makes buffer 2; `f2`: its free; a loop in parentheses. */
const show = (statements: readonly PlanStatement[]): string =>
  statements
    .map((s) => (s.kind === "for" ? `(${show(s.body)})` : s.kind === "cut" ? `c${s.out}` : s.kind === "free" ? `f${s.buffer}` : s.kind))
    .join(" ");

const none = new Set<BufferId>();

test("a buffer is freed after its last reader, one that nobody reads at once, a survivor never", () => {
  const items = [leaf(0, []), leaf(1, []), leaf(2, [0]), leaf(3, [0, 2])];
  expect(show(placeFrees(items, new Set([3])))).toBe("c0 c1 f1 c2 c3 f0 f2");
});

test("what a loop reads lives until the loop is done; what it makes inside dies inside", () => {
  const items = [leaf(0, []), loop([leaf(1, [0]), leaf(2, [1])]), leaf(3, [])];
  expect(show(placeFrees(items, none))).toBe("c0 (c1 c2 f1 f2) f0 c3 f3");
});

test("an accumulator that a loop makes outlives the loop, up to its reader", () => {
  const items = [loop([leaf(1, [])], [0]), leaf(2, []), leaf(3, [0])];
  expect(show(placeFrees(items, new Set([2, 3])))).toBe("(c1 f1) c2 c3 f0");
});

test("what a statement consumes is not freed again", () => {
  const items: readonly ScheduleItem[] = [leaf(0, []), { ...leaf(1, []), kind: "leaf", consumes: [0] } as ScheduleItem];
  expect(show(placeFrees(items, new Set([1])))).toBe("c0 c1");
});

test("in any straight list each free stands straight after the last statement that mentions the buffer", () => {
  const programs = fc.array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(programs, (lists) => {
      const reads = lists.map((list, k) => list.filter((buffer) => buffer < k));
      const placed = placeFrees(
        reads.map((list, k) => leaf(k, list)),
        none,
      );
      let made = -1;
      const deaths = new Map<BufferId, number>();
      for (const statement of placed) {
        if (statement.kind === "cut") made = statement.out;
        if (statement.kind === "free") {
          expect(deaths.has(statement.buffer)).toBe(false);
          deaths.set(statement.buffer, made);
        }
      }
      for (const [k] of reads.entries())
        expect(deaths.get(k)).toBe(Math.max(k, ...reads.flatMap((list, at) => (list.includes(k) ? [at] : []))));
    }),
  );
});
