import * as fc from "fast-check";
import { expect, test } from "vitest";
import { coarsestWithin, type Costs, type Levels } from "../../../compiler/plan/search-levels.js";

/** Costs that fall with each level: groups share the peak or have peaks of their own. */
type World = { readonly finest: number; readonly start: Levels; readonly weights: readonly number[]; readonly apart: boolean };

const worlds = fc.integer({ min: 1, max: 4 }).chain((groups) =>
  fc.record({
    finest: fc.constant(5),
    start: fc.array(fc.nat(3), { minLength: groups, maxLength: groups }),
    weights: fc.array(fc.nat(20), { minLength: groups, maxLength: groups }),
    apart: fc.boolean(),
  }),
);

function counted({ finest, weights, apart }: World, noise: (levels: Levels) => number = () => 0) {
  const asked = { least: 0, peak: 0 };
  const alive = (levels: Levels): number => {
    const each = levels.map((level, k) => (weights[k] ?? 0) * 2 ** (finest - level));
    return apart ? Math.max(...each) : each.reduce((a, b) => a + b, 0);
  };
  const costs: Costs = {
    leastBytes: (levels) => (asked.least++, alive(levels)),
    peakBytes: (levels) => (asked.peak++, alive(levels) + noise(levels)),
  };
  return { costs, asked, peak: (levels: Levels) => alive(levels) + noise(levels) };
}

const everyChoice = ({ start, finest }: World): readonly Levels[] =>
  start.reduce<readonly Levels[]>(
    (outer, from) => outer.flatMap((before) => Array.from({ length: finest - from + 1 }, (_, k) => [...before, from + k])),
    [[]],
  );

test("fits where anything does, and then no group can be coarser", () => {
  fc.assert(
    fc.property(worlds, fc.nat(3000), (world, budget) => {
      // What packing leaves between.
      const { costs, peak } = counted(world, () => 300);
      const found = coarsestWithin(budget, world.start, world.finest, costs);
      const peaks = everyChoice(world).map(peak);
      if (peaks.every((bytes) => bytes > budget)) expect(peak(found)).toBe(Math.min(...peaks));
      else {
        expect(peak(found)).toBeLessThanOrEqual(budget);
        for (const [k, level] of found.entries())
          if (level > (world.start[k] ?? 0)) expect(peak(found.with(k, level - 1))).toBeGreaterThan(budget);
      }
    }),
  );
});

test("a packing that is worse with the smallest blocks hides nothing that fits", () => {
  const world: World = { finest: 5, start: [0, 0], weights: [1, 1], apart: false };
  const { costs, peak } = counted(world, (levels) => (levels[0] === 5 ? 10 : 0));
  const best = Math.min(...everyChoice(world).map(peak));
  const found = coarsestWithin(best, world.start, world.finest, costs);
  expect(peak(found)).toBe(best);
  expect(peak(coarsestWithin(0, world.start, world.finest, costs))).toBe(best);
});

test("twenty groups of twenty levels take tens of measures, not hundreds", () => {
  const groups = 20;
  for (const apart of [true, false])
    for (const share of [0, 0.001, 0.01, 0.1, 0.5, 0.9, 1]) {
      const world: World = { finest: 20, start: Array(groups).fill(2), weights: Array.from({ length: groups }, (_, k) => 1 + k), apart };
      const { costs, asked, peak } = counted(world);
      const [least, most] = [peak(Array(groups).fill(20)), peak(world.start)];
      coarsestWithin(least + share * (most - least), world.start, world.finest, costs);
      expect(asked.least).toBeLessThanOrEqual(7 + 6 * groups);
      expect(asked.peak).toBeLessThanOrEqual(7 + 4 * groups);
    }
});
