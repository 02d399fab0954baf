import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { buildLibrary, type BuildOptions } from "../../../../../runtime/engines/native/toolchain/build-library.js";
import { type Cache, openCache } from "../../../../../runtime/engines/native/toolchain/cache.js";
import { CompilerRefused } from "../../../../../runtime/engines/native/toolchain/compile.js";
import { findCompiler } from "../../../../../runtime/engines/native/toolchain/find-compiler.js";
import { findToolchain } from "../../../../../runtime/engines/native/toolchain/find-toolchain.js";
import { loadLibrary } from "../../../../../runtime/engines/native/toolchain/load-library.js";
import { UserError } from "../../../../../runtime/user-error.js";
import { program, realCompiler, scratch } from "./workbench.js";

const root = scratch();
const found = await realCompiler();
if ("missing" in found) test("building libraries", ({ skip }) => skip(found.missing));

const answering = (n: number): string => `#include <stdint.h>\nint32_t answer(void) { return ${n}; }\n`;

function freshCache(): Cache & { readonly folder: string } {
  const folder = mkdtempSync(join(root, "cache-"));
  return { ...openCache({ environment: { SIG_CACHE_DIR: folder } }), folder };
}

async function answerOf(path: string): Promise<number> {
  const library = await loadLibrary(path);
  const answer = library.declare("answer", [], "int32").call();
  library.unload();
  return answer;
}

/** A compiler that counts its runs, to be seen from any process. */
function countingCompiler(): { readonly path: string; readonly runs: () => number } {
  const log = join(mkdtempSync(join(root, "count-")), "log");
  if ("missing" in found) return { path: "", runs: () => 0 };
  const path = program(
    join(log, "..", "cc"),
    `case "$*" in *--version*) ;; *) echo run >> ${log};; esac\nexec ${found.compiler.path} "$@"`,
  );
  return { path, runs: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0) };
}

async function options(cache: Cache, CC?: string): Promise<BuildOptions> {
  const search = await findCompiler({ ...process.env, ...(CC === undefined ? {} : { CC }) });
  if (!search.found) throw new Error(search.reason);
  return { toolchain: { compiler: search.compiler, isa: null }, cache };
}

describe.runIf("compiler" in found)("a library", () => {
  test("is compiled once and then taken from the cache, by this and by later processes", async () => {
    const cache = freshCache();
    const { path: CC, runs } = countingCompiler();
    const first = await buildLibrary(answering(1), await options(cache, CC));
    const second = await buildLibrary(answering(1), await options(cache, CC));
    expect([first.compiled, second.compiled, second.compileMs, runs()]).toEqual([true, false, 0, 1]);
    expect(first.compileMs).toBeGreaterThan(0);
    expect(second.path).toBe(first.path);
    expect(await answerOf(second.path)).toBe(1);
  });

  test("differs by source, flag, instruction set and compiler", async () => {
    const cache = freshCache();
    const plain = await options(cache);
    const least = process.arch === "x64" ? "x86-64-v2" : "armv8-a";
    const variants: readonly BuildOptions[] = [
      plain,
      { ...plain, extraFlags: ["-g"] },
      { ...plain, toolchain: { ...plain.toolchain, isa: least } },
      { ...plain, toolchain: { ...plain.toolchain, compiler: { ...plain.toolchain.compiler, version: "another" } } },
    ];
    const paths = [
      await buildLibrary(answering(3), plain),
      ...(await Promise.all(variants.map((variant) => buildLibrary(answering(2), variant)))),
    ];
    expect(new Set(paths.map(({ path }) => path)).size).toBe(5);
  });

  test("asked for twice at once in a process is compiled once", async () => {
    const cache = freshCache();
    const { path: CC, runs } = countingCompiler();
    const wanted = await options(cache, CC);
    const [a, b] = await Promise.all([buildLibrary(answering(4), wanted), buildLibrary(answering(4), wanted)]);
    expect([a.path === b.path, runs()]).toEqual([true, 1]);
  });

  test("of several sources is one library, and nothing but it is kept", async () => {
    const cache = freshCache();
    const sources = [
      "int part(void) { return 40; }\n",
      "int other(void) { return 2; }\n",
      "int part(void), other(void);\nint answer(void) { return part() + other(); }\n",
    ];
    const built = await buildLibrary(sources, await options(cache));
    expect(await answerOf(built.path)).toBe(42);
    expect(readdirSync(join(built.path, "..")).sort()).toEqual(["entry.json", "library.so"]);
    const joined = await buildLibrary(sources.join(""), await options(cache));
    expect(joined.path).not.toBe(built.path);
  });

  test("that was cut short on the disk is not loaded but built again, with one note", async () => {
    const cache = freshCache();
    const wanted = await options(cache);
    truncateSync((await buildLibrary(answering(5), wanted)).path, 100);
    const again = await buildLibrary(answering(5), wanted);
    expect([again.compiled, again.notes]).toEqual([true, [expect.stringContaining("100 bytes in place of")]]);
    expect(await answerOf(again.path)).toBe(5);
  });

  test("without a cache leaves nothing behind once it is loaded", async () => {
    const wanted = await options(openCache({ useCache: false }));
    const [a, b] = await Promise.all([buildLibrary(answering(6), wanted), buildLibrary(answering(6), wanted)]);
    expect(a.path).not.toBe(b.path);
    const library = await loadLibrary(a.path);
    a.release();
    b.release();
    expect([existsSync(join(a.path, "..")), existsSync(join(b.path, ".."))]).toEqual([false, false]);
    expect(library.declare("answer", [], "int32").call()).toBe(6);
  });

  test("of a cold cache that two processes want at once is whole for both, and one entry", async () => {
    const cache = freshCache();
    const builder = new URL("build-in-child.ts", import.meta.url);
    const children = [1, 2].map(() =>
      fork(builder, [cache.folder], { execArgv: ["--import", "tsx"], stdio: ["ignore", "inherit", "inherit", "ipc"] }),
    );
    // All are loaded before any of them starts to build.
    await Promise.all(children.map((child) => once(child, "message")));
    const answers = children.map(async (child) => {
      const answer = once(child, "message");
      child.send("go");
      return ((await answer) as readonly unknown[])[0];
    });
    expect(await Promise.all(answers)).toEqual([7, 7]);
    expect(readdirSync(cache.folder)).toHaveLength(1);
  });
});

describe.runIf("compiler" in found)("a compiler", () => {
  let before: readonly string[] = [];
  const repros = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("sig-repro-"));
  beforeEach(() => void (before = repros()));

  const failing = async (cache: Cache, sources: string | readonly string[], body?: string): Promise<unknown> => {
    const CC =
      body === undefined
        ? undefined
        : program(join(mkdtempSync(join(root, "cc-")), "cc"), `case "$*" in *--version*) echo fake;; *) ${body};; esac`);
    return buildLibrary(sources, await options(cache, CC)).catch((error: unknown) => error);
  };

  test("that refuses our C is a bug of ours, and a folder holds what a report needs", async () => {
    const cache = freshCache();
    const thrown = await failing(cache, ["int fine;\n", "int wrong(\n"]);
    expect(thrown).toBeInstanceOf(CompilerRefused);
    expect(thrown).not.toBeInstanceOf(UserError);
    const { folder, message } = thrown as CompilerRefused;
    expect(message).toContain(folder);
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    expect([read("source-0.c"), read("source-1.c")]).toEqual(["int fine;\n", "int wrong(\n"]);
    expect(read("command.txt")).toContain("-ffp-contract=fast");
    expect(read("output.txt")).toMatch(/source-1\.c:\d+:\d+: error/);
    expect(readdirSync(cache.folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test("that is killed, that runs out of disk, is trouble of the machine and leaves no folders", async () => {
    const cache = freshCache();
    expect(await failing(cache, "int a;\n", "kill -9 $$")).toMatchObject({ code: "SIG6504", exit: 3 });
    expect(await failing(cache, "int b;\n", 'echo "gcc: fatal error: Killed signal terminated program cc1" >&2; exit 1')).toMatchObject({
      code: "SIG6504",
    });
    expect(await failing(cache, "int c;\n", 'echo "cannot write: No space left on device" >&2; exit 1')).toMatchObject({ code: "SIG6505" });
    expect(readdirSync(cache.folder)).toEqual([]);
    expect(repros()).toEqual(before);
  });

  test("that went away meanwhile, and a place that cannot be written, are the user's to mend", async () => {
    const CC = program(join(mkdtempSync(join(root, "cc-")), "cc"), "echo fake");
    const wanted = await options(freshCache(), CC);
    rmSync(CC);
    await expect(buildLibrary("int a;\n", wanted)).rejects.toMatchObject({ code: "SIG6504", message: expect.stringContaining("ENOENT") });
    const cache = freshCache();
    rmSync(cache.folder, { recursive: true });
    await expect(buildLibrary("int a;\n", await options(cache))).rejects.toMatchObject({ code: "SIG6507", exit: 3 });
  });

  test("without the headers of C is missing: the reason is its own first error, and the fix a command", async () => {
    const CC = program(
      join(mkdtempSync(join(root, "cc-")), "cc"),
      'case "$*" in *--version*) echo fake 1.0;; *) echo "In file included" >&2; echo "math.h: fatal error: no such file" >&2; exit 1;; esac',
    );
    const thrown: unknown = await findToolchain(freshCache(), { ...process.env, CC }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: "SIG6501",
      exit: 3,
      message: expect.stringContaining("(fake 1.0) does not compile a small program: math.h: fatal error"),
    });
    expect(repros()).toEqual(before);
  });

  test("for another machine is told as such, not a crash", async ({ skip }) => {
    const cross = process.arch === "x64" ? "aarch64-linux-gnu-gcc" : "x86_64-linux-gnu-gcc";
    if (!(await findCompiler({ ...process.env, CC: cross })).found) skip(`${cross} is not installed`);
    const thrown: unknown = await findToolchain(freshCache(), { ...process.env, CC: cross }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "SIG6520", exit: 3 });
  });
});
