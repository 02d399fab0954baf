import { describe, expect, test } from "vitest";
import { Prefetch } from "../../../runtime/loader/prefetch.js";

/** Numbers from 0, each of 100 bytes, and how many were asked for. */
function numbers(failAt = Infinity) {
  const state = { made: 0, closed: false };
  async function* source(): AsyncGenerator<number, never> {
    try {
      for (;;) {
        await Promise.resolve();
        if (state.made === failAt) throw new Error(`number ${failAt} is broken`);
        yield state.made++;
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, source: source() };
}
const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

describe("prefetch", () => {
  test("runs ahead up to its bound and no further, and goes on as items are taken", async () => {
    const { state, source } = numbers();
    const ahead = new Prefetch(source, () => 100, 350);
    await settle();
    expect(state.made).toBe(3);
    expect([await ahead.next(), await ahead.next()]).toEqual([0, 1]);
    await settle();
    expect(state.made).toBe(5);
    expect(ahead.peakBytes).toBe(300);
    await ahead.close();
    expect(state.closed).toBe(true);
  });

  test("small items are not made by the thousand", async () => {
    const { state, source } = numbers();
    const ahead = new Prefetch(source, () => 1, 1 << 20);
    await settle();
    expect(state.made).toBe(8);
    await ahead.close();
  });

  test("where not even one fits, each is made when it is asked for", async () => {
    const { state, source } = numbers();
    const ahead = new Prefetch(source, () => 100, 99);
    expect([await ahead.next(), await ahead.next(), await ahead.next()]).toEqual([0, 1, 2]);
    await settle();
    expect(state.made).toBe(3);
    expect(ahead.peakBytes).toBe(100);
    await ahead.close();
  });

  test("a failure comes in its place, after what was ready", async () => {
    const ahead = new Prefetch(numbers(2).source, () => 100, 1000);
    await settle();
    expect([await ahead.next(), await ahead.next()]).toEqual([0, 1]);
    await expect(ahead.next()).rejects.toThrow("number 2 is broken");
    await expect(ahead.next()).rejects.toThrow("number 2 is broken");
    await ahead.close();
  });

  test("close waits for what is on its way", async () => {
    let finished = false;
    async function* slow(): AsyncGenerator<number, never> {
      for (;;) {
        await settle();
        finished = true;
        yield 0;
      }
    }
    const ahead = new Prefetch(slow(), () => 100, 100);
    await ahead.close();
    expect(finished).toBe(true);
    await expect(ahead.next()).rejects.toThrow("closed");
  });
});
