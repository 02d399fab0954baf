/** What `sigc bench` found, for a person. */
import { humanBytes } from "../../compiler/plan/human-bytes.js";
import type { Profile } from "../bench/profile.js";
import type { BenchDocument } from "./bench-document.js";
import { textTable } from "./text-table.js";

export function benchText(bench: BenchDocument): string {
  const { pipeline, engine, precision, work, sizes, threads, measuredBy, residentGrowthBytes: growth } = bench;
  const dims = Object.entries(sizes).map(([id, size]) => `${id} = ${size}`);
  const measured = measuredBy === "none" ? "" : `, measured ${humanBytes(bench.measuredPeakBytes)} by ${measuredBy}`;
  const resident = growth === null ? "" : `; resident memory grew by ${humanBytes(growth)}`;
  return [
    `${pipeline} on ${engine}, ${precision}, ${work}: ${[...dims, threads === 1 ? "1 thread" : `${threads} threads`].join(", ")}\n`,
    `median ${ms(bench.medianMs)}, spread ${percent(bench.spread)}, from ${ms(bench.minMs)} to ${ms(bench.maxMs)}, ${steps(bench)}\n`,
    `${speed(bench)}\n`,
    `peak planned ${humanBytes(bench.plannedPeakBytes)}${measured}${resident}\n`,
    bench.profile === undefined ? "" : `\n${profileTable(bench.profile)}\n`,
    bench.noPeers === null ? "" : `no peers: ${bench.noPeers}\n`,
    bench.peers.length === 0 ? "" : `\n${peerTable(bench)}`,
  ].join("");
}

function steps({ timed, wanted, warmup }: BenchDocument): string {
  const cut = timed < wanted ? ` of ${wanted}, for want of time,` : "";
  return `${timed}${cut} steps after ${warmup}`;
}

function speed({ flops, usefulFlops, gflops, usefulGflops, probeGflops, shareOfProbe, probe }: BenchDocument): string {
  if (flops === 0) return "no contraction, so no operations to count";
  const useful = usefulFlops === flops ? "" : ` (${usefulGflops.toPrecision(3)} without what is computed again)`;
  const share =
    probeGflops === null || shareOfProbe === null
      ? `; no share of the machine's peak: ${probe.reason}`
      : `, ${percent(shareOfProbe)} of the ${probeGflops.toPrecision(4)} that the multiply-add units do (${probe.isa}; median of ${probe.trials}, between the steps)`;
  return `${gflops.toPrecision(3)} GFLOP/s${useful}${share}`;
}

/** Below this share of a step an entry is not listed by itself. */
const LISTED = 0.005;

function profileTable({ entries, engineMs, betweenMs }: Profile): string {
  const listed = entries.filter(({ share }) => share >= LISTED);
  const others = entries.slice(listed.length);
  const line = (time: number, what: readonly string[]): readonly string[] => [percent(time / engineMs), ms(time), ...what];
  const rows = [
    ...listed.map(({ kernel, form, place, makes, ms: time, turns, flops }) =>
      line(time, [flops === 0 ? "" : (flops / (time * 1e6)).toPrecision(3), `${turns}`, `${form} k${kernel}`, place, someOf(makes)]),
    ),
    ...(others.length === 0
      ? []
      : [
          line(
            others.reduce((sum, { ms: time }) => sum + time, 0),
            ["", "", `${others.length} others`],
          ),
        ]),
    line(betweenMs, ["", "", "between calls"]),
  ];
  return textTable(["share", "of a step", "GFLOP/s", "turns", "kernel", "from", "makes"], rows, [0, 1, 2, 3]);
}

const SHOWN_NAMES = 3;
const someOf = (names: readonly string[]): string =>
  names.length <= SHOWN_NAMES ? names.join(", ") : `${names.slice(0, SHOWN_NAMES).join(", ")} and ${names.length - SHOWN_NAMES} more`;

function peerTable({ peers, medianMs }: BenchDocument): string {
  const rows = peers.map((peer) => {
    const who = [peer.name, peer.heap];
    if ("skipped" in peer) return [...who, "", "", "", "", `skipped: ${peer.skipped}`];
    const { ratio, residentGrowthBytes: growth, version, timed } = peer;
    return [
      ...who,
      ms(peer.medianMs),
      ms(peer.minMs),
      `${ratio.toFixed(2)}×`,
      growth === null ? "" : humanBytes(growth),
      `${version}, ${timed} steps`,
    ];
  });
  return textTable(["peer", "heap", "median", "least", `over ${ms(medianMs)}`, "memory", ""], rows, [2, 3, 4, 5]);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const ms = (value: number): string => `${value.toPrecision(value < 1000 ? 4 : Math.ceil(Math.log10(value + 1)))} ms`;
