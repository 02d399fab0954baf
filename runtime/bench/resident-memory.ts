/** What the operating system says of this process's memory. It counts what no allocator tells of: heaps, stacks, pages of libraries. */
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes that are resident, and the most that ever were. */
export type Resident = { readonly now: number; readonly peak: number };

/** Null where the system has no /proc. */
function resident(): Resident | null {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const [now, peak] = ["VmRSS", "VmHWM"].map((key) => new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
    return now === undefined || peak === undefined ? null : { now: Number(now) * 1024, peak: Number(peak) * 1024 };
  } catch {
    return null;
  }
}

/** Lets the peak begin anew at what is resident now; false where that is not allowed. */
function forgetPeak(): boolean {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return true;
  } catch {
    return false;
  }
}

/** Garbage that lies around at the start and is collected later would hide growth of its size. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 2; round++) {
    collect();
    // Memory of array buffers is given back by a task of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** From here on: the most bytes that came to be resident over those that are now. Null where the system does not tell. */
export async function watchGrowth(): Promise<() => number | null> {
  await collectGarbage();
  const forgotten = forgetPeak();
  const before = resident();
  return () => {
    const after = resident();
    return before === null || after === null ? null : growth(before, after, forgotten);
  };
}

/** Where the peak from before the start still stands, and nothing has passed it, it says nothing. */
export const growth = (before: Resident, after: Resident, forgotten: boolean): number | null =>
  forgotten || after.peak > before.peak ? Math.max(0, after.peak - before.now) : null;
