/** docs/benchmarks.md and its plots from the measurements that are kept, so that no number is typed. */
import { humanBytes } from "../compiler/plan/human-bytes.js";
import type { BenchDocument } from "../runtime/cli/bench-document.js";
import { type Entry, NEAR } from "../tests/bench/list.js";
import { timedPeers, type TimedPeer } from "../tests/bench/results.js";
import type { BarPlot } from "../runtime/plot/bar-plot.js";

export type Measured = { readonly entry: Entry; readonly result: BenchDocument };

/** Pipelines in the order of the list. */
export const pipelinesOf = (measured: readonly Measured[]): readonly string[] => [
  ...new Set(measured.map(({ result }) => result.pipeline)),
];

export function benchmarksPage(measured: readonly Measured[], left: number): string {
  const lines = [
    "# Benchmarks",
    "",
    "Each number is the median of steps in float32. The commands are `npm run bench`, which measures, and `npm run bench:report`, which writes this page from `docs/benchmarks/`.",
    "",
    "- *GFLOP/s* counts the multiply-adds of contractions as 2, what a second sweep computes again included. *Share* is of what the multiply-add units do on registers alone, on as many threads, measured between the steps: median against median.",
    "- *Memory* is by how much the process grew over what it held with its inputs in place, as the operating system counts; gradients are part of it. *Scratch* is what the plan holds beyond inputs and results.",
    "- Peers run one after the other, each in a process of its own, on the same arrays and threads, and are refused where what they compute is not ours. Each is timed with the C library's usual heap and with one tuned for large arrays (`runtime/bench/run-peer.ts`); the better counts here. What they run is in `tests/bench/peers/`.",
    `- At the larger sizes only peers run that took less than ${NEAR} times the fastest one's time at the size before.`,
  ];
  if (measured.length === 0) lines.push("", "Nothing has been measured yet.");
  else lines.push("", ...machinesOf(measured), ...pipelinesOf(measured).flatMap((pipeline) => section(pipeline, measured)));
  if (left > 0 && measured.length > 0) lines.push("", `${left} of the list are not measured yet.`);
  return `${lines.join("\n")}\n`;
}

/** One paragraph where one machine did it all, as it should be. */
function machinesOf(measured: readonly Measured[]): readonly string[] {
  const told = new Map<string, string[]>();
  for (const { entry, result } of measured) {
    const { cpu, cores, memoryBytes, system, node } = result.machine;
    const compiler = result.probe.compiler === null ? "no C compiler" : `${result.probe.compiler}, ${result.probe.isa}`;
    const text = `${cpu}, ${result.threads} of ${cores} cores, ${humanBytes(memoryBytes)}, ${system}; Node ${node}, ${compiler}`;
    told.set(text, [...(told.get(text) ?? []), entry.id]);
  }
  const versions = [...new Set(measured.flatMap(({ result }) => timedPeers(result).map(({ version }) => version)))].sort();
  const days = [...new Set(measured.map(({ result }) => result.date.slice(0, 10)))].sort();
  const when = days.length === 1 ? days[0] : `${days[0]} to ${days.at(-1)}`;
  const places = [...told].map(([text, ids]) => (told.size === 1 ? text : `${text} (${ids.join(", ")})`));
  return [`Measured ${when} on ${places.join("; ")}${versions.length === 0 ? "" : `; peers: ${versions.join(", ")}`}.`];
}

function section(pipeline: string, measured: readonly Measured[]): readonly string[] {
  const own = measured.filter(({ result }) => result.pipeline === pipeline);
  const hasPeers = own.some(({ result }) => timedPeers(result).length > 0);
  return [
    "",
    `## ${pipeline}`,
    "",
    ...abouts(own).flatMap((about) => [about, ""]),
    ...(hasPeers ? [`![${pipeline}: GFLOP/s by batch size](benchmarks/${pipeline}.svg)`, ""] : []),
    "| | step | GFLOP/s | share | memory | scratch |" + (hasPeers ? " fastest peer | its step | times ours | its memory |" : ""),
    "|---|---|---|---|---|---|" + (hasPeers ? "---|---|---|---|" : ""),
    ...own.map(({ result }) => `| ${row(result).join(" | ")} |${hasPeers ? ` ${peerCells(timedPeers(result)[0]).join(" | ")} |` : ""}`),
    ...(hasPeers ? ["", ...peerTable(own)] : []),
    ...skips(own),
  ];
}

/** What a step computes; each of a pipeline the same, unless the list says otherwise. */
const abouts = (own: readonly Measured[]): readonly string[] => [
  ...new Set(own.map(({ entry, result }) => `${workNames[result.work]}: \`${entry.program}\`.`)),
];

const workNames: Readonly<Record<BenchDocument["work"], string>> = {
  results: "Results alone, no gradients",
  gradients: "Loss and all gradients, from embeddings that are not normalised yet",
  step: "A whole step of training: loss, all gradients and the optimiser's update",
};

const sizesOf = ({ sizes, settings }: BenchDocument): string => {
  const config = Object.entries(settings).filter(([name]) => !(name in sizes));
  return [...Object.entries(sizes), ...config].map(([name, value]) => `${name} = ${value}`).join(", ");
};

function row(result: BenchDocument): readonly string[] {
  const { medianMs, engineMedianMs, gflops, shareOfProbe, residentGrowthBytes, plannedPeakBytes, givenBytes, resultBytes, memoryBytes } =
    result;
  return [
    `${sizesOf(result)}${memoryBytes === null ? "" : `, within ${humanBytes(memoryBytes)}`}`,
    // What it takes to call the engine is told where it could matter.
    medianMs < 1 ? `${ms(medianMs)}, ${ms(engineMedianMs)} of them in the engine` : ms(medianMs),
    gflops.toPrecision(3),
    shareOfProbe === null ? "" : `${(100 * shareOfProbe).toFixed(0)} %`,
    residentGrowthBytes === null ? "" : humanBytes(residentGrowthBytes),
    humanBytes(Math.max(0, plannedPeakBytes - givenBytes - resultBytes)),
  ];
}

const peerCells = (peer: TimedPeer | undefined): readonly string[] =>
  peer === undefined
    ? ["", "", "", ""]
    : [
        `${peer.name}${peer.heap === "tuned" ? ", tuned heap" : ""}`,
        ms(peer.medianMs),
        peer.ratio.toFixed(2),
        peer.residentGrowthBytes === null ? "" : humanBytes(peer.residentGrowthBytes),
      ];

/** Every peer at its better heap: median, and how many times ours. */
function peerTable(own: readonly Measured[]): readonly string[] {
  const compared = own.filter(({ result }) => timedPeers(result).length > 0);
  const names = [...new Set(compared.flatMap(({ result }) => timedPeers(result).map(({ name }) => name)))];
  const cell = (result: BenchDocument, name: string): string => {
    const peer = best(result, name);
    return peer === null ? "" : `${ms(peer.medianMs)} (${peer.ratio.toFixed(2)}×)`;
  };
  return [
    `| peer | ${compared.map(({ result }) => sizesOf(result)).join(" | ")} |`,
    `|---|${"---|".repeat(compared.length)}`,
    ...names.map((name) => `| ${name} | ${compared.map(({ result }) => cell(result, name)).join(" | ")} |`),
  ];
}

const best = (result: BenchDocument, name: string): TimedPeer | null => timedPeers(result).find((peer) => peer.name === name) ?? null;

function skips(own: readonly Measured[]): readonly string[] {
  const told = own.flatMap(({ result }) =>
    result.peers.flatMap((peer) => ("skipped" in peer ? [`${peer.name} (${peer.heap} heap), ${sizesOf(result)}: ${peer.skipped}`] : [])),
  );
  return told.length === 0 ? [] : ["", "Not timed:", "", ...told.map((text) => `- ${text}`)];
}

const ms = (value: number): string =>
  value < 1 ? `${(value * 1000).toPrecision(3)} µs` : value < 1000 ? `${value.toPrecision(3)} ms` : `${(value / 1000).toPrecision(3)} s`;

/** Useful operations per second, the same count on both sides: bars compare times. */
export function plotOf(pipeline: string, measured: readonly Measured[]): BarPlot | null {
  const own = measured.map(({ result }) => result).filter((result) => result.pipeline === pipeline && timedPeers(result).length > 0);
  const names = [...new Set(own.flatMap((result) => timedPeers(result).map(({ name }) => name)))].sort();
  if (own.length === 0) return null;
  return {
    title: `${pipeline}, ${plotNames[own[0]?.work ?? "gradients"]}`,
    unit: "GFLOP/s of needed operations",
    contestants: ["sig", ...names],
    groups: own.map((result) => ({
      label: `n = ${result.sizes["n"] ?? "?"}`,
      bars: [result.usefulGflops, ...names.map((name) => rateOf(result, best(result, name)))],
      most: result.probeGflops,
    })),
  };
}

const plotNames: Readonly<Record<BenchDocument["work"], string>> = {
  results: "results",
  gradients: "loss and gradients",
  step: "step of training",
};

const rateOf = ({ usefulFlops }: BenchDocument, peer: TimedPeer | null): number | null =>
  peer === null ? null : (usefulFlops / peer.medianMs) * 1e-6;
