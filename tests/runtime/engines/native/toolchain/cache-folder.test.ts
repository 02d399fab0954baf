import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openCache } from "../../../../../runtime/engines/native/toolchain/cache.js";
import { cachePlace } from "../../../../../runtime/engines/native/toolchain/cache-folder.js";
import { scratch } from "./workbench.js";

const root = scratch();
const open = (folder: string) => () => openCache({ environment: { SIG_CACHE_DIR: folder } });

describe("the place of the cache", () => {
  test.each([
    [{ SIG_CACHE_DIR: "/a", XDG_CACHE_HOME: "/b", HOME: "/c" }, "linux", "/a", true],
    [{ XDG_CACHE_HOME: "/b", HOME: "/c" }, "linux", "/b/sig", false],
    [{ XDG_CACHE_HOME: "relative", HOME: "/c" }, "linux", "/c/.cache/sig", false],
    [{ HOME: "/c" }, "darwin", "/c/Library/Caches/sig", false],
    [{}, "linux", join(homedir(), ".cache/sig"), false],
  ])("%j on %s is %s", (environment, platform, folder, named) => expect(cachePlace(environment, platform)).toEqual({ folder, named }));
});

describe("a folder that code is loaded from", () => {
  test("is made for its user alone, whatever the umask", () => {
    const folder = join(root, "new", "deep", "sig");
    const before = process.umask(0);
    try {
      expect(open(folder)().folder).toBe(folder);
    } finally {
      process.umask(before);
    }
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test.each([0o777, 0o770, 0o720, 0o702])("is refused where others can write: mode %o", (mode) => {
    const folder = join(root, `mode-${mode}`);
    mkdirSync(folder);
    chmodSync(folder, mode);
    expect(open(folder)).toThrow(/no safe place .* others can write to it/);
  });

  test("may be readable: 755 tells nobody how to change it", () => {
    const folder = join(root, "readable");
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    expect(open(folder)().folder).toBe(folder);
  });

  test("is refused where it is a symbolic link, even to a good folder", () => {
    const [target, link] = [join(root, "target"), join(root, "link")];
    mkdirSync(target, { mode: 0o700 });
    symlinkSync(target, link);
    expect(open(link)).toThrow(/it is a symbolic link/);
  });

  test("is refused where a dangling link stands, and nothing is made at its end", () => {
    const link = join(root, "dangling");
    symlinkSync(join(root, "elsewhere"), link);
    expect(open(link)).toThrow(/it is a symbolic link/);
    expect(existsSync(join(root, "elsewhere"))).toBe(false);
  });

  test("is refused where it is a file", () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    expect(open(file)).toThrow(/it is no folder/);
  });

  test("is refused where it belongs to somebody else", ({ skip }) => {
    if (process.getuid?.() !== 0) skip("only root can give a folder away");
    const folder = join(root, "foreign");
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, 12345, 12345);
    expect(open(folder)).toThrow(/it belongs to user 12345/);
  });

  test("that cannot be made is an error where SIG_CACHE_DIR names it, and elsewhere a note", () => {
    expect(open(join(root, "file", "sig"))).toThrow(/SIG_CACHE_DIR=.* cannot be used: not a directory/);
    const cache = openCache({ environment: { HOME: join(root, "file") } });
    expect(cache.folder).toBeNull();
    expect(cache.notes).toEqual([expect.stringContaining("compiled libraries are not kept")]);
  });

  test("is not touched with useCache: false", () => {
    const folder = join(root, "unused");
    expect(openCache({ useCache: false, environment: { SIG_CACHE_DIR: folder } })).toMatchObject({ folder: null, notes: [] });
    expect(existsSync(folder)).toBe(false);
  });
});
