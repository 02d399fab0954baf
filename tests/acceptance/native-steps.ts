/** Many SigLIP steps on the native engine: node … native-steps.ts N WIDTH STEPS. Prints resident memory after a fifth of them, and at the end. */
import { readFileSync } from "node:fs";
import { bind } from "../../compiler/bind.js";
import { type HostArray, hostArray } from "../../runtime/data/host-array.js";
import { createNativeEngine } from "../../runtime/engines/native/engine.js";
import { compileText, readPipelineFile } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";

const [n = 256, width = 64, steps = 10_000] = process.argv.slice(2).map(Number);

/** KiB, after the collector ran: garbage that waits for it is no leak. */
function resident(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

const source = readPipelineFile("siglip.sig");
if (source === null) throw new Error("siglip.sig is missing");
const engine = await createNativeEngine({ threads: 2 });
const { template } = compileText(source.text, { target: engine.target("f32"), sets: { width: String(width) } });
const { plan } = bind(template, { n });
if (plan === null) throw new Error("the plan is refused");
const random = randomFrom(n);
const inputs = new Map(
  plan.inputs.map(({ name, buffer }): [string, HostArray] => {
    const shape = plan.buffers[buffer]?.shape ?? [];
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform() - 0.5);
    return [name, hostArray("f32", shape, data)];
  }),
);
const executable = await engine.load(template);
let early = 0;
for (let step = 0; step < steps; step++) {
  if (step === steps / 5) early = resident();
  await executable.run(plan, { inputs });
}
process.stdout.write(JSON.stringify({ early, late: resident() }));
process.exit(0);
