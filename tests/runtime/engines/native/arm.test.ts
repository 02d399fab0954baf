/** Whole programs for a machine that this is not: cross-compiled for armv8-a, and run where an emulator is there. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import type { Template } from "../../../../compiler/compile.js";
import type { Plan } from "../../../../compiler/plan/plan.js";
import { emitLibrary } from "../../../../runtime/engines/native/emit/library.js";
import { panelledBuffers } from "../../../../runtime/engines/native/panelled.js";
import { encodeProgram } from "../../../../runtime/engines/native/program.js";
import { nativeTarget } from "../../../../runtime/engines/native/target.js";
import { baseFlags } from "../../../../runtime/engines/native/toolchain/compile.js";
import { isas } from "../../../../runtime/engines/native/toolchain/isa.js";
import { readHeaders } from "../../../../runtime/engines/native/toolchain/read-headers.js";
import { createReferenceEngine } from "../../../../runtime/engines/reference/engine.js";
import { expectAllClose } from "../../../support/close.js";
import { compileText, readPipelineFile } from "../../../support/compile-text.js";
import { randomFrom } from "../../../support/random.js";
import { planFor, runOn, type Value } from "../../../support/run-engine.js";
import { templateInputs } from "../../../support/template-inputs.js";
import { isThere } from "./toolchain/workbench.js";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "sig-arm-"));
afterAll(() => rmSync(folder, { recursive: true }));
const compiler = "aarch64-linux-gnu-gcc";
const emulator = "qemu-aarch64-static";
const { vectorBytes, flags } = isas["armv8-a"];
const THREADS = 2;

function inputsOf(template: Template, n: number): ReadonlyMap<string, Value> {
  const random = randomFrom(n);
  return templateInputs(template, n, () => Math.fround(0.3 + random.uniform()));
}

/** A program that takes the library's door as koffi does: numbers in, results on lines of their own. */
function mainSource(plan: Plan, words: BigInt64Array, inputs: ReadonlyMap<string, Value>): string {
  const given = plan.inputs.map(({ name, buffer }) => ({ buffer, data: inputs.get(name)?.data ?? [] }));
  return `#include <stdint.h>
#include <stdio.h>
void *sig_open(int64_t threads);
void *sig_memory_take(int64_t bytes);
int64_t sig_run(void *session, const int64_t *words, int64_t count, char *const *buffers, void *times);
static const int64_t words[] = {${[...words].join(", ")}};
${given.map(({ buffer, data }) => `static float given${buffer}[] = {${Array.from(data, (x) => `${x}`).join(", ")}};`).join("\n")}
int main(void) {
  char *arena = sig_memory_take(${Math.max(plan.arenaBytes, 64)}), *buffers[${plan.buffers.length}] = {0};
${plan.buffers.map(({ id, offset }) => (offset === null ? "" : `  buffers[${id}] = arena + ${offset};`)).join("\n")}
${given.map(({ buffer }) => `  buffers[${buffer}] = (char *)given${buffer};`).join("\n")}
  if (sig_run(sig_open(${THREADS}), words, ${words.length}, buffers, 0) != 0) return 1;
${plan.outputs.map(({ buffer }) => `  for (int k = 0; k < ${count(plan, buffer)}; k++) printf("%.9g ", ((float *)buffers[${buffer}])[k]);\n  printf("\\n");`).join("\n")}
  return 0;
}
`;
}
const shapeOf = (plan: Plan, buffer: number): readonly number[] => plan.buffers[buffer]?.shape ?? [];
const count = (plan: Plan, buffer: number): number => shapeOf(plan, buffer).reduce((a, b) => a * b, 1);

const WIDTH = 20;
describe("armv8-a", () => {
  test.for(["siglip", "clip"])("%s with gradients, in blocks of 24 and smaller ones", { timeout: 240_000 }, async (name, { skip }) => {
    if (!isThere(compiler)) return skip(`${compiler} is not installed`);
    const text = readPipelineFile(`${name}.sig`)?.text ?? "";
    const sets = { width: String(WIDTH) };
    const { template } = compileText(text, { target: nativeTarget("f32", THREADS), sets });
    const n = 50;
    const plan = planFor(template, { n, m: n }, { i: 24, j: 24 });
    expect(panelledBuffers(plan, template.kernels).size).toBe(1);
    const inputs = inputsOf(template, n);
    const loops = template.schedule?.loops.length ?? 0;
    const sources = emitLibrary({ kernels: template.kernels, precision: "f32", vectorBytes, loops, headers: readHeaders(), units: 2 });
    const texts = [...sources, mainSource(plan, encodeProgram(plan, template.kernels).words, inputs)];
    const files = texts.map((source, k) => {
      const path = join(folder, `${name}-${k}.c`);
      writeFileSync(path, source);
      return path;
    });
    const program = join(folder, name);
    await run(compiler, [...baseFlags, ...flags, "-static", "-o", program, ...files, "-lm"]);
    if (!isThere(emulator)) return skip(`compiled; ${emulator} is not installed`);
    const lines = (await run(emulator, [program], { maxBuffer: 2 ** 26 })).stdout.trim().split("\n");
    const outputs = new Map(
      plan.outputs.map(({ name: output, buffer }, k) => {
        const data = Float64Array.from(lines[k]?.trim().split(" ") ?? [], Number);
        return [output, { shape: shapeOf(plan, buffer), data }] as const;
      }),
    );
    const reference = createReferenceEngine();
    const oracle = compileText(text, { target: reference.target("f64"), sets }).template;
    expectAllClose(outputs, await runOn(reference, oracle, planFor(oracle, { n, m: n }, null), inputs), 1e-5, 1e-2);
  });
});
