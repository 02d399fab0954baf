import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findOverlap, packArena, type Placed, type Tenant } from "../../../compiler/plan/arena.js";

const tenants = fc
  .array(fc.record({ bytes: fc.nat(500), from: fc.nat(30), length: fc.nat(12) }), { maxLength: 40 })
  .map((list) => list.map(({ bytes, from, length }, id): Tenant => ({ id, bytes, from, to: from + length })));
const alignment = 16;
const none = new Map<number, number>();

const place = (list: readonly Tenant[], offsets: ReadonlyMap<number, number>): readonly Placed[] =>
  list.map((t) => ({ ...t, offset: offsets.get(t.id) ?? -1 }));

/** Every byte at every step, one by one. */
function firstSharedByte(placed: readonly Placed[]): string | null {
  const owner = new Map<string, number>();
  for (const { id, bytes, from, to, offset } of placed)
    for (let step = from; step <= to; step++)
      for (let byte = offset; byte < offset + bytes; byte++) {
        const key = `${step}:${byte}`;
        if (owner.has(key)) return `${owner.get(key)} and ${id} at step:byte ${key}`;
        owner.set(key, id);
      }
  return null;
}

test("no byte has two owners at one step, whatever the lifetimes", () => {
  fc.assert(
    fc.property(tenants, (list) => {
      const { offsets, bytes } = packArena(list, none, alignment);
      const placed = place(list, offsets);
      expect(firstSharedByte(placed)).toBeNull();
      for (const { offset, bytes: own } of placed) {
        expect(offset % alignment).toBe(0);
        expect(offset + own).toBeLessThanOrEqual(bytes);
      }
    }),
    { numRuns: 60 },
  );
});

test("the overlap check agrees with looking at every byte of random, mostly bad, placements", () => {
  fc.assert(
    fc.property(tenants, fc.array(fc.nat(60), { minLength: 40, maxLength: 40 }), (list, at) => {
      const placed = list.slice(0, 6).map((t, k) => ({ ...t, offset: (at[k] ?? 0) * alignment }));
      const handsOver = placed.some((a) => placed.some((b) => a !== b && a.to === b.from && a.offset === b.offset && a.bytes === b.bytes));
      fc.pre(!handsOver);
      expect(findOverlap(placed) === null).toBe(firstSharedByte(placed) === null);
    }),
    { numRuns: 200 },
  );
});

test("lives that never meet need no more than the largest", () => {
  const list = [100, 300, 200].map((bytes, id): Tenant => ({ id, bytes, from: 2 * id, to: 2 * id + 1 }));
  expect(packArena(list, none, 1).bytes).toBe(300);
});

test("a chain of handovers has one place, kept for the whole chain", () => {
  const list: readonly Tenant[] = [
    { id: 0, bytes: 64, from: 0, to: 1 },
    { id: 1, bytes: 64, from: 1, to: 2 },
    { id: 2, bytes: 64, from: 2, to: 5 },
    { id: 3, bytes: 64, from: 4, to: 5 },
  ];
  const { offsets, bytes } = packArena(
    list,
    new Map([
      [1, 0],
      [2, 1],
    ]),
    64,
  );
  expect([0, 1, 2].map((id) => offsets.get(id))).toEqual([0, 0, 0]);
  expect(bytes).toBe(128);
  expect(findOverlap(place(list, offsets))).toBeNull();
});

test("guard bytes stand behind every buffer, also the last", () => {
  const list = [0, 1].map((id): Tenant => ({ id, bytes: 64, from: 0, to: 1 }));
  const { offsets, bytes } = packArena(list, none, 64, 8);
  expect([...offsets.values()].sort((a, b) => a - b)).toEqual([0, 128]);
  expect(bytes).toBe(256);
});
