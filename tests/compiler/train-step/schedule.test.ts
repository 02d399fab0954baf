import { describe, expect, test } from "vitest";
import type { ScheduleSpec } from "../../../compiler/lower/program.js";
import { scheduleAt, warmupSteps } from "../../../compiler/train-step/schedule.js";

const spec = (kind: ScheduleSpec["kind"], warmup: ScheduleSpec["warmup"], final = 0): ScheduleSpec => ({ kind, warmup, final });
const none = { unit: "steps", value: 0 } as const;
const all = (s: ScheduleSpec, steps: number): readonly number[] =>
  Array.from({ length: steps }, (_, step) => scheduleAt(s, { steps, batch: 32 }, step));
const close = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, k) => expect(actual[k]).toBeCloseTo(value, 14));
};

describe("warm-up", () => {
  test("rises in equal parts; the first step is not without effect", () => {
    close(all(spec("constant", { unit: "steps", value: 4 }), 6), [0.25, 0.5, 0.75, 1, 1, 1]);
  });
  test("counts examples by the batch, and fractions by the run", () => {
    const run = { steps: 200, batch: 32 };
    expect(warmupSteps({ unit: "examples", value: 1000 }, run)).toBe(32);
    expect(warmupSteps({ unit: "examples", value: 960 }, run)).toBe(30);
    expect(warmupSteps({ unit: "fraction", value: 0.05 }, run)).toBe(10);
    expect(warmupSteps({ unit: "fraction", value: 0.07 }, { steps: 100, batch: 1 })).toBe(7);
    expect(warmupSteps(none, run)).toBe(0);
  });
  test("longer than the run never reaches 1", () => {
    close(all(spec("cosine", { unit: "steps", value: 10 }), 3), [0.1, 0.2, 0.3]);
  });
});

describe("decay", () => {
  test("linear ends at the final value with the last step", () => {
    close(all(spec("linear", none, 0.2), 5), [1, 0.8, 0.6, 0.4, 0.2]);
  });
  test("cosine is half way down in the middle", () => {
    close(all(spec("cosine", none), 5), [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2, 0]);
    close(all(spec("cosine", none, 0.1), 3), [1, 0.55, 0.1]);
  });
  test("starts from the top of the warm-up, without a step of 1 too many", () => {
    close(all(spec("linear", { unit: "steps", value: 2 }), 6), [0.5, 1, 0.75, 0.5, 0.25, 0]);
  });
  test("stays at the final value past the end, and a constant at 1", () => {
    const run = { steps: 5, batch: 1 };
    expect(scheduleAt(spec("cosine", none, 0.3), run, 99)).toBeCloseTo(0.3, 14);
    expect(scheduleAt(spec("constant", none, 0.3), run, 99)).toBe(1);
  });
  test("a run of one step has a number", () => {
    expect(scheduleAt(spec("cosine", none), { steps: 1, batch: 1 }, 0)).toBe(0);
    expect(scheduleAt(spec("constant", none), { steps: 1, batch: 1 }, 0)).toBe(1);
  });
});
