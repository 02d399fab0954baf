import { setImmediate } from "node:timers/promises";

/** Samples that are read and decoded at the same time: sharp has four threads, and each may hold a whole photograph. */
const AT_ONCE = 8;
/** Where all is at hand nothing waits, and an engine that is done would not be heard before the last item is. */
const ITEMS_A_TURN = 2;

/** The results of all items, in their order, a few at a time. */
export async function boundedly<T, R>(items: readonly T[], work: (item: T) => Promise<R>, atOnce = AT_ONCE): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let done = 1; next < items.length; done++) {
      const k = next++;
      // Below the length, so it is there; T itself may be undefined.
      results[k] = await work(items[k] as T);
      if (done % ITEMS_A_TURN === 0) await setImmediate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
