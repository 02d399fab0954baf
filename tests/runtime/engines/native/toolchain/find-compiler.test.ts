import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { type Environment, findCompiler, howToInstall } from "../../../../../runtime/engines/native/toolchain/find-compiler.js";
import { program, scratch } from "./workbench.js";

const folder = scratch();
const bin = join(folder, "bin");
const says = (version: string): string => `echo "${version}"`;
program(join(bin, "gcc"), says("gcc (Pretended) 13.1"));
program(join(bin, "clang"), says("clang version 17"));
program(join(bin, "odd"), 'echo "$1 $2"');
program(join(bin, "broken"), "exit 1");
program(join(folder, "my tools", "cc"), says("spaced 1"));
const mute = join(bin, "mute");
writeFileSync(mute, "no program");

async function found(environment: Environment): Promise<string> {
  const search = await findCompiler(environment);
  return search.found
    ? `${search.compiler.path} | ${search.compiler.prefix.join(" ")} | ${search.compiler.version}`
    : `none: ${search.reason}`;
}

describe("the compiler", () => {
  test("is the first of cc, gcc and clang on PATH, by its absolute path", async () => {
    expect(await found({ PATH: `/nowhere:${bin}` })).toBe(`${join(bin, "gcc")} |  | gcc (Pretended) 13.1`);
  });

  test("is the one that CC names, by name, by path, with arguments, or in a folder with a space", async () => {
    expect(await found({ PATH: bin, CC: "clang" })).toContain("clang version 17");
    expect(await found({ PATH: "", CC: join(bin, "clang") })).toContain("clang version 17");
    expect(await found({ PATH: bin, CC: "odd -m64" })).toBe(`${join(bin, "odd")} | -m64 | -m64 --version`);
    expect(await found({ PATH: bin, CC: join(folder, "my tools", "cc") })).toContain("spaced 1");
  });

  test.each(["/nowhere/cc", "nothing-of-this-name", mute])("CC=%s is an error and never another compiler", async (name) => {
    expect(await found({ PATH: bin, CC: name })).toBe(`none: CC=${name} names no program`);
  });

  test("an empty PATH has none, and the fix is a command", async () => {
    const search = await findCompiler({ PATH: "" });
    expect(search).toEqual({ found: false, reason: "none of cc, gcc, clang is on PATH", fix: howToInstall() });
  });

  test("a program that lies in the current folder is not run because PATH has an empty or relative entry", async () => {
    const here = relative(process.cwd(), bin);
    expect(await found({ PATH: `:.:${here}` })).toContain("none");
  });

  test("a folder of the name is no compiler", async () => {
    mkdirSync(join(folder, "trap", "cc"), { recursive: true });
    expect(await found({ PATH: join(folder, "trap") })).toContain("none");
  });

  test("one that fails, as Apple's placeholder does, is missing", async () => {
    expect(await found({ PATH: bin, CC: "broken" })).toBe(`none: ${join(bin, "broken")} --version fails`);
  });

  test("its identity changes when the program does", async () => {
    const path = program(join(folder, "changing", "cc"), says("one"));
    const identity = async (): Promise<string> => {
      const search = await findCompiler({ PATH: "", CC: path });
      return search.found ? search.compiler.identity : "none";
    };
    const before = await identity();
    program(path, says("another of another length"));
    expect(await identity()).not.toBe(before);
  });
});

describe("what to install", () => {
  test.each([
    ["PRETTY_NAME=x\nID=debian\n", "apt-get install gcc libc6-dev"],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"\n', "apt-get install gcc libc6-dev"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install gcc"],
    ["ID=alpine\n", "apk add gcc musl-dev"],
    ['ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "zypper install gcc"],
    ["", "install gcc (11 or newer) or clang (14 or newer) with the headers of the C library"],
  ])("%j: %s", (release, command) => expect(howToInstall("linux", () => release)).toBe(command));

  test("on macOS it is Apple's own command", () => expect(howToInstall("darwin", () => "")).toBe("xcode-select --install"));
});
