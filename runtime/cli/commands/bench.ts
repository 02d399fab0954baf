import { usefulFlops } from "../../../compiler/plan/graph-flops.js";
import type { BufferRole, Plan } from "../../../compiler/plan/plan.js";
import { normsOf } from "../../bench/agreement.js";
import { type FmaProbe, openFmaProbe } from "../../bench/fma-probe.js";
import { machine } from "../../bench/machine.js";
import { benchMessages } from "../../bench/messages.js";
import { type Peer, peersOf } from "../../bench/peer-list.js";
import { watchGrowth } from "../../bench/resident-memory.js";
import type { PeerOutcome } from "../../bench/run-peer.js";
import { timePeers } from "../../bench/time-peers.js";
import { type Phase, summarise, timeSteps } from "../../bench/time-steps.js";
import type { HostArray } from "../../data/host-array.js";
import type { Executable, RunResult } from "../../engine.js";
import { usableCores } from "../../engines/native/toolchain/cores.js";
import { userError } from "../../user-error.js";
import { BenchProgress } from "../bench-progress.js";
import { benchText, type BenchDocument, type PeerEntry } from "../bench-report.js";
import { chooseEngine } from "../choose-engine.js";
import { planWork } from "../compile-work.js";
import { exitCodes } from "../exit-codes.js";
import { gatherInputs } from "../gather-inputs.js";
import { jsonDocument } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { loadProgram } from "../load-program.js";
import { countOption, type EngineOptions, type ProgramOptions, withEngineOptions, withProgramOptions } from "../parse-options.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";
import { version } from "../version.js";

type Options = ProgramOptions &
  EngineOptions &
  CommonOptions & {
    readonly grad?: true;
    readonly threads?: number;
    readonly cache: boolean;
    readonly synthetic: number;
    readonly warmup?: number;
    readonly repeat?: number;
    readonly seconds: number;
    readonly against?: readonly string[];
  };

export const registerBench: Register = (parent, { console, finish }) => {
  withEngineOptions(
    withProgramOptions(parent.command("bench").summary("time a step next to its peers").argument("<file>", "the program; - is stdin")),
  )
    .description(
      "Times steps on inputs drawn at random: median, floating-point operations per second and their share of what the machine can do, memory planned and measured, and the same step in other frameworks.",
    )
    .option("--grad", "with the gradient of every parameter and float input")
    .option("--synthetic <seed>", "of the inputs that are drawn", countOption("--synthetic", 0), 0)
    .option("--warmup <n>", "steps before those that are timed; 2 where not given, more where they are short", countOption("--warmup", 0))
    .option("--repeat <n>", "steps that are timed; 5 where not given, more where they are short", countOption("--repeat", 1))
    .option("--seconds <s>", "stop timing after that long, after two steps at least; peers get as much", countOption("--seconds", 1), 10)
    .option("--against <peers>", "torch, jax, or peers by name, with one heap as torch-eager/tuned; separated by commas", (text) =>
      text.split(",").map((name) => name.trim()),
    )
    .option(...jsonFlag)
    .action(async (path: string, options: Options) => {
      const interrupt = new AbortController();
      const listened = console.onInterrupt(() => interrupt.abort());
      const progress = new BenchProgress(console);
      try {
        const document = await bench(path, options, { progress, signal: interrupt.signal, console });
        progress.end();
        if (document === null) return finish(exitCodes.interrupted);
        console.out(options.json ? jsonDocument(document) : benchText(document));
        finish(exitCodes.ok);
      } finally {
        progress.end();
        listened();
      }
    });
};

type Surroundings = {
  readonly progress: BenchProgress;
  readonly signal: AbortSignal;
  readonly console: Parameters<typeof chooseEngine>[1];
};

/** Null where it was interrupted. */
async function bench(path: string, options: Options, { progress, signal, console }: Surroundings): Promise<BenchDocument | null> {
  const loaded = loadProgram(path, options);
  printDiagnostics(loaded.warnings, loaded.sources, console);
  const { name: pipeline } = loaded.program;
  const peers = peersOf(pipeline, options.against ?? []);
  if (options.against !== undefined && !options.grad) throw userError(benchMessages.peersNeedGradients, {}, 2);
  const { engine, precision } = await chooseEngine(options, console);
  const threads = options.threads ?? usableCores();
  const gathered = gatherInputs(loaded, { synthetic: options.synthetic, seed: options.synthetic }, precision);
  const work = options.grad ? "gradients" : "results";
  const bound = planWork(loaded, { work, target: engine.target(precision) }, gathered.dims, options.memory);
  progress.stage(`${pipeline}: drawing inputs`);
  const inputs = gathered.feed(bound.template.indexBounds);
  const probe = await openFmaProbe(threads, precision, options.cache);
  const phases = phasesOf(options);

  const grown = await watchGrowth();
  const loading = performance.now();
  const executable = await engine.load(bound.template);
  const loadMs = performance.now() - loading;
  const before = await measure(probe);
  const { last, timing, engineMs } = await timeExecutable(
    executable,
    bound.plan,
    inputs,
    phases,
    (text) => progress.step(`${pipeline}: ${text}`),
    signal,
  );
  const after = await measure(probe);
  const residentGrowthBytes = grown();
  if (signal.aborted || last === null) return null;
  // Before `dispose`: an engine may hand out views of its own memory.
  const norms = peers.length === 0 ? new Map<string, number>() : normsOf(last.outputs);
  executable.dispose();
  engine.dispose();

  const task = { pipeline, threads, ...phases, rows: Math.max(...Object.values(gathered.dims)), norms, signal };
  const timed = precision === "f32" ? await timePeers(peers, inputs, task, (text) => progress.stage(`${pipeline}: ${text}`)) : [];
  if (signal.aborted) return null;
  const { plan, template, compileMs, bindMs } = bound;
  const useful = usefulFlops(template.graph, gathered.dims);
  const perSecond = (flops: number): number => (flops / timing.medianMs) * 1e-6;
  const probeGflops = before === null || after === null ? null : Math.max(before, after);
  return {
    pipeline,
    engine: engine.name,
    precision,
    work,
    sizes: gathered.dims,
    settings: Object.fromEntries(options.set ?? []),
    memoryBytes: options.memory ?? null,
    threads,
    warmup: timing.warmup,
    timed: timing.timed,
    wanted: phases.timed.steps,
    medianMs: timing.medianMs,
    minMs: timing.minMs,
    maxMs: timing.maxMs,
    spread: timing.spread,
    engineMedianMs: engineMs,
    compileMs,
    bindMs,
    loadMs,
    flops: plan.flops,
    usefulFlops: useful,
    gflops: perSecond(plan.flops),
    usefulGflops: perSecond(useful),
    probeGflops,
    shareOfProbe: probeGflops === null ? null : perSecond(plan.flops) / probeGflops,
    probe: probe.available
      ? {
          beforeGflops: before,
          afterGflops: after,
          compiler: probe.builtBy,
          isa: probe.isa,
          reason: probeGflops === null ? "too few threads" : null,
        }
      : { beforeGflops: null, afterGflops: null, compiler: null, isa: null, reason: probe.reason },
    plannedPeakBytes: plan.peakBytes,
    givenBytes: bytesOfRole(plan, "given"),
    resultBytes: bytesOfRole(plan, "result"),
    measuredPeakBytes: last.stats.measuredPeakBytes,
    measuredBy: last.stats.measuredBy,
    residentGrowthBytes,
    peers: timed.map(([peer, outcome]) => peerEntry(peer, outcome, timing.medianMs)),
    noPeers: options.against === undefined ? null : noPeers(pipeline, peers, precision),
    machine: machine(),
    sigc: version(),
    date: new Date().toISOString(),
    diagnostics: loaded.warnings.map((d) => jsonDiagnostic(d, loaded.sources)),
  };
}

type Phases = { readonly warmup: Phase; readonly timed: Phase };

/** Short steps are repeated for long enough that the clock and the just-in-time compiler are no part of the answer. */
const phasesOf = ({ warmup, repeat, seconds }: Options): Phases => ({
  warmup: { steps: warmup ?? 2, fewest: Math.min(warmup ?? 1, 1), least: warmup === undefined ? 0.2 : 0, most: seconds / 4 },
  timed: { steps: repeat ?? 5, fewest: Math.min(repeat ?? 2, 2), least: repeat === undefined ? 0.5 : 0, most: seconds },
});

const measure = async (probe: FmaProbe): Promise<number | null> => (probe.available ? probe.gflops() : null);

async function timeExecutable(
  executable: Executable,
  plan: Plan,
  inputs: ReadonlyMap<string, HostArray>,
  { warmup, timed }: Phases,
  tell: (text: string) => void,
  signal: AbortSignal,
) {
  let last: RunResult | null = null;
  const engineTimes: number[] = [];
  const step = async (): Promise<void> => {
    last = await executable.run(plan, { inputs });
    engineTimes.push(last.stats.runMs);
  };
  const timing = await timeSteps(step, warmup, timed, {
    now: () => performance.now(),
    tell: (phase, number) => tell(`${phase} step ${number}`),
    stopped: () => signal.aborted,
  });
  return { last: last as RunResult | null, timing, engineMs: summarise(engineTimes.slice(timing.warmup)).medianMs };
}

const peerEntry = ({ name, framework, heap }: Peer, outcome: PeerOutcome, oursMs: number): PeerEntry => {
  const peer = { name, framework, heap };
  if ("skipped" in outcome) return { ...peer, skipped: outcome.skipped };
  const { growthBytes, ...timing } = outcome.timing;
  return { ...peer, ...timing, residentGrowthBytes: growthBytes, ratio: timing.medianMs / oursMs };
};

const noPeers = (pipeline: string, peers: readonly Peer[], precision: "f32" | "f64"): string | null =>
  peers.length === 0 ? `no peer is written for ${pipeline}` : precision === "f32" ? null : "peers compute in f32";

const bytesOfRole = ({ buffers }: Plan, wanted: BufferRole): number =>
  buffers.reduce((sum, { role, bytes }) => (role === wanted ? sum + bytes : sum), 0);
