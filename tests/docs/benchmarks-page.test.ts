/** docs/benchmarks.md says what docs/benchmarks/ says, and nothing else. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { benchmarksPage, pipelinesOf, plotOf } from "../../docs/benchmarks-page.js";
import { barPlot } from "../../runtime/plot/bar-plot.js";
import type { BenchDocument, PeerEntry } from "../../runtime/cli/bench-document.js";
import { list } from "../bench/list.js";
import { readResult } from "../bench/results.js";
import { expectJson } from "../runtime/cli/invoke.js";

const docs = new URL("../../docs/", import.meta.url);
const measured = list.flatMap((entry) => {
  const result = readResult(entry.id);
  return result === null ? [] : [{ entry, result }];
});

test("the page and its plots are what the results give: npm run bench:report", () => {
  expect(readFileSync(new URL("benchmarks.md", docs), "utf8")).toBe(benchmarksPage(measured, list.length - measured.length));
  for (const pipeline of pipelinesOf(measured)) {
    const plot = plotOf(pipeline, measured);
    if (plot !== null) expect(readFileSync(new URL(`benchmarks/${pipeline}.svg`, docs), "utf8")).toBe(barPlot(plot));
  }
});

test("every result is a document of sigc bench, of the program and sizes that its entry asks for", () => {
  for (const { entry, result } of measured) {
    expectJson("bench", readFileSync(new URL(`benchmarks/${entry.id}.json`, docs), "utf8"));
    expect([entry.id, result.work]).toEqual([entry.id, entry.work ?? "gradients"]);
    expect([entry.id, result.settings]).toEqual([entry.id, Object.fromEntries(Object.entries(entry.set).map(([k, v]) => [k, String(v)]))]);
  }
});

test("every program of the list is there, and names no result twice", () => {
  expect(list.filter(({ program }) => !existsSync(new URL(`../${program}`, docs)))).toEqual([]);
  expect(new Set(list.map(({ id }) => id)).size).toBe(list.length);
  const ids = list.map(({ id }) => id);
  for (const { id, peersNearIn } of list) if (peersNearIn !== undefined) expect(ids.indexOf(peersNearIn)).toBeLessThan(ids.indexOf(id));
});

describe("of made-up results", () => {
  const peer = (name: string, medianMs: number, heap: "default" | "tuned" = "default"): PeerEntry => {
    const times = { medianMs, minMs: medianMs, maxMs: medianMs, ratio: medianMs / 100 };
    return { name, framework: "torch", heap, version: "torch 1", warmup: 1, timed: 2, residentGrowthBytes: 2 ** 30, ...times };
  };
  const result: BenchDocument = {
    ...{ pipeline: "siglip", engine: "native", precision: "f32", work: "gradients", sizes: { n: 100 }, settings: { n: "100", width: "8" } },
    ...{
      memoryBytes: null,
      threads: 2,
      warmup: 1,
      timed: 5,
      wanted: 5,
      medianMs: 100,
      minMs: 99,
      maxMs: 101,
      spread: 0.01,
      engineMedianMs: 99,
    },
    ...{ compileMs: 1, bindMs: 1, loadMs: 1, flops: 8e9, usefulFlops: 6e9, gflops: 80, usefulGflops: 60, probeGflops: 160 },
    ...{ shareOfProbe: 0.5, probe: { trials: 5, bestGflops: 170, compiler: "cc 1", isa: "x86-64-v3", reason: null } },
    ...{ plannedPeakBytes: 2 ** 22, givenBytes: 2 ** 20, resultBytes: 2 ** 20, measuredPeakBytes: 2 ** 21, measuredBy: "arena" },
    ...{ residentGrowthBytes: 2 ** 21, noPeers: null, sigc: "1.0.0", date: "2026-01-02T03:04:05.678Z", diagnostics: [] },
    machine: { cpu: "a CPU", cores: 4, memoryBytes: 2 ** 33, system: "Linux", node: "20" },
    peers: [
      peer("torch-eager", 300),
      peer("torch-eager", 200, "tuned"),
      peer("torch-by-hand", 150),
      { name: "jax-jit", framework: "jax", heap: "default", skipped: "it is not there" },
    ],
  };
  const [entry] = list;
  if (entry === undefined) throw new Error("the list is empty");
  const page = benchmarksPage([{ entry, result }], 3);

  test("the fastest peer is named, each peer counts with its better heap, and what was skipped is told", () => {
    expect(page).toContain(
      "| n = 100, width = 8 | 100 ms | 80.0 | 50 % | 2.00 MiB | 2.00 MiB | torch-by-hand | 150 ms | 1.50 | 1.00 GiB |",
    );
    expect(page).toContain("| torch-eager | 200 ms (2.00×) |");
    expect(page).toContain("- jax-jit (default heap), n = 100, width = 8: it is not there");
    expect(page).toContain("3 of the list are not measured yet.");
    expect(page).toContain("Measured 2026-01-02 on a CPU, 2 of 4 cores, 8.00 GiB, Linux; Node 20, cc 1, x86-64-v3; peers: torch 1.");
  });

  test("each pipeline says what its steps compute", () => {
    const trained: BenchDocument = { ...result, pipeline: "train_step", work: "step" };
    const both = benchmarksPage(
      [
        { entry, result },
        { entry, result: trained },
      ],
      0,
    );
    expect(both.match(/^## .*|^(Loss and all gradients|A whole step of training)/gm)).toEqual([
      "## siglip",
      "Loss and all gradients",
      "## train_step",
      "A whole step of training",
    ]);
    expect(plotOf("train_step", [{ entry, result: trained }])?.title).toBe("train_step, step of training");
  });

  test("results of two machines are not passed off as one's", () => {
    const other = { ...result, machine: { ...result.machine, cpu: "another" } };
    expect(
      benchmarksPage(
        [
          { entry, result },
          { entry, result: other },
        ],
        0,
      ),
    ).toMatch(/on a CPU, .* \(siglip-64\); another, .* \(siglip-64\)/);
  });

  test("bars compare times: useful operations on both sides", () => {
    expect(plotOf("siglip", [{ entry, result }])).toMatchObject({
      contestants: ["sig", "torch-by-hand", "torch-eager"],
      groups: [{ label: "n = 100", bars: [60, 40, 30], most: 160 }],
    });
  });
});
