import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { openCache } from "../../../../../runtime/engines/native/toolchain/cache.js";
import { baseFlags } from "../../../../../runtime/engines/native/toolchain/compile.js";
import { findToolchain } from "../../../../../runtime/engines/native/toolchain/find-toolchain.js";
import { bestIsa, chooseIsa, type Isa, isaNames, isas, probeSource } from "../../../../../runtime/engines/native/toolchain/isa.js";
import { isThere, realCompiler, scratch } from "./workbench.js";

const run = promisify(execFile);
const folder = scratch();
const found = await realCompiler();
const probe = join(folder, "probe.c");
beforeAll(() => writeFileSync(probe, probeSource));

/** Every compiler of this machine and what it compiles for; absent ones are skipped visibly. */
const compilers = [
  { command: "gcc", arch: process.arch },
  { command: "clang-14", arch: process.arch },
  { command: "aarch64-linux-gnu-gcc", arch: "arm64" },
] as const;

/** Compares what the flags switch on with what the table promises; the assertion is the compiler's own. */
const widthSource = (bytes: number): string => `
#if defined(__AVX512F__)
enum { width = 64 };
#elif defined(__AVX2__)
enum { width = 32 };
#else
enum { width = 16 };
#endif
_Static_assert(width == ${bytes}, "vectors of another width");
#if defined(__x86_64__) && ${bytes} > 16 && !defined(__FMA__)
#error "no fused multiply-add"
#endif
`;

for (const { command, arch } of compilers)
  describe(command, () => {
    const names = isaNames.filter((name) => isas[name].arch === arch);

    test("compiles the probe without a warning, for whatever it targets", async ({ skip }) => {
      if (!isThere(command)) skip(`${command} is not installed`);
      await run(command, [...baseFlags, "-Wall", "-Wextra", "-Werror", "-shared", "-o", join(folder, `${command}.so`), probe]);
    });

    test.for(names)("takes the flags of %s, and they give the vectors of the table", async (name, { skip }) => {
      if (!isThere(command)) skip(`${command} is not installed`);
      const source = join(folder, `${command}-${name}.c`);
      writeFileSync(source, widthSource(isas[name].vectorBytes));
      await run(command, [...baseFlags, ...isas[name].flags, "-Wall", "-Werror", "-fsyntax-only", source]);
    });
  });

describe("the best instruction set of this CPU", () => {
  test("is what the kernel says of it", async ({ skip }) => {
    if ("missing" in found) skip(found.missing);
    if (process.arch !== "x64" || !existsSync("/proc/cpuinfo")) skip("only Linux on x86-64 lists the features of its CPU");
    const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" "));
    const has = (names: string): boolean => names.split(" ").every((name) => flags.has(name));
    const levels: readonly (readonly [Isa, boolean])[] = [
      ["x86-64-v4", has("avx512f avx512bw avx512cd avx512dq avx512vl avx2 bmi1 bmi2 fma f16c abm movbe")],
      ["x86-64-v3", has("avx avx2 bmi1 bmi2 fma f16c movbe") && (has("abm") || has("lzcnt"))],
      ["x86-64-v2", has("cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2")],
    ];
    // Some virtual machines show the bit of LZCNT to the program and hide the name from the list.
    const expected = levels.find(([, there]) => there)?.[0] ?? "none";
    const { isa } = await findToolchain(openCache({ useCache: false }), { ...process.env, SIG_ISA: "" });
    expect([expected, flags.has("abm") ? expected : "x86-64-v4", flags.has("abm") ? expected : "x86-64-v3"]).toContain(isa);
  });

  test("is named by the place in its architecture", () => {
    expect([-1, 0, 1, 2, 3].map((answer) => bestIsa(answer, "x64"))).toEqual([null, "x86-64-v2", "x86-64-v3", "x86-64-v4", null]);
    expect([0, 1].map((answer) => bestIsa(answer, "arm64"))).toEqual(["armv8-a", null]);
    expect(bestIsa(0, "ppc64")).toBeNull();
  });
});

describe("SIG_ISA", () => {
  const choose = (best: Isa, name: string) => (): Isa => chooseIsa(best, { SIG_ISA: name });

  test("picks a lesser one; unset and empty pick the best", () => {
    expect([choose("x86-64-v4", "x86-64-v2")(), choose("x86-64-v3", "")(), chooseIsa("armv8-a", {})]).toEqual([
      "x86-64-v2",
      "x86-64-v3",
      "armv8-a",
    ]);
  });

  test.each(["avx2", "native", "armv8-a", "constructor"])("%s is a mistake on x86-64, with the list of what there is", (name) => {
    expect(choose("x86-64-v3", name)).toThrow(
      expect.objectContaining({ code: "SIG6502", exit: 2, help: ["there is: x86-64-v2, x86-64-v3, x86-64-v4"] }),
    );
  });

  test("beyond the CPU is a mistake, not an illegal instruction", () => {
    expect(choose("x86-64-v3", "x86-64-v4")).toThrow(expect.objectContaining({ code: "SIG6503", exit: 2 }));
  });
});
