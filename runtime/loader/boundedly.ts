import { setImmediate } from "node:timers/promises";

/** Samples that are read and decoded at the same time: sharp has four threads, and each may hold a whole photograph. */
const AT_ONCE = 8;
/** Where all is at hand nothing waits, and an engine that is done would not be heard before the last item is. */
const ITEMS_A_TURN = 2;

/** The results of all items, in their order, a few at a time. After a failure nothing new is begun, and it is told when nothing is on its way. */
export async function boundedly<T, R>(items: readonly T[], work: (item: T) => Promise<R>, atOnce = AT_ONCE): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let done = 1; next < items.length; done++) {
      const k = next++;
      // Below the length, so it is there; T itself may be undefined.
      try {
        results[k] = await work(items[k] as T);
      } catch (error) {
        next = items.length;
        throw error;
      }
      if (done % ITEMS_A_TURN === 0) await setImmediate();
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
  return results;
}
