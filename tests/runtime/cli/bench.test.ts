import { describe, expect, test } from "vitest";
import { findPython } from "../../../runtime/bench/python.js";
import type { Profile } from "../../../runtime/bench/profile.js";
import { expectJson, scratchFolder, sigc, sigcInterrupted } from "./invoke.js";

const folder = scratchFolder();
const pipeline = (name: string): string => new URL(`../../../pipelines/${name}.sig`, import.meta.url).pathname;
const small = ["--set", "n=37", "--set", "width=24", "--engine", "planref", "--precision", "f32", "--grad"];
const quick = ["--warmup", "1", "--repeat", "2", "--seconds", "1"];

type Bench = {
  readonly flops: number;
  readonly usefulFlops: number;
  readonly gflops: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly timed: number;
  readonly probeGflops: number | null;
  readonly shareOfProbe: number | null;
  readonly probe: { readonly reason: string | null };
  readonly noPeers: string | null;
  readonly work: string;
  readonly engineMedianMs: number;
  readonly profile?: Profile;
  readonly peers: readonly ({ readonly name: string; readonly framework: string } & (
    | { readonly skipped: string }
    | { readonly ratio: number }
  ))[];
};
const benched = async (...argv: readonly string[]): Promise<Bench> => {
  const { exit, out, err } = await sigc("bench", ...argv, "--json");
  expect([exit, err.includes("error")], err).toEqual([0, false]);
  return expectJson("bench", out) as unknown as Bench;
};

describe("bench", () => {
  test("counts what SigLIP's mathematics asks for: three contractions of n²·d multiply-adds", async () => {
    const found = await benched(pipeline("siglip"), ...small, ...quick);
    expect([found.flops, found.usefulFlops, found.timed]).toEqual([6 * 37 ** 2 * 24, 6 * 37 ** 2 * 24, 2]);
    expect(found.gflops).toBeCloseTo((found.flops / found.medianMs) * 1e-6, 12);
    expect(found.minMs <= found.medianMs && found.medianMs <= found.maxMs).toBe(true);
    if (found.probeGflops === null) expect(found.probe.reason).not.toBeNull();
    else expect(found.shareOfProbe).toBeCloseTo(found.gflops / found.probeGflops, 12);
  });

  test("tells logits that a second sweep computes again from those that are needed", async () => {
    const found = await benched(pipeline("clip"), ...small, ...quick);
    // The diagonal is a product of rows of its own.
    const diagonal = 2 * 37 * 24;
    expect([found.flops, found.usefulFlops]).toEqual([8 * 37 ** 2 * 24 + diagonal, 6 * 37 ** 2 * 24 + diagonal]);
  });

  test("--step is a whole step of training, whose state stays in the engine", async () => {
    const file = folder.write(
      "step.sig",
      `pipeline p {
  batch n
  input x: f32[n, 8]
  param w: f32[8, 4] ~ normal(1)
  y = dropout(x @ w, 0.5)
  loss = sum(y * y) / n
  train { optimizer adamw(lr: 1e-3) }
}`,
    );
    const step = [file, "--set", "n=5", "--engine", "planref", "--step"];
    const found = await benched(...step, "--warmup", "1", "--repeat", "3");
    expect(found).toMatchObject({ work: "step", timed: 3, flops: 2 * (2 * 5 * 8 * 4) });
    const { exit, err } = await sigc("bench", ...step, "--grad");
    expect([exit, err]).toEqual([2, expect.stringContaining("cannot be used with")]);
  });

  test("--profile divides a step among kernels, by the lines that they come from", async () => {
    // Some tiles of the first sweep are kept: what one call multiplies in some turns, another one reads in the others.
    const sizes = ["--set", "n=1000", "--set", "width=256"];
    const clip = [pipeline("clip"), ...sizes, "--engine", "native", "--grad", ...quick];
    const found = await benched(...clip, "--profile");
    const { entries, engineMs, betweenMs } = found.profile as Profile;
    const sum = (of: (entry: Profile["entries"][number]) => number): number => entries.reduce((total, entry) => total + of(entry), 0);
    expect(sum(({ flops }) => flops)).toBe(found.flops);
    expect(found.flops).not.toBe(found.usefulFlops);
    expect(sum(({ ms }) => ms) + betweenMs).toBeCloseTo(engineMs, 9);
    expect(sum(({ share }) => share) + betweenMs / engineMs).toBeCloseTo(1, 9);
    expect(betweenMs).toBeGreaterThanOrEqual(0);
    expect(entries.every(({ place, turns, statements }) => place.includes(".sig:") && turns >= 1 && statements.length >= 1)).toBe(true);
    expect(entries.map(({ ms }) => ms)).toEqual(entries.map(({ ms }) => ms).toSorted((a, b) => b - a));

    const { out } = await sigc("bench", ...clip, "--profile");
    expect(out).toMatch(/share +of a step +GFLOP\/s +turns +kernel +from +makes\n/u);
    expect(out).toContain("between calls");
  });

  test("an engine that does not time its calls says so", async () => {
    const { exit, out, err } = await sigc("bench", pipeline("siglip"), ...small, ...quick, "--profile", "--json");
    expect([exit, err]).toEqual([0, expect.stringContaining("no profile: planref")]);
    expect((expectJson("bench", out) as unknown as Bench).profile).toBeUndefined();
  });

  test("without a compiler there is no share, and the reason is given", async () => {
    const before = process.env["CC"];
    process.env["CC"] = "/no/such/compiler";
    try {
      const { exit, out } = await sigc("bench", pipeline("siglip"), ...small, ...quick);
      expect([exit, out]).toEqual([0, expect.stringContaining("no share of the machine's peak")]);
      expect(out).toContain("CC=/no/such/compiler");
    } finally {
      if (before === undefined) delete process.env["CC"];
      else process.env["CC"] = before;
    }
  });

  test("a pipeline that no peer computes is timed all the same, and says so", async () => {
    const found = await benched(pipeline("supcon"), ...small, ...quick, "--against", "torch");
    expect([found.noPeers, found.peers]).toEqual(["no peer is written for supcon", []]);
  });

  test("peers compute in f32: next to f64 they would look fast", async () => {
    const exact = small.map((flag) => (flag === "f32" ? "f64" : flag));
    const found = await benched(pipeline("siglip"), ...exact, ...quick, "--against", "torch");
    expect([found.noPeers, found.peers]).toEqual(["peers compute in f32", []]);
  });

  test("without Python every peer is skipped with its reason, and the table shows it", async () => {
    const before = process.env["SIG_PYTHON"];
    process.env["SIG_PYTHON"] = folder.path("python");
    try {
      const { exit, out } = await sigc("bench", pipeline("siglip"), ...small, ...quick, "--against", "torch,jax");
      expect(exit).toBe(0);
      expect(out.match(/skipped: (torch|jax) cannot be imported: there is no /g)).toHaveLength(10);
    } finally {
      if (before === undefined) delete process.env["SIG_PYTHON"];
      else process.env["SIG_PYTHON"] = before;
    }
  });

  test.for(["siglip", "clip"])("%s: peers compute our loss and gradients", { timeout: 300_000 }, async (name, { skip }) => {
    const found = await benched(pipeline(name), ...small, ...quick, "--against", "torch-eager/tuned,torch-by-hand/default,jax/default");
    const python = findPython();
    const missing = new Map(await Promise.all(["torch", "jax"].map(async (name) => [name, await python.missing(name)] as const)));
    for (const peer of found.peers)
      if ("skipped" in peer) expect(missing.get(peer.framework), `${peer.name}: ${peer.skipped}`).not.toBeNull();
      else expect(peer.ratio).toBeGreaterThan(0);
    const absent = [...missing].filter(([, reason]) => reason !== null).map(([name, reason]) => `${name}: ${reason}`);
    if (absent.length > 0) skip(absent.join("; "));
  });

  test.each([
    [["--against", "torhc"], "SIG7050"],
    [["--repeat", "0"], "SIG7008"],
    [["--threads", "none"], "SIG7008"],
  ])("%o is refused with %s", async (flags, code) => {
    const { exit, err } = await sigc("bench", pipeline("siglip"), ...small, ...flags);
    expect([exit, err]).toEqual([2, expect.stringContaining(code)]);
  });

  test("peers that compute something else are refused, with the flag that is missing", async () => {
    const tower = new URL("../../bench/programs/image_tower.sig", import.meta.url).pathname;
    const refused = async (file: string, ...flags: readonly string[]) => {
      const { exit, err } = await sigc("bench", file, "--set", "n=2", "--engine", "planref", ...flags);
      expect([exit, err]).toEqual([2, expect.stringContaining("SIG7051")]);
      return err;
    };
    expect(await refused(pipeline("siglip"), "--against", "torch")).toContain("add --grad");
    expect(await refused(tower, "--against", "onnxruntime", "--grad")).toContain("leave out --grad");
  });

  test("Ctrl-C ends it with 130 and no half of a result", async () => {
    const long = ["--set", "n=64", "--set", "width=24", "--engine", "planref", "--repeat", "1000000", "--seconds", "20"];
    let interrupted = false;
    const { exit, out } = await sigcInterrupted(
      (err, interrupt) => {
        if (interrupted || !err.includes("drawing inputs")) return;
        interrupted = true;
        setTimeout(interrupt, 500);
      },
      "bench",
      pipeline("siglip"),
      ...long,
    );
    expect([exit, out]).toEqual([130, ""]);
  });
});
