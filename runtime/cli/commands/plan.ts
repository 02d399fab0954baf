import { type Dims, fitter } from "../../../compiler/bind.js";
import { explain } from "../../../compiler/explain.js";
import { isTile } from "../../../compiler/graph/graph.js";
import { evaluateSize, printSize } from "../../../compiler/graph/size.js";
import { describeKept } from "../../../compiler/plan/describe-kept.js";
import { humanBytes } from "../../../compiler/plan/human-bytes.js";
import type { Plan, PlanBuffer } from "../../../compiler/plan/plan.js";
import { solveBatchSizes } from "../../feed/batch-sizes.js";
import { chooseEngine } from "../choose-engine.js";
import { type PreparedWork, prepareWork, type Work } from "../compile-work.js";
import { type Bent, type BoundWork, planWork } from "../plan-work.js";
import { exitCodes } from "../exit-codes.js";
import { jsonDocument } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { largestBatch } from "../largest-batch.js";
import { type LoadedProgram, loadProgram } from "../load-program.js";
import { type EngineOptions, type ProgramOptions, withEngineOptions, withProgramOptions } from "../parse-options.js";
import { ProgramRefused } from "../program-refused.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";
import { textTable } from "../text-table.js";
import { withWorkOptions, type WorkOptions, workOf } from "../work-options.js";

export const registerPlan: Register = (parent, { console, finish }) => {
  withWorkOptions(
    withEngineOptions(
      withProgramOptions(parent.command("plan").summary("say what a run will need").argument("<file>", "the program; - is stdin")),
    ),
  )
    .description(
      "Plans a run without running it: peak memory and what lives there, tiles, operations, and with --memory the largest batch that fits.",
    )
    .option(...jsonFlag)
    .action(async (path: string, options: ProgramOptions & EngineOptions & WorkOptions & CommonOptions) => {
      const loaded = loadProgram(path, { ...options, training: workOf(options) === "step" });
      printDiagnostics(loaded.warnings, loaded.sources, console);
      const { engine, precision } = await chooseEngine(options, console);
      // A plan answers for any size; what the engine would refuse is part of the answer.
      const { maxBytes: engineLimitBytes, ...limitless } = engine.target(precision);
      const target = { ...limitless, maxBytes: null };
      engine.dispose();
      const work = workOf(options);
      const dims = batchSizes(loaded);
      const prepared = prepareWork(loaded, { work, target });
      const largest = options.memory === undefined ? null : findLargest(prepared, dims, options.memory);
      const plans = () => planWork(loaded, { work, target }, dims, options.memory, prepared);
      const { plan, template, notes, bent } = planOrAdvise(plans, largest);
      const { sweeps } = explain(template, notes);
      const document = {
        pipeline: loaded.program.name,
        engine: engine.name,
        precision,
        work,
        dims,
        memoryBytes: options.memory ?? null,
        engineLimitBytes,
        fits: engineLimitBytes === null || plan.peakBytes <= engineLimitBytes,
        peakBytes: plan.peakBytes,
        workspaceBytes: plan.target.workspaceBytes ?? 0,
        peakAt: plan.peakAt,
        atPeak: aliveAtPeak(plan).map(({ name, bytes, span }) => ({ name, bytes, span: loaded.placeOf(span) })),
        largestDegree: plan.buffers.reduce((most, { degree }) => Math.max(most, degree), 0),
        tiles: plan.tiles,
        kept: plan.kept,
        flops: plan.flops,
        madeAgain: againOf(bent, dims, loaded),
        slices: bent.microBatch,
        buffers: plan.buffers.map((buffer) => describe(buffer, loaded)),
        sweeps: sweeps.length,
        largestBatch: largest,
        diagnostics: loaded.warnings.map((d) => jsonDiagnostic(d, loaded.sources)),
      };
      console.out(options.json ? jsonDocument(document) : text(plan, document, loaded));
      finish(exitCodes.ok);
    });
};

/** By --set, else the batch of the train block. */
function batchSizes({ program, batchSizes: given, placeOf }: LoadedProgram): Dims {
  const usual = program.train?.batch ?? null;
  const known = usual === null ? given : new Map([...program.batches.map(({ id }) => [id, usual] as const), ...given]);
  return solveBatchSizes(
    program.batches.map(({ id }) => id),
    known,
    [],
    placeOf,
  );
}

function findLargest(work: PreparedWork, dims: Dims, memoryBytes: number): Dims | null {
  const whole = work.finish({}).template;
  const cut = work.finish({ microBatch: true }).template;
  // Towers that are too small to be cut leave the same tiles, and the same answer.
  const tiles = ({ graph }: typeof whole): number => graph.nodes.filter(isTile).length;
  const sliced = tiles(cut) !== tiles(whole);
  // Slices hold less than what is made again value by value.
  const rungs = sliced ? 0 : work.rungs();
  const templates = [...(sliced ? [cut] : rungs === 0 ? [] : [work.finish({ recompute: rungs }).template]), whole];
  const fits = templates.map((template) => fitter(template, memoryBytes));
  return largestBatch(dims, (candidate) => fits.some((fit) => fit(candidate)));
}

/** Where the batch does not fit, the one that does is the best advice. */
function planOrAdvise(plans: () => BoundWork, largest: Dims | null): BoundWork {
  try {
    return plans();
  } catch (refused) {
    if (!(refused instanceof ProgramRefused) || refused.exit !== exitCodes.runtime || largest === null) throw refused;
    const help = `the largest batch that fits: ${Object.entries(largest)
      .map(([id, size]) => `--set ${id}=${size}`)
      .join(" ")}`;
    throw new ProgramRefused(
      refused.diagnostics.map((d) => ({ ...d, help: [...d.help, help] })),
      refused.sources,
      refused.exit,
    );
  }
}

const aliveAtPeak = ({ buffers, peakAt }: Plan): readonly PlanBuffer[] =>
  buffers.filter(({ from, to }) => from <= peakAt && peakAt <= to).sort((a, b) => b.bytes - a.bytes);

const describe = ({ name, dtype, bytes, size, degree, role, from, to, span }: PlanBuffer, { placeOf }: LoadedProgram) => ({
  name,
  dtype,
  bytes,
  size: printSize(size),
  degree,
  role,
  from,
  to,
  span: placeOf(span),
});

type MadeAgain = {
  readonly rungs: number;
  readonly of: number;
  readonly values: number;
  readonly bytes: number;
  readonly flops: number;
  readonly at: readonly { readonly values: number; readonly bytes: number; readonly flops: number; readonly span: Place }[];
};
type Place = ReturnType<LoadedProgram["placeOf"]>;

/** What is made again on the way back; null where all of it is kept. */
function againOf({ recompute, rungs, madeAgain }: Bent, dims: Dims, { placeOf }: LoadedProgram): MadeAgain | null {
  if (recompute === 0) return null;
  const at = madeAgain.map(({ values, bytes, flops, span }) => ({
    values,
    bytes: evaluateSize(bytes, dims),
    flops: evaluateSize(flops, dims),
    span: placeOf(span),
  }));
  const total = (of: "values" | "bytes" | "flops"): number => at.reduce((sum, one) => sum + one[of], 0);
  return { rungs: recompute, of: rungs, values: total("values"), bytes: total("bytes"), flops: total("flops"), at };
}

/** In words. Not what the plan saves: some of it would not be held all the time. */
function againText(again: MadeAgain | null, slices: boolean): string {
  const rows = slices ? "towers run in slices of rows, and once more on the way back\n" : "";
  if (again === null) return rows;
  const { rungs, of, values, bytes, flops, at } = again;
  const lines = at.map((one) => `  ${one.values} ${one.values === 1 ? "value" : "values"}, ${humanBytes(one.bytes)}  (${one.span})\n`);
  const price = flops === 0 ? "no contraction" : `${scientific(flops)} of the operations`;
  return `${rows}made again on the way back, not held: ${values} values, ${humanBytes(bytes)}, for ${price}; ${rungs} of ${of} choices\n${lines.join("")}`;
}

type Document = {
  readonly pipeline: string;
  readonly engine: string;
  readonly precision: string;
  readonly work: Work;
  readonly dims: Dims;
  readonly engineLimitBytes: number | null;
  readonly fits: boolean;
  readonly sweeps: number;
  readonly largestBatch: Dims | null;
  readonly memoryBytes: number | null;
  readonly madeAgain: MadeAgain | null;
  readonly slices: boolean;
};

const scientific = (count: number): string =>
  new Intl.NumberFormat("en", { notation: "scientific", maximumSignificantDigits: 3 }).format(count);
const sizes = (dims: Dims): string =>
  Object.entries(dims)
    .map(([id, size]) => `${id} = ${size}`)
    .join(", ");

/** The questions that a plan answers, in the order in which they are asked. */
function text(plan: Plan, document: Document, loaded: LoadedProgram): string {
  const { pipeline, engine, precision, work, dims, engineLimitBytes, fits, sweeps, largestBatch: largest, memoryBytes } = document;
  const square = plan.buffers
    .filter(({ degree }) => degree >= 2)
    .map(({ name, size, span }) => `${name}, ${printSize(size)} elements (${loaded.placeOf(span)})`);
  const alive = aliveAtPeak(plan);
  const named = (buffers: readonly PlanBuffer[]): string =>
    textTable(
      ["buffer", "type", "elements", "bytes", "steps", "from"],
      buffers.map(({ name, dtype, shape, size, bytes, from, to, span }) => [
        name,
        `${dtype}[${shape.join(", ")}]`,
        printSize(size),
        humanBytes(bytes),
        `${from}..${to}`,
        loaded.placeOf(span),
      ]),
      [3],
    );
  const tiles = plan.tiles.map(
    ({ loops }, k) => `  sweep ${k + 1}: ${loops.map(({ name, extent, block }) => `${name} ${extent} by ${block}`).join(", ")}\n`,
  );
  const kept = describeKept(plan).map((line) => `  ${line}\n`);
  const hint = memoryBytes === null && plan.kept.some(({ count, of }) => count < of) ? "  --memory leaves room to keep more\n" : "";
  return [
    `${pipeline} on ${engine}, ${precision}, ${work}${Object.keys(dims).length === 0 ? "" : `: ${sizes(dims)}`}\n`,
    `peak ${humanBytes(plan.peakBytes)} at step ${plan.peakAt}; ${scientific(plan.flops)} floating-point operations in contractions\n`,
    plan.target.workspaceBytes === undefined
      ? ""
      : `of that, ${humanBytes(plan.target.workspaceBytes)} are ${engine}'s own workspace, whatever the batch\n`,
    fits || engineLimitBytes === null ? "" : `that is more than ${engine} holds: ${humanBytes(engineLimitBytes)}\n`,
    square.length === 0
      ? "nothing that grows with a product of batch sizes is stored\n"
      : `stored, and growing with a product of batch sizes: ${square.join("; ")}\n`,
    againText(document.madeAgain, document.slices),
    largest === null || memoryBytes === null ? "" : `the largest batch within ${humanBytes(memoryBytes)}: ${sizes(largest)}\n`,
    sweeps === 0 ? "" : `${sweeps} ${sweeps === 1 ? "sweep" : "sweeps"}\n${tiles.join("")}${kept.join("")}${hint}`,
    `\nalive at the peak\n${named(alive)}`,
    `\nall buffers\n${named(plan.buffers)}`,
  ].join("");
}
