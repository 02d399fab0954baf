/** What the operating system says of a native step: beyond inputs and gradients it takes what the engine takes for any batch. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { whyNoNative } from "../support/native-missing.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const script = fileURLToPath(new URL("native-step.ts", import.meta.url));
/** 32768 takes a quarter of a minute on two cores: set SIG_TEST_LARGE to have it. */
const sizes = process.env["SIG_TEST_LARGE"] === undefined ? [4096, 12288] : [4096, 12288, 32768];
const MIB = 2 ** 20;

type Step = {
  readonly beyond: number;
  readonly gradients: number;
  readonly loss: number;
  readonly planned: number;
  readonly measured: number;
};

const missing = !existsSync("/proc/self/clear_refs") ? "this system does not tell a process's peak memory" : await whyNoNative();

test(`SigLIP at d = 768, n = ${sizes.join(", ")}, in a cut address space`, { timeout: 600_000 }, ({ skip }) => {
  if (missing !== null) skip(missing);
  const steps = sizes.map((n): Step => {
    const args = ["--expose-gc", "--import", "tsx", script, String(n), "768"];
    return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }));
  });
  for (const [k, { beyond, gradients, loss, planned, measured }] of steps.entries()) {
    process.stdout.write(
      `n = ${sizes[k]}: ${(beyond / MIB).toFixed(1)} MiB beyond inputs and ${(gradients / MIB).toFixed(0)} MiB of gradients\n`,
    );
    expect(loss).toBeGreaterThan(0);
    expect(beyond).toBeLessThan(16 * MIB);
    expect(measured).toBe(planned);
  }
});
