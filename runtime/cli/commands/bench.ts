import { Option } from "commander";
import type { Plan } from "../../../compiler/plan/plan.js";
import { type Norms, normsOf } from "../../bench/agreement.js";
import { openFmaProbe } from "../../bench/fma-probe.js";
import { type Peer, peersOf } from "../../bench/peer-list.js";
import { watchGrowth } from "../../bench/resident-memory.js";
import { type StepFeed, stepFeed } from "../../bench/step-feed.js";
import { profileOf } from "../../bench/profile.js";
import { timePeers } from "../../bench/time-peers.js";
import { median, type Phase, timeSteps } from "../../bench/time-steps.js";
import type { Executable, RunStats } from "../../engine.js";
import { usableCores } from "../../engines/native/toolchain/cores.js";
import { BenchProgress } from "../bench-progress.js";
import { type BenchDocument, benchDocument } from "../bench-document.js";
import { benchText } from "../bench-report.js";
import { chooseEngine } from "../choose-engine.js";
import { planWork, tellBent } from "../plan-work.js";
import { exitCodes } from "../exit-codes.js";
import { gatherInputs } from "../gather-inputs.js";
import { jsonDocument } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { loadProgram } from "../load-program.js";
import { countOption, type EngineOptions, type ProgramOptions, withEngineOptions, withProgramOptions } from "../parse-options.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";

type Options = ProgramOptions &
  EngineOptions &
  CommonOptions & {
    readonly grad?: true;
    readonly step?: true;
    readonly synthetic: number;
    readonly warmup?: number;
    readonly repeat?: number;
    readonly seconds: number;
    readonly against?: readonly string[];
    readonly profile?: true;
  };

export const registerBench: Register = (parent, { console, finish }) => {
  withEngineOptions(
    withProgramOptions(parent.command("bench").summary("time a step next to its peers").argument("<file>", "the program; - is stdin")),
  )
    .description(
      "Times steps on inputs drawn at random: median, floating-point operations per second and their share of what the machine can do, memory planned and measured, and the same step in other frameworks.",
    )
    .option("--grad", "with the gradient of every parameter and float input")
    .addOption(new Option("--step", "a whole step of training: gradients and the optimizer's update").conflicts("grad"))
    .option("--synthetic <seed>", "of the inputs that are drawn", countOption("--synthetic", 0), 0)
    .option("--warmup <n>", "steps before those that are timed; 2 where not given, more where they are short", countOption("--warmup", 0))
    .option("--repeat <n>", "steps that are timed; 5 where not given, more where they are short", countOption("--repeat", 1))
    .option("--seconds <s>", "stop timing after that long, after two steps at least; peers get as much", countOption("--seconds", 1), 10)
    .option("--against <peers>", "torch, jax, or peers by name, with one heap as torch-eager/tuned; separated by commas", (text) =>
      text.split(",").map((name) => name.trim()),
    )
    .option("--profile", "where a step's time goes: by kernel, with the place in the program that it comes from")
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
  const loaded = loadProgram(path, { ...options, training: options.step === true });
  printDiagnostics(loaded.warnings, loaded.sources, console);
  const { name: pipeline } = loaded.program;
  const work: BenchDocument["work"] = options.step ? "step" : options.grad ? "gradients" : "results";
  const peers = peersOf(pipeline, options.against ?? [], work);
  const { engine, precision } = await chooseEngine(options, console);
  const threads = options.threads ?? usableCores();
  const gathered = gatherInputs(loaded, { synthetic: options.synthetic, seed: options.synthetic }, precision);
  const bound = planWork(loaded, { work, target: engine.target(precision) }, gathered.dims, options.memory);
  console.err(tellBent(bound.bent));
  progress.stage(`${pipeline}: drawing inputs`);
  const inputs = gathered.feed(bound.template.indexBounds);
  const probe = await openFmaProbe(threads, precision, options.cache);
  const phases = phasesOf(options);

  const grown = await watchGrowth();
  const loading = performance.now();
  const executable = await engine.load(bound.template);
  const loadMs = performance.now() - loading;
  const trials: number[] = [];
  const steps = await timeExecutable(executable, bound.plan, stepFeed(inputs, bound, precision), phases, {
    timeCalls: options.profile === true,
    tell: (text) => progress.step(`${pipeline}: ${text}`),
    between: probe.available ? sampled(probe.trial, trials) : async () => {},
    signal,
  });
  const residentGrowthBytes = grown();
  if (signal.aborted || steps === null) return null;
  executable.dispose();
  engine.dispose();

  const rows = Math.max(...Object.values(gathered.dims));
  const task = { pipeline, threads, ...phases, rows, norms: steps.norms, signal };
  const timed = precision === "f32" ? await timePeers(peers, inputs, task, (text) => progress.stage(`${pipeline}: ${text}`)) : [];
  if (signal.aborted) return null;
  const setting = {
    pipeline,
    engine: engine.name,
    precision,
    work,
    threads,
    wanted: phases.timed.steps,
    settings: Object.fromEntries(options.set ?? []),
    memoryBytes: options.memory ?? null,
    noPeers: options.against === undefined ? null : noPeers(pipeline, peers, precision),
    diagnostics: loaded.warnings.map((d) => jsonDiagnostic(d, loaded.sources)),
  };
  const { timing, engineMedianMs, stats, profiled } = steps;
  if (options.profile && profiled.length === 0) console.err(`no profile: ${engine.name} does not time what it calls\n`);
  return benchDocument(setting, {
    bound,
    loadMs,
    timing,
    engineMedianMs,
    stats,
    residentGrowthBytes,
    profile: profiled.length === 0 ? null : profileOf(bound.plan, bound.template.kernels, profiled, loaded.placeOf),
    peers: timed,
    trials,
    probe: probe.available
      ? { compiler: probe.builtBy, isa: probe.isa, reason: trials.length === 0 ? NO_THREADS : null }
      : { compiler: null, isa: null, reason: probe.reason },
  });
}

const NO_THREADS = "the system gives no such number of threads";

type Phases = { readonly warmup: Phase; readonly timed: Phase };

/** Short steps are repeated for long enough that the clock and the just-in-time compiler are no part of the answer. */
const phasesOf = ({ warmup, repeat, seconds }: Options): Phases => ({
  warmup: { steps: warmup ?? 2, fewest: Math.min(warmup ?? 1, 1), least: warmup === undefined ? 0.2 : 0, most: seconds / 4 },
  timed: { steps: repeat ?? 5, fewest: Math.min(repeat ?? 2, 2), least: repeat === undefined ? 0.5 : 0, most: seconds },
});

/** Steps may be shorter than a trial: then many go by between two. */
const TRIAL_EVERY_MS = 200;
/** Beside long steps there are more: of so few steps there would be too few to tell their median. */
const TRIALS_OF_STEP = 1 / 4;
const FEWEST_TRIALS = 2;

/** Probe and step alternate, so that what else the machine does slows down both alike. */
function sampled(trial: () => Promise<number | null>, trials: number[]): () => Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  return async () => {
    const begun = performance.now();
    const sinceLast = begun - last;
    if (sinceLast < TRIAL_EVERY_MS) return;
    const until = Number.isFinite(sinceLast) ? begun + sinceLast * TRIALS_OF_STEP : begun;
    for (let made = 0; made < FEWEST_TRIALS || performance.now() < until; made++) {
      const measured = await trial();
      if (measured === null) break;
      trials.push(measured);
    }
    last = performance.now();
  };
}

type Watch = {
  readonly timeCalls: boolean;
  readonly tell: (text: string) => void;
  readonly between: () => Promise<void>;
  readonly signal: AbortSignal;
};

/** Null where no step was run before an interrupt. */
async function timeExecutable(
  executable: Executable,
  plan: Plan,
  feed: StepFeed,
  { warmup, timed }: Phases,
  { timeCalls, tell, between, signal }: Watch,
) {
  let norms: Norms | null = null;
  const runs: RunStats[] = [];
  const step = async (): Promise<void> => {
    const result = await executable.run(plan, { ...feed(runs.length + 1), timeCalls });
    // Of the first step: from there on a training step has other parameters. Read now, since the next run writes over the arrays.
    norms ??= normsOf(result.outputs);
    runs.push(result.stats);
  };
  const timing = await timeSteps(step, warmup, timed, {
    now: () => performance.now(),
    tell: (phase, number) => tell(`${phase} step ${number}`),
    between,
    stopped: () => signal.aborted,
  });
  const stats = runs.at(-1);
  if (norms === null || stats === undefined) return null;
  const kept = runs.slice(timing.warmup);
  return {
    norms,
    stats,
    timing,
    engineMedianMs: median(kept.map(({ runMs }) => runMs)),
    profiled: kept.flatMap(({ runMs, calls }) => (calls === undefined ? [] : [{ runMs, calls }])),
  };
}

const noPeers = (pipeline: string, peers: readonly Peer[], precision: "f32" | "f64"): string | null =>
  peers.length === 0 ? `no peer is written for ${pipeline}` : precision === "f32" ? null : "peers compute in f32";
