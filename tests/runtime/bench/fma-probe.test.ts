import { expect, test } from "vitest";
import { openFmaProbe } from "../../../runtime/bench/fma-probe.js";

test.for(["f32", "f64"] as const)("%s: the probe is no loop that the compiler thought away", async (precision, { skip }) => {
  const probe = await openFmaProbe(1, precision);
  if (!probe.available) return skip(probe.reason);
  const gflops = await probe.trial();
  process.stdout.write(`FMA probe, one thread: ${gflops?.toFixed(1)} GFLOP/s in ${precision}\n`);
  // 0.1: less than any CPU of this century on a shared core. 1000: 64 lanes · 2 flops at 8 GHz, which no core has.
  expect(gflops).toBeGreaterThan(0.1);
  expect(gflops).toBeLessThan(1000);
});

test("more threads than a system gives are answered, not crashed on", async ({ skip }) => {
  const probe = await openFmaProbe(100_000, "f32");
  if (!probe.available) return skip(probe.reason);
  expect(await probe.trial()).toBeNull();
});
