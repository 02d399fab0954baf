/** What a budget makes of towers: kept whole, then made again value by value, then in slices of rows; and what the plan says of it. */
import { expect, test } from "vitest";
import { expectJson, scratchFolder, sigc } from "./invoke.js";

const folder = scratchFolder();
const towers = folder.write(
  "towers.sig",
  `import { mlp } from "std/layers.sig"
pipeline towers {
  batch n
  input x: f32[n, 8]
  input y: f32[n, 8]
  encoder a = mlp(8, 64, 32)
  encoder b = mlp(32, 64, 32)
  encoder c = mlp(32, 64, 32)
  z = l2_normalize(c(b(a(x))))
  w = l2_normalize(a(y))
  loss = sum[i, j](softplus(-dot(z[i], w[j]))) / n
  train { optimizer sgd(lr: 0.1) }
}
`,
);
type Again = { rungs: number; of: number; values: number; bytes: number; flops: number; at: { bytes: number; span: { line: number } }[] };

async function plan(memory: number | null) {
  const budget = memory === null ? [] : ["--memory", `${memory}`];
  const { exit, out, err } = await sigc("plan", towers, "--grad", "--set", "n=2048", "--engine", "planref", "--json", ...budget);
  expect(exit, err).toBe(0);
  const document = expectJson("plan", out);
  return {
    peak: document["peakBytes"] as number,
    flops: document["flops"] as number,
    slices: document["slices"] as boolean,
    again: document["madeAgain"] as Again | null,
  };
}

test("as much is made again as the budget asks for, before anything is cut into slices", async () => {
  const ample = await plan(null);
  expect([ample.again, ample.slices]).toEqual([null, false]);
  const [some, more] = [await plan(Math.floor(ample.peak * 0.85)), await plan(Math.floor(ample.peak * 0.7))];
  expect(some.peak).toBeLessThanOrEqual(ample.peak * 0.85);
  expect(more.peak).toBeLessThanOrEqual(ample.peak * 0.7);
  expect([some.slices, more.slices]).toEqual([false, false]);
  expect(some.again?.rungs).toBeGreaterThan(0);
  expect(more.again?.rungs).toBeGreaterThan(some.again?.rungs ?? Number.POSITIVE_INFINITY);
  // What is told is what the plan computes.
  for (const { again, flops } of [some, more]) {
    expect(flops - ample.flops).toBeCloseTo(again?.flops ?? -1, 0);
    expect(again?.at.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(again?.bytes);
  }
  const least = await plan(Math.floor(ample.peak * 0.35));
  expect([least.again, least.slices]).toEqual([null, true]);
});

test("explain lists what may be made again, and ir shows all of it made again", async () => {
  const { out } = await sigc("explain", towers, "--grad", "--json");
  const list = expectJson("explain", out)["mayBeMadeAgain"] as { values: number; flops: string }[];
  expect(list[0]?.flops).toBe("0");
  const again = await sigc("ir", towers, "--grad", "--after", "recompute");
  const before = await sigc("ir", towers, "--grad");
  expect(again.out).toContain(" = stored %");
  expect(before.out).not.toContain(" = stored %");
});

test("the gradients' norm, which stands behind them all, keeps no activation waiting for it", async () => {
  type Buffers = readonly { readonly bytes: number; readonly from: number; readonly to: number }[];
  /** For how many statements activations are held, all together. */
  const held = async (...work: readonly string[]): Promise<number> => {
    const { out } = await sigc("plan", towers, "--set", "n=2048", "--engine", "planref", "--json", ...work);
    const activations = (expectJson("plan", out)["buffers"] as Buffers).filter(({ bytes }) => bytes >= 2048 * 32 * 4);
    return activations.reduce((sum, { from, to }) => sum + to - from, 0);
  };
  expect((await held("--train")) / (await held("--grad"))).toBeLessThan(1.05);
});

test("a run says what its budget made of it", async () => {
  const sizes = ["--set", "n=64", "--engine", "planref"];
  const ample = expectJson("plan", (await sigc("plan", towers, "--grad", "--json", ...sizes)).out)["peakBytes"] as number;
  const told = async (...budget: readonly string[]): Promise<string> =>
    (await sigc("run", towers, "--grad", "--synthetic", "1", "--out", folder.path("out.safetensors"), ...sizes, ...budget)).err;
  expect(await told()).not.toContain("to fit the memory");
  expect(await told("--memory", `${Math.floor(ample * 0.9)}`)).toMatch(/to fit the memory, \d+ of \d+ choices of values are made again/);
});
