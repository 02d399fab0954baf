/**
 * One SigLIP step on the native engine in a process of its own: node … native-step.ts N WIDTH. Prints as JSON how much resident memory
 * the step added at its peak beyond inputs and gradients. The address space is cut before the step to what it may need.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { bind } from "../../compiler/bind.js";
import { type HostArray, hostArray } from "../../runtime/data/host-array.js";
import { createNativeEngine } from "../../runtime/engines/native/engine.js";
import { compileText, readPipelineFile } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";

const [n = 1024, width = 768] = process.argv.slice(2).map(Number);
const KIB = 1024;

/** Bytes. */
function memory(field: "VmRSS" | "VmHWM" | "VmSize"): number {
  const line = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"));
  return Number(line?.[1]) * KIB;
}

const source = readPipelineFile("siglip.sig");
if (source === null) throw new Error("siglip.sig is missing");
const engine = await createNativeEngine({ threads: 2 });
const { template } = compileText(source.text, { target: engine.target("f32"), sets: { width: String(width) } });
const bound = bind(template, { n });
if (bound.plan === null) throw new Error("the plan is refused");
const { plan } = bound;

const random = randomFrom(n);
const inputs = new Map<string, HostArray>();
for (const { name, buffer } of plan.inputs) {
  const shape = plan.buffers[buffer]?.shape ?? [];
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let k = 0; k < data.length; k++) data[k] = data.length === 1 ? 1 : random.uniform() - 0.5;
  inputs.set(name, hostArray("f32", shape, data));
}
const gradients = plan.buffers.reduce((sum, { role, bytes }) => (role === "result" ? sum + bytes : sum), 0);
const executable = await engine.load(template);
// Whatever of it is going to be collected was allocated before.
(globalThis as { gc?: () => void }).gc?.();
execFileSync("prlimit", [`--pid=${process.pid}`, `--as=${memory("VmSize") + gradients + 64 * 2 ** 20}`]);
writeFileSync("/proc/self/clear_refs", "5");
const before = memory("VmRSS");
const { outputs, stats } = await executable.run(plan, { inputs });
const beyond = memory("VmHWM") - before - gradients;
process.stdout.write(
  JSON.stringify({
    beyond,
    gradients,
    loss: outputs.get("loss")?.data[0],
    ms: stats.runMs,
    planned: plan.peakBytes,
    measured: stats.measuredPeakBytes,
  }),
);
process.exit(0);
