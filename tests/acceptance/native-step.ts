/**
 * One SigLIP step on the native engine in a process of its own: node … native-step.ts N WIDTH. Prints as JSON how much resident memory
 * the step added at its peak beyond inputs and gradients. The address space is cut before the step to what it may need.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { nativeSiglip } from "./native-siglip.js";

const [n = 1024, width = 768] = process.argv.slice(2).map(Number);

/** Bytes. */
function memory(field: "VmRSS" | "VmHWM" | "VmSize"): number {
  const line = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"));
  return Number(line?.[1]) * 1024;
}

const { plan, inputs, executable } = await nativeSiglip(n, width);
const gradients = plan.buffers.reduce((sum, { role, bytes }) => (role === "result" ? sum + bytes : sum), 0);
// Whatever of it is going to be collected was allocated before.
(globalThis as { gc?: () => void }).gc?.();
execFileSync("prlimit", [`--pid=${process.pid}`, `--as=${memory("VmSize") + gradients + 64 * 2 ** 20}`]);
writeFileSync("/proc/self/clear_refs", "5");
const before = memory("VmRSS");
const { outputs, stats } = await executable.run(plan, { inputs });
const beyond = memory("VmHWM") - before - gradients;
const loss = outputs.get("loss")?.data[0];
process.stdout.write(JSON.stringify({ beyond, gradients, loss, planned: plan.peakBytes, measured: stats.measuredPeakBytes }));
process.exit(0);
