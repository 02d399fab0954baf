/** Ten thousand steps leave resident memory where it was: nothing is kept from one run to the next. In a process of its own. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { whyNoNative } from "../support/native-missing.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const script = fileURLToPath(new URL("native-steps.ts", import.meta.url));

const missing = !existsSync("/proc/self/status") ? "this system does not tell a process's resident memory" : await whyNoNative();

test("10,000 steps at n = 256", { timeout: 300_000 }, ({ skip }) => {
  if (missing !== null) skip(missing);
  const args = ["--expose-gc", "--import", "tsx", script, "256", "64", "10000"];
  const { early, late } = JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }));
  process.stdout.write(`resident after 2,000 steps ${early} KiB, after 10,000 ${late} KiB\n`);
  expect(late).toBeLessThan(early * 1.01);
});
