/**
 * The vector functions against libm in a wider type (math-harness.c), for every instruction set that this CPU has. Each function
 * is held to the bound that stands above it in its header; one without a bound is correctly rounded.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { openCache } from "../../../../runtime/engines/native/toolchain/cache.js";
import { baseFlags } from "../../../../runtime/engines/native/toolchain/compile.js";
import type { Compiler } from "../../../../runtime/engines/native/toolchain/find-compiler.js";
import { findToolchain } from "../../../../runtime/engines/native/toolchain/find-toolchain.js";
import { type Isa, isaNames, isas } from "../../../../runtime/engines/native/toolchain/isa.js";
import { readHeaders } from "../../../../runtime/engines/native/toolchain/read-headers.js";
import { packageRoot } from "../../../../runtime/package-root.js";
import { isThere, realCompiler, scratch } from "./toolchain/workbench.js";

const run = promisify(execFile);
const folder = scratch();
const sources = join(packageRoot(), "tests", "runtime", "engines", "native");

function compile(command: string, isa: Isa, elementBytes: number, out: string, more: readonly string[]): Promise<unknown> {
  const { flags, vectorBytes } = isas[isa];
  const sizes = [`-DSIG_VECTOR_BYTES=${vectorBytes}`, `-DSIG_ELEMENT_BYTES=${elementBytes}`];
  const headers = `-I${join(packageRoot(), "runtime", "engines", "native", "c")}`;
  return run(command, [...baseFlags, ...flags, "-Wno-psabi", ...sizes, headers, join(sources, "math-harness.c"), "-o", out, ...more]);
}

/** Above a function stands "Bound 2 ulp" or "Bound 2 ulp, 2.5 without FMA". Libm's own error leaves what is exact a little above a half. */
function boundOf(name: string, fused: boolean): number {
  const type = name.slice(-3);
  const [before = ""] = (readHeaders().get(`math_${type}.h`) ?? "").split(`SIG_INLINE ${type}v ${name}(`);
  const comment = before.endsWith("*/\n") ? before.slice(before.lastIndexOf("/*")) : "";
  const [, bound, unfused] = /Bound ([\d.]+) ulp(?:, ([\d.]+) without FMA)?/.exec(comment) ?? [];
  return Number((fused ? bound : (unfused ?? bound)) ?? 0.501);
}

type Line = { readonly name: string; readonly worst: number; readonly faults: number; readonly text: string };

async function measure(harness: string, mode: string, amount: number): Promise<readonly Line[]> {
  const { stdout } = await run(harness, [mode, "all", String(amount)]);
  return stdout
    .trim()
    .split("\n")
    .map((text) => {
      const [, name = "", worst, faults] = /^(\w+) worst (\S+) at \S+ checked \d+ faults (\d+)/.exec(text) ?? [];
      return { name, worst: Number(worst), faults: Number(faults), text };
    });
}

async function expectWithinBounds(harness: string, isa: Isa, mode: string, amount: number, count: number): Promise<void> {
  const lines = await measure(harness, mode, amount);
  expect(lines).toHaveLength(count);
  const wrong = lines.filter(({ name, worst, faults }) => !(worst <= boundOf(name, isa !== "x86-64-v2")) || faults !== 0);
  expect(wrong.map(({ text }) => text)).toEqual([]);
}

const found = await realCompiler();
if ("missing" in found) test("vector functions", ({ skip }) => skip(found.missing));
else await describeMachine(found.compiler);

async function describeMachine({ path, prefix }: Compiler): Promise<void> {
  const best = (await findToolchain(openCache({ useCache: false }), { ...process.env, SIG_ISA: "" })).isa;
  for (const isa of isaNames.filter((name) => isas[name].arch === process.arch)) {
    if (isaNames.indexOf(isa) > isaNames.indexOf(best)) {
      test(isa, ({ skip }) => skip(`this CPU has ${best} at most`));
      continue;
    }
    describe(isa, () => {
      const harness = { f32: join(folder, `${isa}-f32`), f64: join(folder, `${isa}-f64`) };
      beforeAll(() =>
        Promise.all([compile(path, isa, 4, harness.f32, [...prefix, "-lm"]), compile(path, isa, 8, harness.f64, [...prefix, "-lm"])]),
      );
      test("f32: within the bound, NaN, infinities, zeros and subnormals as they should be, over the whole range", () =>
        expectWithinBounds(harness.f32, isa, "f32", 1021, 15));
      test("f64: the same, over random numbers of every exponent", () => expectWithinBounds(harness.f64, isa, "f64", 300_000, 15));
      test("f64 lanes of two registers in a program of f32", () => expectWithinBounds(harness.f32, isa, "f64", 20_000, 15));
      test("functions of two arguments: all pairs of special values, and random ones", () =>
        expectWithinBounds(harness.f32, isa, "pairs", 200_000, 8));
      test.for(["f32", "f64"] as const)(
        "conversions, integers and accesses have the one right answer, in a program of %s",
        async (type) => {
          const { stdout } = await run(harness[type], ["exact"]).catch((error: { readonly stdout: string }) => error);
          expect(stdout).toBe("exact faults 0\n");
        },
      );
    });
  }
}

test("a cross compiler takes the harness for armv8-a", async ({ skip }) => {
  const command = "aarch64-linux-gnu-gcc";
  if (!isThere(command)) skip(`${command} is not installed`);
  await compile(command, "armv8-a", 4, join(folder, "arm.o"), ["-c"]);
});
