/** Many SigLIP steps on the native engine: node … native-steps.ts N WIDTH STEPS. Prints resident memory after a fifth of them, and at the end. */
import { readFileSync } from "node:fs";
import { nativeSiglip } from "./native-siglip.js";

const [n = 256, width = 64, steps = 10_000] = process.argv.slice(2).map(Number);

/** KiB, after the collector ran: garbage that waits for it is no leak. */
function resident(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

const { plan, inputs, executable } = await nativeSiglip(n, width);
let early = 0;
for (let step = 0; step < steps; step++) {
  if (step === steps / 5) early = resident();
  await executable.run(plan, { inputs });
}
process.stdout.write(JSON.stringify({ early, late: resident() }));
process.exit(0);
