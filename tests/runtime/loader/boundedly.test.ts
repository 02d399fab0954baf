import { expect, test } from "vitest";
import { boundedly } from "../../../runtime/loader/boundedly.js";

test("results come in the order of the items, and no more are at work than allowed", async () => {
  let [now, most] = [0, 0];
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, (item * 7) % 5));
    now--;
    return item * item;
  };
  const items = Array.from({ length: 40 }, (_, i) => i);
  expect(await boundedly(items, work, 3)).toEqual(items.map((item) => item * item));
  expect(most).toBe(3);
  expect(await boundedly([], work)).toEqual([]);
});

test("work that never waits still lets others have their turn", async () => {
  let turns = 0;
  let going = true;
  const other = (): void => {
    turns++;
    if (going) setImmediate(other);
  };
  setImmediate(other);
  await boundedly(Array.from({ length: 256 }), async () => undefined);
  going = false;
  expect(turns).toBeGreaterThan(5);
});

test("a failure is passed on", async () => {
  await expect(
    boundedly([1, 2, 3], async (item) => {
      if (item === 2) throw new Error("two");
      return item;
    }),
  ).rejects.toThrow("two");
});

test("after a failure nothing new is begun, and it is told when nothing is at work any more", async () => {
  let [begun, now] = [0, 0];
  const work = async (item: number): Promise<void> => {
    begun++;
    now++;
    await new Promise((resolve) => setTimeout(resolve, item === 0 ? 1 : 20));
    now--;
    if (item === 0) throw new Error("the first");
  };
  await expect(boundedly([...Array(50).keys()], work, 4)).rejects.toThrow("the first");
  expect([begun, now]).toEqual([4, 0]);
});
