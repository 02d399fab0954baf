/** Test files again, in a process of their own, with another environment: how the engine is compiled is settled once a process. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export type SuiteRun = { readonly code: number | null; readonly passed: number; readonly failed: number; readonly output: string };

/** `only`: the engine that is tested (see tests/conformance/subjects.ts). A run that prints no closing line has failed once. */
export function suiteInChild(only: string, files: readonly string[], environment: Readonly<Record<string, string>>): Promise<SuiteRun> {
  const child = spawn(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, "run", ...files], {
    cwd: root,
    env: { ...process.env, ...environment, SIG_TEST_ENGINE: only, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (output += piece.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const [, passed = "0", failed = "1"] = /^(\d+) passed, (\d+) failed$/mu.exec(output) ?? [];
      resolve({ code, passed: Number(passed), failed: Number(failed), output });
    });
  });
}
