/** What `sigc bench --json` writes, and how it follows from what was measured. */
import type { Dims } from "../../compiler/bind.js";
import { usefulFlops } from "../../compiler/plan/graph-flops.js";
import type { BufferRole, Plan } from "../../compiler/plan/plan.js";
import { type Machine, machine } from "../bench/machine.js";
import type { Heap, Peer } from "../bench/peer-list.js";
import type { Profile } from "../bench/profile.js";
import type { PeerOutcome } from "../bench/run-peer.js";
import { median, type Timing } from "../bench/time-steps.js";
import type { RunStats } from "../engine.js";
import type { BoundWork } from "./plan-work.js";
import { version } from "./version.js";

export type PeerEntry = { readonly name: string; readonly framework: string; readonly heap: Heap } & (
  | { readonly skipped: string }
  | {
      readonly version: string;
      readonly warmup: number;
      readonly timed: number;
      readonly medianMs: number;
      readonly minMs: number;
      readonly maxMs: number;
      readonly residentGrowthBytes: number | null;
      /** Its median over ours: above 1 we are faster. */
      readonly ratio: number;
    }
);

export type BenchDocument = {
  readonly pipeline: string;
  readonly engine: string;
  readonly precision: "f32" | "f64";
  readonly work: "results" | "gradients" | "step";
  readonly sizes: Dims;
  /** As `--set` gave them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly memoryBytes: number | null;
  readonly threads: number;
  readonly warmup: number;
  readonly timed: number;
  readonly wanted: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** From the first quartile to the third, over the median. */
  readonly spread: number;
  readonly engineMedianMs: number;
  readonly compileMs: number;
  readonly bindMs: number;
  readonly loadMs: number;
  /** Of contractions, 2 per multiply-add: those that are executed, and without those that an earlier sweep did already. */
  readonly flops: number;
  readonly usefulFlops: number;
  /** Per second of the median step. */
  readonly gflops: number;
  readonly usefulGflops: number;
  /** Of the median trial of multiply-adds on registers alone; trials and steps alternate. */
  readonly probeGflops: number | null;
  /** Median step against median trial. */
  readonly shareOfProbe: number | null;
  readonly probe: {
    readonly trials: number;
    readonly bestGflops: number | null;
    readonly compiler: string | null;
    readonly isa: string | null;
    readonly reason: string | null;
  };
  readonly plannedPeakBytes: number;
  readonly givenBytes: number;
  readonly resultBytes: number;
  readonly measuredPeakBytes: number;
  readonly measuredBy: string;
  /** Resident memory at its peak over that before the program was loaded, inputs in place. */
  readonly residentGrowthBytes: number | null;
  /** Where somebody asked for it, and the engine times its calls. */
  readonly profile?: Profile;
  readonly peers: readonly PeerEntry[];
  readonly noPeers: string | null;
  readonly machine: Machine;
  readonly sigc: string;
  readonly date: string;
  readonly diagnostics: readonly object[];
};

/** What the command knows and the document says as it is. */
type Setting = Pick<
  BenchDocument,
  "pipeline" | "engine" | "precision" | "work" | "settings" | "memoryBytes" | "threads" | "wanted" | "noPeers" | "diagnostics"
>;

export type Findings = {
  readonly bound: BoundWork;
  readonly loadMs: number;
  readonly timing: Timing;
  readonly engineMedianMs: number;
  /** Of the last step. */
  readonly stats: RunStats;
  readonly residentGrowthBytes: number | null;
  readonly profile: Profile | null;
  /** GFLOP/s of each. */
  readonly trials: readonly number[];
  readonly probe: Pick<BenchDocument["probe"], "compiler" | "isa" | "reason">;
  readonly peers: readonly (readonly [Peer, PeerOutcome])[];
};

export function benchDocument(setting: Setting, findings: Findings): BenchDocument {
  const { bound, loadMs, timing, engineMedianMs, stats, residentGrowthBytes, profile, trials, probe, peers } = findings;
  const { plan, template, compileMs, bindMs } = bound;
  const { pipeline, engine, precision, work, settings, memoryBytes, threads, wanted, noPeers, diagnostics } = setting;
  const useful = usefulFlops(template.graph, plan.dims);
  const perSecond = (flops: number): number => (flops / timing.medianMs) * 1e-6;
  const probeGflops = trials.length === 0 ? null : median(trials);
  return {
    pipeline,
    engine,
    precision,
    work,
    sizes: plan.dims,
    settings,
    memoryBytes,
    threads,
    warmup: timing.warmup,
    timed: timing.timed,
    wanted,
    medianMs: timing.medianMs,
    minMs: timing.minMs,
    maxMs: timing.maxMs,
    spread: timing.spread,
    engineMedianMs,
    compileMs,
    bindMs,
    loadMs,
    flops: plan.flops,
    usefulFlops: useful,
    gflops: perSecond(plan.flops),
    usefulGflops: perSecond(useful),
    probeGflops,
    shareOfProbe: probeGflops === null ? null : perSecond(plan.flops) / probeGflops,
    probe: { trials: trials.length, bestGflops: trials.length === 0 ? null : Math.max(...trials), ...probe },
    plannedPeakBytes: plan.peakBytes,
    givenBytes: bytesOfRole(plan, "given"),
    resultBytes: bytesOfRole(plan, "result"),
    measuredPeakBytes: stats.measuredPeakBytes,
    measuredBy: stats.measuredBy,
    residentGrowthBytes,
    ...(profile === null ? {} : { profile }),
    peers: peers.map(([peer, outcome]) => peerEntry(peer, outcome, timing.medianMs)),
    noPeers,
    machine: machine(),
    sigc: version(),
    date: new Date().toISOString(),
    diagnostics,
  };
}

const bytesOfRole = ({ buffers }: Plan, wanted: BufferRole): number =>
  buffers.reduce((sum, { role, bytes }) => (role === wanted ? sum + bytes : sum), 0);

function peerEntry({ name, framework, heap }: Peer, outcome: PeerOutcome, oursMs: number): PeerEntry {
  const peer = { name, framework, heap };
  if ("skipped" in outcome) return { ...peer, skipped: outcome.skipped };
  const { growthBytes, ...timing } = outcome.timing;
  return { ...peer, ...timing, residentGrowthBytes: growthBytes, ratio: timing.medianMs / oursMs };
}
