import { Option } from "commander";
import { printGraph } from "../../../compiler/graph/print.js";
import type { StepResult } from "../../../compiler/passes/pipeline.js";
import { didYouMean } from "../../../grammar/did-you-mean.js";
import { userError } from "../../user-error.js";
import { symbolicTarget } from "../symbolic-target.js";
import { compileWork } from "../compile-work.js";
import { kernelNotes } from "../../engines/native/emit/kernel-notes.js";
import { printKernels } from "../../engines/native/emit/library.js";
import { nativeTarget } from "../../engines/native/target.js";
import { exitCodes } from "../exit-codes.js";
import { jsonDocument } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { lineDiff } from "../line-diff.js";
import { loadProgram } from "../load-program.js";
import { cliMessages } from "../messages.js";
import { type ProgramOptions, withProgramOptions } from "../parse-options.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";
import { withWorkOptions, type WorkOptions, workOf } from "../work-options.js";

type Options = ProgramOptions &
  WorkOptions &
  CommonOptions & {
    readonly after?: string;
    readonly all?: true;
    readonly onlyChanged?: true;
    readonly spans: boolean;
    readonly emit?: "c";
  };

const SOURCE = "source";

export const registerIr: Register = (parent, { console, finish }) => {
  withWorkOptions(
    withProgramOptions(parent.command("ir").summary("print the graph after a pass").argument("<file>", "the program; - is stdin")),
  )
    .description(
      "Prints the graph: after the last pass, after the one that is named, or after each. A printed graph parses back to the same graph.",
    )
    .addOption(new Option("--after <pass>", `a pass by its name in the order of work, or "${SOURCE}"`).conflicts("all"))
    .option("--all", "every stage, one after the other")
    .addOption(new Option("--only-changed", "with --all: what each pass changed, as a diff").implies({ all: true }))
    .option("--no-spans", "leave the places in the source out")
    .addOption(
      new Option("--emit <language>", "the kernels that the native engine compiles, instead of graphs")
        .choices(["c"])
        .conflicts(["after", "all"]),
    )
    .option(...jsonFlag)
    .action((path: string, options: Options) => {
      const loaded = loadProgram(path, { ...options, training: workOf(options) === "step" });
      printDiagnostics(loaded.warnings, loaded.sources, console);
      if (options.emit !== undefined) {
        const { template } = compileWork(loaded, { work: workOf(options), target: nativeTarget("f32", 1) });
        const text = printKernels(template.kernels, kernelNotes(template, loaded.placeOf));
        const stage = { pass: options.emit, summary: "the kernels, as the native engine compiles them", changed: true, text, diff: null };
        const diagnostics = loaded.warnings.map((d) => jsonDiagnostic(d, loaded.sources));
        const document = { pipeline: loaded.program.name, work: workOf(options), stages: [stage], diagnostics };
        console.out(options.json ? jsonDocument(document) : text);
        return finish(exitCodes.ok);
      }
      const print = (graph: StepResult["graph"]): string => printGraph(graph, { spans: options.spans });
      const source = { pass: SOURCE, summary: "as it was written", text: print(loaded.program.graph) };
      const stages = [source];
      const onStep = ({ name, summary, graph }: StepResult): void => void stages.push({ pass: name, summary, text: print(graph) });
      // Steps that a budget asks for, as far as they go.
      const bend = options.after === "recompute" ? { recompute: Number.POSITIVE_INFINITY } : {};
      compileWork(loaded, { work: workOf(options), target: symbolicTarget, onStep }, bend);

      const shown = options.all ? stages : [find(stages, options.after)];
      const described = shown.map((stage) => {
        const before = stages[stages.indexOf(stage) - 1];
        const diff = before === undefined ? null : lineDiff(before.text, stage.text, before.pass, stage.pass);
        return { ...stage, changed: diff !== "", diff };
      });
      if (options.json) {
        const json = described.map(({ pass, summary, changed, text, diff }) =>
          options.onlyChanged ? { pass, summary, changed, text: null, diff } : { pass, summary, changed, text, diff: null },
        );
        const diagnostics = loaded.warnings.map((d) => jsonDiagnostic(d, loaded.sources));
        console.out(jsonDocument({ pipeline: loaded.program.name, work: workOf(options), stages: json, diagnostics }));
      } else if (!options.all) console.out(described.map(({ text }) => text).join(""));
      else
        for (const { pass, summary, changed, text, diff } of described) {
          const body = options.onlyChanged && diff !== null ? diff : text;
          console.out(changed ? `// ${pass}: ${summary}\n${body}\n` : `// ${pass}: no change\n`);
        }
      finish(exitCodes.ok);
    });
};

/** The last stage where no name is given. */
function find<S extends { readonly pass: string }>(stages: readonly S[], name: string | undefined): S {
  const found = name === undefined ? stages.at(-1) : stages.find(({ pass }) => pass === name);
  if (found !== undefined) return found;
  const known = stages.map(({ pass }) => pass);
  const nearest = didYouMean(name ?? "", known);
  throw nearest === null
    ? userError(cliMessages.unknownNameListed, { kind: "pass", name: name ?? "", known: known.join(", ") }, 2)
    : userError(cliMessages.unknownName, { kind: "pass", name: name ?? "", nearest }, 2);
}
