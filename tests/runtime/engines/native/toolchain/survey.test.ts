import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildLibrary } from "../../../../../runtime/engines/native/toolchain/build-library.js";
import { openCache } from "../../../../../runtime/engines/native/toolchain/cache.js";
import { cleanCache, surveyToolchain } from "../../../../../runtime/engines/native/toolchain/survey.js";
import { realCompiler, scratch } from "./workbench.js";

const root = scratch();
const found = await realCompiler();
const place = (name: string) => ({ ...process.env, SIG_CACHE_DIR: join(root, name), SIG_CACHE_MAX: "2MiB", SIG_ISA: "" });

test("a survey names compiler, instruction set and what is kept", async ({ skip }) => {
  if ("missing" in found) return skip(found.missing);
  const environment = place("kept");
  await buildLibrary("int a;\n", { toolchain: { compiler: found.compiler, isa: null }, cache: openCache({ environment }) });
  const survey = await surveyToolchain(environment);
  const { path, version } = found.compiler;
  expect(survey).toMatchObject({ compiler: { path, version }, trouble: null, cache: { entries: 2, limitBytes: 2 ** 21, trouble: null } });
  // The library itself, and the one that asks the CPU.
  expect(cleanCache(environment)).toMatchObject({ folder: join(root, "kept"), entries: 2, bytes: survey.cache.bytes });
  expect((await surveyToolchain(environment)).cache.entries).toBe(1);
});

test("no compiler is told with the fix, and does not hide the cache", async () => {
  const survey = await surveyToolchain({ ...place("empty"), CC: "", PATH: "" });
  expect(survey).toMatchObject({ compiler: null, isa: null, cache: { entries: 0, trouble: null } });
  expect(survey.trouble).toEqual({ reason: expect.stringContaining("none of cc, gcc, clang is on PATH"), fix: expect.stringMatching(/./) });
});

test("a folder that others can write to is told, not loaded from, and not cleaned", async ({ skip }) => {
  const environment = place("open");
  mkdirSync(join(root, "open"));
  const library = join(root, "open", "a".repeat(64));
  writeFileSync(library, "planted");
  chmodSync(join(root, "open"), 0o777);
  expect(() => cleanCache(environment)).toThrow(/others can write to it/);
  expect(existsSync(library)).toBe(true);
  if ("missing" in found) return skip(found.missing);
  const survey = await surveyToolchain(environment);
  expect(survey.cache.trouble).toEqual({
    reason: expect.stringContaining("others can write to it"),
    fix: expect.stringContaining("chmod 700"),
  });
  expect(survey.trouble).toBeNull();
});

test("cleaning where there is no cache makes none", () => {
  expect(cleanCache(place("never"))).toEqual({ folder: join(root, "never"), entries: 0, bytes: 0 });
  expect(existsSync(join(root, "never"))).toBe(false);
});
