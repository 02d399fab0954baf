/** Many SigLIP steps on the native engine: node … native-steps.ts N WIDTH STEPS. Prints resident memory after a fifth of them, and at the end. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { nativeSiglip } from "./native-siglip.js";

const [n = 256, width = 64, steps = 10_000] = process.argv.slice(2).map(Number);

/**
 * KiB of anonymous memory, all garbage gone. The collector frees array buffers on a thread of its own after it has
 * returned, tens of MiB of results here, so it gets several goes with time between. Pages of files (the node
 * executable, libraries) are left out: the system drops them and reads them again as others need memory.
 */
async function resident(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    (globalThis as { gc?: () => void }).gc?.();
    await sleep(20);
  }
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

const { plan, inputs, executable } = await nativeSiglip(n, width);
let early = 0;
for (let step = 0; step < steps; step++) {
  if (step === steps / 5) early = await resident();
  await executable.run(plan, { inputs });
}
process.stdout.write(JSON.stringify({ early, late: await resident() }));
process.exit(0);
