import { expect, test } from "vitest";
import { openFmaProbe } from "../../../runtime/bench/fma-probe.js";

test("the probe is no loop that the compiler thought away, and f64 does not do more than f32", async ({ skip }) => {
  const [single, double] = [await openFmaProbe(1, "f32"), await openFmaProbe(1, "f64")];
  if (!single.available || !double.available) return skip(single.available ? "" : single.reason);
  const [f32, f64] = [await single.gflops(), await double.gflops()];
  process.stdout.write(`FMA probe, one thread: ${f32?.toFixed(1)} GFLOP/s in f32, ${f64?.toFixed(1)} in f64\n`);
  // 0.1: no CPU of this century on a shared core; 2000: 128 lanes · 2 units · 2 flops at 4 GHz, which none has.
  expect(f32).toBeGreaterThan(0.1);
  expect(f32).toBeLessThan(2000);
  expect(f64 ?? Number.NaN).toBeLessThan((f32 ?? 0) * 1.5);
});

test("more threads than a system gives are answered, not crashed on", async ({ skip }) => {
  const probe = await openFmaProbe(100_000, "f32");
  if (!probe.available) return skip(probe.reason);
  expect(await probe.gflops()).toBeNull();
});
