import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { buildLibrary } from "../../../../../runtime/engines/native/toolchain/build-library.js";
import { openCache } from "../../../../../runtime/engines/native/toolchain/cache.js";
import { type LoadedLibrary, loadLibrary } from "../../../../../runtime/engines/native/toolchain/load-library.js";
import { realCompiler, sanitizerEnvironment, scratch } from "./workbench.js";

const root = scratch();
const found = await realCompiler();
if ("missing" in found) test("calls into a library", ({ skip }) => skip(found.missing));

const source = `
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
double dot(const double *x, const float *y, int64_t n) { double sum = 0; for (int64_t i = 0; i < n; i++) sum += x[i] * y[i]; return sum; }
void fill(float *x, int64_t n, double value, int64_t waitMicroseconds) { usleep((unsigned)waitMicroseconds); for (int64_t i = 0; i < n; i++) x[i] = (float)value; }
int64_t echo(int64_t x) { return x; }
int64_t half(uint64_t x) { return (int64_t)(x >> 1); }
void *take(int64_t n) { return n > 0 ? calloc((size_t)n, 1) : NULL; }
void give_back(void *memory) { free(memory); }
int32_t past_the_end(int64_t n) { volatile char *p = malloc((size_t)n); return p[n]; }
`;

async function load(): Promise<LoadedLibrary> {
  if ("missing" in found) throw new Error(found.missing);
  const built = await buildLibrary(source, { toolchain: { compiler: found.compiler, isa: null }, cache: openCache({ useCache: false }) });
  const library = await loadLibrary(built.path);
  built.release();
  return library;
}

describe.runIf("compiler" in found)("calls into a library", async () => {
  if ("missing" in found) return;
  const library = await load();
  const dot = library.declare("dot", ["pointer", "pointer", "int64"], "float64");
  const fill = library.declare("fill", ["pointer", "int64", "float64", "int64"], "void");
  const echo = library.declare("echo", ["int64"], "int64");
  const half = library.declare("half", ["uint64"], "int64");
  const take = library.declare("take", ["int64"], "pointer");
  const giveBack = library.declare("give_back", ["pointer"], "void");

  test("pass arrays as they lie, parts of buffers included, and addresses", async () => {
    const x = Float64Array.of(9, 1, 2, 3).subarray(1);
    const y = Float32Array.of(10, 100, 1000);
    expect(dot.call(x, y, 3)).toBe(3210);
    expect(await dot.callAsync(x, library.addressOf(y), 3n)).toBe(3210);
    expect(fill.call(y, 2, 0.5, 0)).toBeUndefined();
    expect([...y]).toEqual([0.5, 0.5, 1000]);
  });

  test("keep integers exact up to 2^53, and refuse what a number would round", () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect([echo.call(most), echo.call(-most), echo.call(-1n), half.call(2n ** 53n)]).toEqual([most, -most, -1, 2 ** 52]);
    expect(() => echo.call(2n ** 60n)).toThrow(/beyond what a number holds/);
  });

  test("refuse what koffi would crash on, or cut to size", () => {
    const x = new Float64Array(1);
    expect(() => dot.call(0n, x, 1)).toThrow(/argument 0 is no pointer/);
    expect(() => dot.call(new Float64Array(0), x, 1)).toThrow(/argument 0 is no pointer/);
    expect(() => dot.call(null as never, x, 1)).toThrow(/argument 0 is no pointer/);
    expect(() => dot.call(5 as never, x, 1)).toThrow(/argument 0 is no pointer/);
    expect(() => echo.call(1.5)).toThrow(/argument 0 is no int64/);
    expect(() => echo.call(2n ** 63n)).toThrow(/argument 0 is no int64/);
    expect(() => half.call(-1)).toThrow(/argument 0 is no uint64/);
    expect(() => (echo.call as () => number)()).toThrow(/takes 1 arguments, not 0/);
  });

  test("fail the promise for wrong arguments, and know a function that is not there", async () => {
    await expect(echo.callAsync(0.1)).rejects.toThrow(/is no int64/);
    await expect(echo.callAsync(2n ** 60n)).rejects.toThrow(/beyond what a number holds/);
    expect(() => library.declare("no_such_function", [], "void")).toThrow(/no_such_function/);
  });

  test("run beside the event loop, and their arrays outlive the garbage collector", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const ended = new Set<number>();
    const freedEarly: number[] = [];
    const registry = new FinalizationRegistry<number>((i) => {
      if (!ended.has(i)) freedEarly.push(i);
    });
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 5);
    const calls = [0, 1, 2].map((i) => {
      // Nobody but the call holds it. On a busy machine a collection can outlast a call, which then may free its array.
      const array = new Float32Array(1 << 20);
      registry.register(array, i);
      return fill.callAsync(array, array.length, i, 80_000).then(() => ended.add(i));
    });
    let collectedInFlight = 0;
    for (let i = 0; i < 5; i++) {
      collect();
      if (ended.size === 0) collectedInFlight += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(calls);
    expect(collectedInFlight).toBeGreaterThan(0);
    expect(freedEarly).toEqual([]);
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(3);
  });

  test("show native memory without a copy, and a null pointer as 0n", () => {
    expect(take.call(0)).toBe(0n);
    const address = take.call(32);
    const view = new Float32Array(library.viewOf(address, 32));
    fill.call(address, 8, 2.5, 0);
    expect([...view]).toEqual(Array.from({ length: 8 }, () => 2.5));
    for (const [at, bytes] of [
      [0n, 8],
      [-1n, 8],
      [address, 0],
      [address, -8],
      [address, 1.5],
    ] as const)
      expect(() => library.viewOf(at, bytes)).toThrow(/no memory of/);
    giveBack.call(address);
    expect(() => library.addressOf(new Uint8Array(0))).toThrow(/has no address/);
  });

  test("a file that is no library is the user's to mend", async () => {
    const path = join(root, "text.so");
    writeFileSync(path, "no library");
    await expect(loadLibrary(path)).rejects.toMatchObject({ code: "SIG6520", exit: 3 });
    await expect(loadLibrary(join(root, "nowhere.so"))).rejects.toMatchObject({ code: "SIG6520" });
  });
});

test.runIf("compiler" in found)("a build with sanitizers, in a process of its own, finds a read past the end", async ({ skip }) => {
  if ("missing" in found) return;
  const environment = sanitizerEnvironment(found.compiler);
  if (environment === null) skip(`${found.compiler.path} has no runtime for -fsanitize=address`);
  const cache = openCache({ environment: { SIG_CACHE_DIR: join(root, "sanitized") } });
  const extraFlags = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  const built = await buildLibrary(source, { toolchain: { compiler: found.compiler, isa: null }, cache, extraFlags });
  // Node's own start takes seconds under the sanitizer, so the script is small and one process shows both.
  const script = `
    const library = require("koffi").load(process.argv[1]);
    console.log(library.func("int64_t echo(int64_t)")(24));
    library.func("int32_t past_the_end(int64_t)")(24);
  `;
  const ended = promisify(execFile)(process.execPath, ["-e", script, built.path], { env: { ...process.env, ...environment } });
  await expect(ended).rejects.toMatchObject({
    code: 99,
    stdout: "24\n",
    stderr: expect.stringMatching(/heap-buffer-overflow[^]*past_the_end/),
  });
});
