/** A work place for tests of the toolchain: a scratch folder, programs that only pretend to compile, and the real compiler. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { afterAll } from "vitest";
import { type Compiler, findCompiler } from "../../../../../runtime/engines/native/toolchain/find-compiler.js";

/** A folder that is gone after the tests of this file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "sig-toolchain-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A program of the shell's language; its folders are made. */
export function program(path: string, body: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The compiler of this machine, or why the tests that need one are skipped. */
export async function realCompiler(): Promise<{ readonly compiler: Compiler } | { readonly missing: string }> {
  const search = await findCompiler();
  return search.found ? { compiler: search.compiler } : { missing: `no C compiler: ${search.reason}` };
}

/** What a child process needs so that Node can load a library built with -fsanitize=address,undefined; null where the runtime is missing. */
export function sanitizerEnvironment({ path, prefix }: Compiler): Readonly<Record<string, string>> | null {
  const where = execFileSync(path, [...prefix, "-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
  // A name that is not found is printed as it was given.
  if (!isAbsolute(where)) return null;
  // Node itself frees nothing when it exits.
  return { LD_PRELOAD: where, ASAN_OPTIONS: "detect_leaks=0:abort_on_error=0:exitcode=99", UBSAN_OPTIONS: "halt_on_error=1:exitcode=99" };
}

export const isThere = (command: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, command)));
