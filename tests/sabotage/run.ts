/**
 * Sabotage: applies one mutation at a time to a copy of the sources and runs the tests that must notice. A mutation that
 * survives is a test that is missing. `npm run sabotage`, or `npm run sabotage -- WORD` for those whose file or bug has the word.
 * The tests run once without any mutation first; `--tests-pass` leaves that out where they run whole anyway.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { type Mutation, mutations } from "./mutations.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const WORKERS = 2;
/** A mutant that loops for ever counts as noticed, and must not hold up the others. */
const MUTANT_MS = 120_000;
const BASELINE_MS = 900_000;
const TESTS_PASS = "--tests-pass";

type Verdict = {
  readonly verdict: "killed" | "killed by its time" | "SURVIVED" | "does not apply" | "no test ran";
  readonly detail: string;
  readonly seconds: number;
};
type Told = { readonly failed: boolean; readonly timedOut: boolean; readonly output: string };

/** The tree without what is made from it; packages are shared. */
function copyOfTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "sig-sabotage-"));
  for (const name of readdirSync(root))
    if (name !== "node_modules" && name !== "dist" && name !== ".git") cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  return folder;
}

function runTests(folder: string, files: readonly string[], timeoutMs: number, workers = 1): Promise<Told> {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", "--bail=1", `--maxWorkers=${workers}`, ...files], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (output += piece.toString()));
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      // The whole group: a looping worker does not hear its parent.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, timeoutMs);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ failed: code !== 0, timedOut, output });
    });
  });
}

/** Null where the mutation is one change to a program that still parses. */
function whyNot({ file, find, replace }: Mutation, text: string): string | null {
  const times = text.split(find).length - 1;
  if (times !== 1) return `\`${find}\` occurs ${times} times in ${file}`;
  // A program of the language is parsed by whoever runs it.
  if (!file.endsWith(".ts")) return null;
  const { diagnostics = [] } = ts.transpileModule(
    text.replace(find, () => replace),
    { reportDiagnostics: true, fileName: file },
  );
  return diagnostics.length === 0 ? null : `${file} no longer parses`;
}

async function sabotage(folder: string, mutation: Mutation): Promise<Verdict> {
  const path = join(folder, mutation.file);
  const text = readFileSync(path, "utf8");
  const reason = whyNot(mutation, text);
  if (reason !== null) return { verdict: "does not apply", detail: reason, seconds: 0 };
  const started = performance.now();
  writeFileSync(
    path,
    text.replace(mutation.find, () => mutation.replace),
  );
  try {
    const { failed, timedOut, output } = await runTests(folder, mutation.killedBy, MUTANT_MS);
    const [, detail = ""] = / FAIL {2}(.*)/.exec(output) ?? [];
    // A run that ends badly without a failing test says nothing of the mutation: out of memory, a broken installation.
    const ended = detail === "" ? "no test ran" : "killed";
    const verdict = timedOut ? "killed by its time" : failed ? ended : "SURVIVED";
    return { verdict, detail, seconds: (performance.now() - started) / 1000 };
  } finally {
    writeFileSync(path, text);
  }
}

async function main(given: readonly string[]): Promise<number> {
  const words = given.filter((word) => word !== TESTS_PASS);
  const wanted = mutations.filter(({ file, bug }) => words.length === 0 || words.some((word) => file.includes(word) || bug.includes(word)));
  const folders = Array.from({ length: WORKERS }, copyOfTree);
  try {
    const [first = ""] = folders;
    const files = [...new Set(wanted.flatMap(({ killedBy }) => killedBy))];
    const baseline = given.includes(TESTS_PASS) ? null : await runTests(first, files, BASELINE_MS, WORKERS);
    if (baseline?.failed) {
      process.stdout.write(
        `${baseline.output}\nthe tests fail without any mutation: nothing can be learned from them\n0 passed, 1 failed\n`,
      );
      return 1;
    }
    const waiting = [...wanted];
    const verdicts: Verdict[] = [];
    const work = async (folder: string): Promise<void> => {
      for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
        const verdict = await sabotage(folder, mutation);
        verdicts.push(verdict);
        process.stdout.write(
          `${verdict.verdict.padEnd(18)} ${verdict.seconds.toFixed(1).padStart(6)} s  ${mutation.bug}\n${" ".repeat(29)}${mutation.file}: ${verdict.detail}\n`,
        );
      }
    };
    await Promise.all(folders.map(work));
    const killed = verdicts.filter(({ verdict }) => verdict.startsWith("killed")).length;
    process.stdout.write(`${killed} passed, ${verdicts.length - killed} failed\n`);
    return killed === verdicts.length && killed > 0 ? 0 : 1;
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
