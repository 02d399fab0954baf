import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { growth, watchGrowth } from "../../../runtime/bench/resident-memory.js";

const MIB = 2 ** 20;

/** Holds that many bytes for a moment: what is not written is not resident. */
function touch(bytes: number): void {
  new Uint8Array(bytes).fill(1);
}

test("sees memory that was held and given back, and not what lay there before", async ({ skip }) => {
  if (!existsSync("/proc/self/clear_refs")) skip("no /proc/self/clear_refs: this system does not tell");
  // An older, larger peak, which a counter that never falls would report.
  touch(192 * MIB);
  const grown = await watchGrowth();
  touch(64 * MIB);
  const found = grown();
  if (found === null) return skip("an earlier peak hides this one: clear_refs is not allowed here");
  expect(found).toBeGreaterThan(60 * MIB);
  expect(found).toBeLessThan(120 * MIB);
});

test("a peak that is older than the start says nothing", () => {
  expect(growth({ now: 100, peak: 500 }, { now: 200, peak: 500 }, false)).toBeNull();
  expect(growth({ now: 100, peak: 500 }, { now: 200, peak: 700 }, false)).toBe(600);
  expect(growth({ now: 100, peak: 101 }, { now: 100, peak: 101 }, true)).toBe(1);
});
