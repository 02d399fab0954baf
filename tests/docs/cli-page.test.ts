/** README.md and docs/cli.md name every command, exit code and engine that there is. */
import { expect, test } from "vitest";
import { engineNames } from "../../runtime/engines/registry.js";
import { exitCodes } from "../../runtime/cli/exit-codes.js";
import { sigc } from "../runtime/cli/invoke.js";
import { pages } from "./pages.js";

const prose = (path: string): string => pages.find((page) => page.path === path)?.prose ?? "";
const help = await sigc("--help");
const commands = [...help.out.matchAll(/^ {2}(\w+) (?:\[|<)/gm)].map(([, name = ""]) => name).filter((name) => name !== "help");
const reserved = [...help.out.replaceAll(/\n {10,}/g, " ").matchAll(/^ {2}(\w+) .*\(not yet\)$/gm)].map(([, name = ""]) => name);

test("the help lists commands, some of them reserved", () => {
  expect(commands).toContain("run");
  expect(reserved).toContain("lsp");
});

test("README.md has a row for each command that works", () => {
  const listed = [...prose("README.md").matchAll(/^\| `sigc (\w+)/gm)].map(([, name = ""]) => name);
  expect(listed.sort()).toEqual(commands.filter((name) => !reserved.includes(name)).sort());
});

test("docs/cli.md has a section for each command that works, and names the reserved ones", () => {
  const sections = [...prose("docs/cli.md").matchAll(/^## (\w+)$/gm)].map(([, name = ""]) => name);
  expect(sections.filter((name) => name !== "Reserved").sort()).toEqual(commands.filter((name) => !reserved.includes(name)).sort());
  for (const name of reserved) expect(prose("docs/cli.md").split("## Reserved")[1]).toContain(`\`${name}\``);
});

test("docs/cli.md lists each exit code", () => {
  const listed = [...prose("docs/cli.md").matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(exitCodes).sort((a, b) => a - b));
});

test("README.md lists each engine", () => {
  const listed = [...prose("README.md").matchAll(/^\| `([\w:-]+)` \|/gm)].map(([, name = ""]) => name);
  expect(listed.sort()).toEqual([...engineNames].sort());
});
