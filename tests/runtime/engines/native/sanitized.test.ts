/**
 * The conformance suite again, every access checked: in a process of its own, for the sanitizers' runtime must be loaded before
 * Node is. That they notice what is wrong is shown in toolchain/load-library.test.ts.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { realCompiler, sanitizerEnvironment } from "./toolchain/workbench.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const files = ["tests/conformance/", "native/panelled.test.ts", "native/contract-blocks.test.ts"];

const compiler = await realCompiler();
const environment = "missing" in compiler ? null : sanitizerEnvironment(compiler.compiler);
const reason = "missing" in compiler ? compiler.missing : environment === null ? `no libasan for ${compiler.compiler.path}` : null;

test("conformance under -fsanitize=address,undefined", { timeout: 600_000 }, async ({ skip }) => {
  if (environment === null) return skip(reason ?? "");
  const { code, output } = await vitest(environment);
  expect(output).not.toMatch(/AddressSanitizer|runtime error:/u);
  // A run that found nothing to run would end well too.
  const [, passed = "0", failed = ""] = /^(\d+) passed, (\d+) failed$/mu.exec(output) ?? [];
  expect({ code, failed }, output.slice(-4000)).toEqual({ code: 0, failed: "0" });
  expect(Number(passed)).toBeGreaterThan(500);
});

function vitest(sanitizers: Readonly<Record<string, string>>): Promise<{ readonly code: number | null; readonly output: string }> {
  const runner = `${root}node_modules/vitest/vitest.mjs`;
  // One of the two workers is this test's.
  const child = spawn(process.execPath, [runner, "run", "--maxWorkers=2", ...files], {
    cwd: root,
    env: { ...process.env, ...sanitizers, SIG_TEST_SANITIZED: "1", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (output += piece.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
