/** Syntax tree → checked program with its graph. Pure: files come through `read`. */
import type { PipelineDecl, Program } from "../../grammar/ast.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { fileScope, type Read } from "../check/imports.js";
import { messages } from "../check/messages.js";
import { refuse, Report } from "../check/refusal.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Graph, GraphNode, Id } from "../graph/graph.js";
import type { BatchId } from "../graph/size.js";
import { overridden } from "./data.js";
import { Draws } from "./draws.js";
import { Elaboration } from "./elaboration.js";
import { apply, configure } from "./module.js";
import { PipelineElaboration } from "./pipeline.js";
import type { LoweredProgram } from "./program.js";

export type LowerOptions = {
  /** Which pipeline of the file; needed where there are several. */
  readonly pipeline?: string;
  /** `--set`: configuration and batch sizes, as text. */
  readonly sets?: ReadonlyMap<string, string>;
  /** For a training step, where `dropout` and `keep_random` draw. Default false. */
  readonly training?: boolean;
  /** The text of an imported file, or null where there is none. `std/…` comes as it is written. */
  readonly read: Read;
};

/** A mistake of the command line rather than of the file. `meant`: the nearest name, where one is near. */
export type UsageProblem =
  | {
      readonly kind: "unknown-setting" | "unknown-pipeline";
      readonly name: string;
      readonly meant: string | null;
      readonly known: readonly string[];
    }
  | { readonly kind: "bad-setting"; readonly name: string; readonly text: string; readonly wanted: string };

export type Lowered = {
  /** null where there are errors or usage problems. */
  readonly program: LoweredProgram | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly usage: readonly UsageProblem[];
  /** Batch sizes that `--set` gave. */
  readonly batchSizes: ReadonlyMap<BatchId, number>;
};

const nothing = { program: null, batchSizes: new Map<BatchId, number>() } as const;

export function lowerProgram(main: Program, { pipeline: wanted, sets = new Map(), training = false, read }: LowerOptions): Lowered {
  const report = new Report();
  const file = fileScope(main, read, report);
  const pipelines = main.items.filter((item) => item.kind === "pipeline");
  if (wanted !== undefined && pipelines.length > 0 && !pipelines.some((p) => p.name.name === wanted)) {
    const known = pipelines.map((p) => p.name.name);
    return {
      ...nothing,
      diagnostics: report.diagnostics,
      usage: [{ kind: "unknown-pipeline", name: wanted, meant: didYouMean(wanted, known), known }],
    };
  }
  const pipeline = report.attempt(() => choose(main, pipelines, wanted), null);
  if (pipeline === null) return { ...nothing, diagnostics: report.diagnostics, usage: [] };

  const e = new Elaboration(new GraphBuilder(pipeline.span), report, { configure, apply }, training ? new Draws() : null);
  const elaboration = new PipelineElaboration(e, file, sets);
  elaboration.run(pipeline);

  const { usage, batchSizes } = settings(elaboration, sets, pipeline);
  const { diagnostics } = report;
  if (report.failed || usage.length > 0) return { program: null, diagnostics, usage, batchSizes };

  const names = e.emitAll();
  const values = new Map(elaboration.values(pipeline).map(([name, value]) => [name, value.emit()]));
  const results = [...elaboration.results].sort((a, b) => Number(b.decl.kind === "loss") - Number(a.decl.kind === "loss"));
  const program: LoweredProgram = {
    name: pipeline.name.name,
    span: pipeline.span,
    training,
    batches: elaboration.batches,
    configs: elaboration.configs,
    inputs: elaboration.inputs,
    params: [...e.params.values()].map(({ decl }) => decl),
    results: results.map(({ decl }) => decl),
    graph: named(e.b.finish(results.map(({ decl, value }) => ({ name: decl.name, value: value.emit() }))), names),
    names,
    values,
    train: elaboration.train,
    data: elaboration.data,
    evaluation: elaboration.evaluation,
    evalData: overridden(elaboration.data, elaboration.evalEntries),
  };
  return { program, diagnostics, usage, batchSizes };
}

/** Passes number values anew and keep where they come from: so that is where their names are. */
const named = (graph: Graph, names: ReadonlyMap<Id, string>): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node): GraphNode => {
    const name = names.get(node.id);
    return name === undefined ? node : { ...node, span: { ...node.span, name } };
  }),
});

function choose(main: Program, pipelines: readonly PipelineDecl[], wanted: string | undefined): PipelineDecl {
  const [first, second] = pipelines;
  if (first === undefined) refuse(messages.noPipeline, { ...main.span, end: Math.min(main.span.end, main.span.start + 1) }, {});
  if (wanted !== undefined) return pipelines.find((p) => p.name.name === wanted) ?? first;
  if (second !== undefined) refuse(messages.whichPipeline, second.name.span, { names: pipelines.map((p) => p.name.name).join(", ") });
  return first;
}

function settings(
  elaboration: PipelineElaboration,
  sets: ReadonlyMap<string, string>,
  pipeline: PipelineDecl,
): Pick<Lowered, "usage" | "batchSizes"> {
  const usage: UsageProblem[] = elaboration.badSettings.map((bad) => ({ kind: "bad-setting", ...bad }));
  const batchSizes = new Map<BatchId, number>();
  // From the syntax, so that a config with a mistake is still a known name.
  const configs = pipeline.members.flatMap((member) => (member.kind === "config" ? [member.name.name] : []));
  const batches = elaboration.batches.map(({ id }) => id);
  for (const [name, text] of sets) {
    if (configs.includes(name)) continue;
    const size = /^\d+(_\d+)*$/.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
    if (!batches.includes(name))
      usage.push({ kind: "unknown-setting", name, meant: didYouMean(name, [...configs, ...batches]), known: [...configs, ...batches] });
    else if (Number.isSafeInteger(size) && size >= 1) batchSizes.set(name, size);
    else usage.push({ kind: "bad-setting", name, text, wanted: "a whole number of at least 1" });
  }
  return { usage, batchSizes };
}
