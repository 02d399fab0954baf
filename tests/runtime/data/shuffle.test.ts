import { describe, expect, test } from "vitest";
import { type Batch, batches, epochBatches, permutation, type Position } from "../../../runtime/data/shuffle.js";

const start: Position = { seed: 7, epoch: 0, row: 0 };
const take = (count: number, from: Iterator<Batch>): Batch[] =>
  Array.from({ length: count }, () => {
    const next = from.next();
    if (next.done) throw new Error("ended");
    return next.value;
  });

describe("permutation", () => {
  test.each([0, 1, 2, 3, 10, 67, 1000])("of %i rows holds each once", (rows) => {
    expect([...permutation(rows, 1, 2)].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
  });

  test("depends on seed and on epoch, and on nothing else", () => {
    const of = (seed: number, epoch: number) => permutation(100, seed, epoch).join();
    expect(of(1, 0)).toBe(of(1, 0));
    expect(new Set([of(1, 0), of(1, 1), of(2, 0), of(2 ** 32 + 1, 0)]).size).toBe(4);
  });

  test("all 24 orders of four rows are equally frequent (chi-squared, 12,000 epochs)", () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 12_000; epoch++) {
      const order = permutation(4, 3, epoch).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // 23 degrees of freedom: 58 is beyond the 99.99th percentile.
    expect([...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)).toBeLessThan(58);
  });

  test("is the same on every machine and in every release: data orders are part of a checkpoint", () => {
    expect([...permutation(10, 7, 0)]).toEqual([4, 0, 5, 1, 9, 3, 7, 8, 2, 6]);
  });
});

describe("batches", () => {
  test("drop leaves the rest of an epoch out, keep gives it", () => {
    const sizes = (partial: "drop" | "keep") => [...epochBatches(10, 4, start, partial)].map(({ indices }) => indices.length);
    expect(sizes("drop")).toEqual([4, 4]);
    expect(sizes("keep")).toEqual([4, 4, 2]);
    expect([...epochBatches(8, 4, start, "keep")].length).toBe(2);
  });

  test.each(["drop", "keep"] as const)("resumed after any batch, the rest is the same (%s)", (partial) => {
    for (const rows of [4, 8, 10, 11]) {
      const whole = take(12, batches(rows, 4, start, partial));
      for (let at = 0; at < 8; at++) {
        const resumed = take(4, batches(rows, 4, whole[at]?.next ?? start, partial));
        expect(resumed).toEqual(whole.slice(at + 1, at + 5));
      }
    }
  });

  test("each epoch uses every row once when the batch divides", () => {
    const epoch = take(3, batches(12, 4, start)).flatMap(({ indices }) => [...indices]);
    expect(new Set(epoch).size).toBe(12);
  });

  test("a batch larger than the data is refused instead of never coming", () => {
    expect(() => batches(3, 4, start).next()).toThrow("a batch of 4 does not fit in 3 rows");
    expect(() => batches(0, 4, start, "keep").next()).toThrow("0 rows");
    expect(take(1, batches(3, 4, start, "keep"))[0]?.indices.length).toBe(3);
  });
});
