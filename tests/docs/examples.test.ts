/**
 * Every example of every page is run. What a fence holds is said by its language:
 *
 *   sig [FILE]          a program, right and laid out by the formatter; a pipeline also runs on the reference engine
 *   sig refused SIGnnnn [FILE]  a program that is refused with that code. With FILE, later examples of the page read it
 *   sigir STAGE         a graph, read and verified
 *   console             commands and their answers (transcript.ts)
 *   sh                  commands alone
 *   ts FILE             lines of that source file, as they stand there
 *   text, ebnf          for people
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseGraph } from "../../compiler/graph/parse.js";
import { printGraph } from "../../compiler/graph/print.js";
import { type Stage, verify } from "../../compiler/graph/verify.js";
import { convert, hostArray } from "../../runtime/data/host-array.js";
import { writeNpy } from "../../runtime/data/npy.js";
import { sigc } from "../runtime/cli/invoke.js";
import { normals } from "./normals.js";
import { type Example, pages, root, rootPath } from "./pages.js";
import { firstDifference, readTranscript, words } from "./transcript.js";

const ROWS = 40;

/** Pages whose programs have a test of their own, which also knows fragments. */
const ownTest: ReadonlySet<string> = new Set(["docs/language.md"]);

const home = process.cwd();
let folder = "";

/** What the pages take for granted: the shipped pipelines, and embeddings of images and of their captions. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sig-docs-"));
  symlinkSync(join(rootPath, "pipelines"), join(folder, "pipelines"));
  for (const name of ["image", "text"]) {
    const { shape, data } = normals(name, [ROWS, 512]);
    writeNpy(join(folder, `${name}.npy`), convert(hostArray("f64", shape, data), "f32"));
  }
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

const scripts = (JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { readonly scripts: Readonly<Record<string, string>> })
  .scripts;

const lines = (text: string): readonly string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

/** `npx sigc` and `sigc` run here; of npm and of other tools only the names are checked. */
async function runCommand(command: string): Promise<readonly string[] | null> {
  const [program, ...rest] = words(command).filter((word, k) => !(k === 0 && word === "npx"));
  switch (program) {
    case "sigc": {
      const told = await sigc(...rest);
      return [...lines(told.err), ...lines(told.out)];
    }
    case "npm": {
      const [verb, script] = rest;
      if (verb !== "ci") expect(Object.keys(scripts)).toContain(verb === "run" ? script : verb);
      return null;
    }
    case "vitest":
      return null;
    default:
      throw new Error(`the test does not know how to run: ${command}`);
  }
}

async function runProgram({ text, info, page, line }: Example): Promise<void> {
  const [, refused = "", named = ""] = /^(?:refused (SIG\d{4}))? ?(\S*)$/.exec(info) ?? [];
  const file = named === "" ? `example-${page.replaceAll(/\W/g, "-")}-${line}.sig` : named;
  writeFileSync(join(folder, file), text);
  const checked = await sigc("check", file);
  if (refused !== "") {
    expect(checked.exit).toBe(1);
    expect(checked.err).toContain(` error ${refused}: `);
    return;
  }
  expect(checked.err).toBe("");
  expect(checked.exit).toBe(0);
  expect((await sigc("fmt", file)).out).toBe(text);
  if (!/^pipeline /m.test(text)) return;
  const batches = [...text.matchAll(/^ *batch (?!\d)(.*)$/gm)]
    .flatMap(([, names = ""]) => names.replace(/\/\/.*/, "").split(","))
    .map((name) => name.trim());
  const sizes = batches.flatMap((name, k) => ["--set", `${name}=${7 + 2 * k}`]);
  const ran = await sigc("run", file, "--synthetic", "0", "--engine", "reference", ...sizes);
  expect(ran.err).not.toContain(" error ");
  expect(ran.exit).toBe(0);
}

async function runTranscript({ text }: Example): Promise<void> {
  for (const { command, answer } of readTranscript(text)) {
    const said = await runCommand(command);
    if (said === null) continue;
    const difference = firstDifference(answer, said);
    expect(difference === null ? "" : `shown: ${difference}\n$ ${command}\n${said.slice(0, 40).join("\n")}`).toBe("");
  }
}

/** Code apart from how it is laid out. */
const squeezed = (text: string): string => text.replaceAll(/\s+/g, "").replaceAll(/,(?=[)}\]])/g, "");

const runners: Readonly<Record<string, (example: Example) => Promise<void> | void>> = {
  sig: runProgram,
  sigir: ({ text, info }) => {
    const graph = parseGraph(text);
    verify(graph, info as Stage);
    expect(parseGraph(printGraph(graph))).toEqual(graph);
  },
  console: runTranscript,
  sh: async ({ text }) => {
    for (const command of lines(text).flatMap((line) => line.split(" && "))) await runCommand(command);
  },
  // `…` alone on a line stands for lines left out.
  ts: ({ text, info }) => {
    const source = squeezed(readFileSync(new URL(info, root), "utf8"));
    let at = 0;
    for (const part of text.split(/^\s*\/\/ …$/m).map(squeezed)) {
      const found = source.indexOf(part, at);
      if (found < 0) expect(source).toContain(part);
      at = found + part.length;
    }
  },
  text: () => undefined,
  ebnf: () => undefined,
};

// One page after the other, since examples of a page build on the ones above.
describe.each(pages.filter(({ path, examples }) => examples.length > 0 && !ownTest.has(path)))("$path", ({ examples }) => {
  test.each(examples.map((example) => ({ example, name: `${example.language} ${example.info}`.trim(), line: example.line })))(
    "line $line: $name",
    async ({ example }) => {
      const run = runners[example.language];
      if (run === undefined) throw new Error(`nothing runs an example of language "${example.language}"`);
      await run(example);
    },
  );
});
