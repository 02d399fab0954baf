/**
 * One SigLIP step with gradients on wasm in a process of its own: `tsx siglip-step.ts N WIDTH` prints the most memory that the
 * process has ever held, in KiB, as the kernel counts it.
 */
import { readFileSync } from "node:fs";
import { createTfjsEngine } from "../../runtime/engines/tfjs/engine.js";
import { loadBackend } from "../../runtime/engines/tfjs/load-backend.js";
import { compileText } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";
import { planFor, runOn } from "../support/run-engine.js";

const [n = 0, width = 0] = process.argv.slice(2).map(Number);
const { tf, ...loaded } = await loadBackend("wasm");
const engine = createTfjsEngine(tf, { name: "tfjs:wasm", ...loaded });
const text = readFileSync(new URL("../../pipelines/siglip.sig", import.meta.url), "utf8");
const { template } = compileText(text, { target: engine.target("f32"), sets: { width: String(width) } });

const random = randomFrom(n);
const matrix = () => ({ shape: [n, width], data: Float64Array.from({ length: n * width }, () => random.uniform() - 0.5) });
const number = (value: number) => ({ shape: [], data: Float64Array.of(value) });
// Blocks of one size at every n: what remains of the growth is the program's.
const plan = planFor(template, { n }, { i: 512, j: 512 });
const inputs = new Map([
  ["image", matrix()],
  ["text", matrix()],
  ["t_prime", number(Math.log(10))],
  ["bias", number(-10)],
]);
const outputs = await runOn(engine, template, plan, inputs);
if (!Number.isFinite(outputs.get("loss")?.data[0])) throw new Error("the step has no loss");

const [, peak = ""] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
process.stdout.write(`${peak}\n`);
