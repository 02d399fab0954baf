import { describe, expect, test } from "vitest";
import { goesOn, type Phase, summarise, timeSteps } from "../../../runtime/bench/time-steps.js";

/** Steps that take what the list says, in milliseconds, on a clock that nothing else moves. */
async function timed(durations: readonly number[], warmup: Phase, phase: Phase, stopAfter = Infinity, between = 0) {
  let [now, k, betweens] = [0, 0, 0];
  const step = async (): Promise<void> => void (now += durations[k++] ?? durations.at(-1) ?? 0);
  const timing = await timeSteps(step, warmup, phase, {
    now: () => now,
    tell: () => undefined,
    between: async () => {
      betweens++;
      now += between;
    },
    stopped: () => k >= stopAfter,
  });
  return { ...timing, steps: k, betweens };
}
const phase = (fields: Partial<Phase>): Phase => ({ steps: 0, fewest: 0, least: 0, most: 1e9, ...fields });

describe("timeSteps", () => {
  test("the first, slow steps are no part of the answer", async () => {
    const found = await timed([500, 90, 3, 1, 2], phase({ steps: 2 }), phase({ steps: 3 }));
    expect(found).toEqual({ warmup: 2, timed: 3, medianMs: 2, minMs: 1, maxMs: 3, spread: 0.5, steps: 5, betweens: 3 });
  });

  test("what is done between timed steps is neither timed nor part of the phase's time", async () => {
    const found = await timed([10], phase({ steps: 1 }), phase({ steps: 100, fewest: 2, most: 0.05 }), Infinity, 1000);
    expect(found).toMatchObject({ timed: 5, betweens: 5, medianMs: 10, maxMs: 10 });
  });

  test("where one step takes longer than all the time, two are timed and no more", async () => {
    const found = await timed([40_000], phase({ steps: 2, fewest: 1, most: 5 }), phase({ steps: 5, fewest: 2, most: 10 }));
    expect([found.warmup, found.timed]).toEqual([1, 2]);
  });

  test("short steps go on until the clock can tell them apart from nothing", async () => {
    expect((await timed([0.1], phase({}), phase({ steps: 5, least: 0.5 }))).timed).toBeGreaterThanOrEqual(5000);
  });

  test("an interrupt ends it at a whole step", async () => {
    expect((await timed([1], phase({ steps: 2 }), phase({ steps: 100 }), 7)).steps).toBe(7);
  });
});

test("what is asked for is done even where there is no time for it: fewest goes before most", () => {
  expect(goesOn(phase({ steps: 5, fewest: 2, most: 1 }), 1, 100)).toBe(true);
  expect(goesOn(phase({ steps: 5, fewest: 2, most: 1 }), 2, 100)).toBe(false);
});

test("the median of an even number lies between the middle two, and no order is taken for granted", () => {
  expect(summarise([9, 1, 4, 2]).medianMs).toBe(3);
});

test("one interrupted step among many moves neither median nor spread", () => {
  const { medianMs, spread, maxMs } = summarise([...Array.from({ length: 99 }, (_, k) => 10 + k / 100), 5000]);
  expect([medianMs, maxMs]).toEqual([expect.closeTo(10.495, 6), 5000]);
  expect(spread).toBeLessThan(0.05);
});
