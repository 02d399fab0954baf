/** What the operating system says: the process's peak grows with n and not with n², so no n×n array was ever held. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const script = fileURLToPath(new URL("siglip-step.ts", import.meta.url));
const width = 64;
const sizes = [2048, 4096, 8192] as const;

/** MiB. */
const peakAt = (n: number): number =>
  Number(execFileSync(process.execPath, ["--import", "tsx", script, String(n), String(width)], { cwd: root, encoding: "utf8" })) / 1024;

test(`SigLIP on wasm: no quadratic term in the peak over n = ${sizes.join(", ")}`, { timeout: 300_000 }, ({ skip }) => {
  if (!existsSync("/proc/self/status")) skip("no /proc: this system does not tell a process's peak memory");
  const [a, b, c] = sizes.map(peakAt) as [number, number, number];
  const [p, q, r] = sizes;
  const quadratic = ((c - b) / (r - q) - (b - a) / (q - p)) / (r - p);
  const square = (4 * r ** 2) / 2 ** 20;
  process.stdout.write(
    `peaks ${[a, b, c].map((peak) => peak.toFixed(0)).join(", ")} MiB; quadratic term at n = ${r}: ${(quadratic * r ** 2).toFixed(1)} of ${square} MiB\n`,
  );
  // One n×n array of f32 would show as all of `square`, and in the difference of the last two peaks as three quarters of it.
  expect(quadratic * r ** 2).toBeLessThan(square / 2);
  expect(c - b).toBeLessThan(square / 2);
});
