import type { Command } from "commander";
import { type HostArray, valueAt } from "../../data/host-array.js";
import { writeSafetensors } from "../../data/safetensors.js";
import type { RunStats } from "../../engine.js";
import { userError } from "../../user-error.js";
import { chooseEngine } from "../choose-engine.js";
import { type BoundWork, planWork, tellBent } from "../plan-work.js";
import { exitCodes } from "../exit-codes.js";
import { gatherInputs, type InputFlags } from "../gather-inputs.js";
import { jsonDocument, jsonNumber } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { loadProgram } from "../load-program.js";
import { cliMessages } from "../messages.js";
import {
  collectPairs,
  countOption,
  type EngineOptions,
  type ProgramOptions,
  withEngineOptions,
  withProgramOptions,
} from "../parse-options.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";
import { humanBytes } from "../../../compiler/plan/human-bytes.js";

type Options = ProgramOptions & EngineOptions & InputFlags & CommonOptions & { readonly grad?: true; readonly out?: string };

export const registerRun: Register = (parent, { console, finish }) => {
  withInputOptions(
    withEngineOptions(
      withProgramOptions(parent.command("run").summary("run a program once").argument("<file>", "the program; - is stdin")),
    ),
  )
    .description("Runs a program once on the given arrays and prints its loss, metrics and outputs.")
    .option("--grad", "also compute the gradient of every parameter and float input, as grad.<name> in --out")
    .option("--out <file.safetensors>", "write every result with its whole value")
    .option(...jsonFlag)
    .action(async (path: string, options: Options) => {
      if (options.grad && options.out === undefined) throw userError(cliMessages.noOut, {}, 2);
      const loaded = loadProgram(path, options);
      printDiagnostics(loaded.warnings, loaded.sources, console);
      const { engine, precision } = await chooseEngine(options, console);
      const gathered = gatherInputs(loaded, options, precision);
      const work = options.grad ? "gradients" : "results";
      const bound = planWork(loaded, { work, target: engine.target(precision) }, gathered.dims, options.memory);
      console.err(tellBent(bound.bent));
      const inputs = gathered.feed(bound.template.indexBounds);
      const executable = await engine.load(bound.template);
      const interrupt = new AbortController();
      const uninterrupt = engine.endsEarly ? console.onInterrupt(() => interrupt.abort()) : null;
      const result = await executable.run(bound.plan, { inputs, signal: interrupt.signal }).catch((thrown: unknown) => {
        if (!interrupt.signal.aborted) throw thrown;
        return null;
      });
      uninterrupt?.();
      if (result === null) {
        console.err("interrupted\n");
        return finish(exitCodes.interrupted);
      }
      const { outputs, stats } = result;
      executable.dispose();
      engine.dispose();

      if (options.out !== undefined) writeSafetensors(options.out, outputs);
      const shown = new Map([...outputs].filter(([name]) => !name.startsWith("grad.")));
      if (options.json)
        console.out(
          jsonDocument({
            pipeline: loaded.program.name,
            engine: engine.name,
            precision,
            dims: gathered.dims,
            outputs: Object.fromEntries([...shown].map(([name, array]) => [name, jsonValue(array)])),
            out: options.out ?? null,
            stats: statsOf(bound, stats),
            diagnostics: loaded.warnings.map((d) => jsonDiagnostic(d, loaded.sources)),
          }),
        );
      else {
        const width = Math.max(...[...shown.keys()].map((name) => name.length));
        for (const [name, array] of shown) console.out(`${name.padEnd(width)}  ${textValue(array)}\n`);
        const { compileMs, bindMs, runMs, plannedPeakBytes, measuredPeakBytes, measuredBy } = statsOf(bound, stats);
        const measured = measuredBy === "none" ? "" : `, measured ${humanBytes(measuredPeakBytes)} by ${measuredBy}`;
        console.err(
          `${engine.name}: compiled in ${compileMs.toFixed(1)} ms, bound in ${bindMs.toFixed(1)} ms, ran in ${runMs.toFixed(1)} ms; peak planned ${humanBytes(plannedPeakBytes)}${measured}\n`,
        );
      }
      finish(exitCodes.ok);
    });
};

const withInputOptions = (command: Command): Command =>
  command
    .option(
      "--input <name=file>",
      "an input's array: NAME=FILE.npy or NAME=FILE.safetensors#KEY; repeatable",
      collectPairs("--input", "NAME=FILE"),
    )
    .option("--params <file.safetensors>", "every parameter, by its path")
    .option(
      "--param <name=value>",
      "one parameter: a number, FILE.npy or FILE.safetensors#KEY; repeatable",
      collectPairs("--param", "NAME=VALUE"),
    )
    .option("--synthetic <seed>", "draw the inputs that are not given at random", countOption("--synthetic", 0))
    .option("--seed <seed>", "of the first values of parameters that are not given", countOption("--seed", 0), 0)
    .option("--allow-nonfinite", "let NaN and infinity in inputs through");

const statsOf = ({ plan, compileMs, bindMs }: BoundWork, { runMs, measuredPeakBytes, measuredBy }: RunStats) => ({
  compileMs,
  bindMs,
  runMs,
  plannedPeakBytes: plan.peakBytes,
  measuredPeakBytes,
  measuredBy,
});

const jsonValue = (array: HostArray): unknown => {
  if (array.shape.length > 0) return { dtype: array.dtype, shape: array.shape };
  return array.dtype === "bool" ? valueAt(array, 0) !== 0 : jsonNumber(valueAt(array, 0));
};

/** Scalars with every digit that they have; arrays by their type. */
function textValue(array: HostArray): string {
  if (array.shape.length > 0) return `${array.dtype}[${array.shape.join(", ")}]`;
  const value = valueAt(array, 0);
  // The shortest text that reads back to the same f32: "0.1" and not "0.10000000149011612".
  return array.dtype === "f32" ? String(shortest(value)) : String(value);
}

function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number.isFinite(value) ? Number(value.toPrecision(9)) : value;
}
