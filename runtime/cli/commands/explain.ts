import { type Explanation, explain, type Place, type WhyNotFused, whyNotFused } from "../../../compiler/explain.js";
import { printSize } from "../../../compiler/graph/size.js";
import type { PassNote } from "../../../compiler/passes/pass.js";
import type { MadeAgain } from "../../../compiler/passes/saved/made-again.js";
import { didYouMean } from "../../../grammar/did-you-mean.js";
import { userError } from "../../user-error.js";
import { prepareWork } from "../compile-work.js";
import { exitCodes } from "../exit-codes.js";
import { jsonDocument } from "../json.js";
import { jsonDiagnostic } from "../json-diagnostic.js";
import { type LoadedProgram, loadProgram } from "../load-program.js";
import { cliMessages } from "../messages.js";
import { type ProgramOptions, withProgramOptions } from "../parse-options.js";
import { printDiagnostics } from "../report.js";
import { type CommonOptions, jsonFlag, type Register } from "../session.js";
import { symbolicTarget } from "../symbolic-target.js";
import { withWorkOptions, type WorkOptions, workOf } from "../work-options.js";

type Options = ProgramOptions & WorkOptions & CommonOptions & { readonly whyNotFused?: true };

export const registerExplain: Register = (parent, { console, finish }) => {
  withWorkOptions(
    withProgramOptions(
      parent.command("explain").summary("say what was fused, what was not, and why").argument("<file>", "the program; - is stdin"),
    ),
  )
    .argument("[names...]", "with --why-not-fused: two definitions of the program")
    .description("Lists the sweeps over pairs, what leaves each, what is recomputed, and every refusal with its reason and place.")
    .option("--why-not-fused", "why two definitions are not made in one sweep: sigc explain FILE --why-not-fused A B")
    .option(...jsonFlag)
    .action((path: string, names: readonly string[], options: Options) => {
      const loaded = loadProgram(path, { ...options, training: workOf(options) === "step" });
      printDiagnostics(loaded.warnings, loaded.sources, console);
      const work = prepareWork(loaded, { work: workOf(options), target: symbolicTarget });
      const { template, notes } = work.finish({});
      const again = work.madeAgain(work.rungs());
      const explanation = explain(template, notes);
      const [a, b, more] = names;
      if (options.whyNotFused && (a === undefined || b === undefined || more !== undefined)) throw userError(cliMessages.twoNames, {}, 2);
      if (!options.whyNotFused && a !== undefined)
        throw userError(cliMessages.usage, { problem: `what is "${a}" for`, command: "explain" }, 2);
      const answer = a === undefined || b === undefined ? null : knownNames(whyNotFused(loaded.program, template, notes, a, b));
      if (options.json) console.out(jsonDocument(json(loaded, workOf(options), explanation, again, answer)));
      else console.out(answer === null ? text(loaded, explanation, again) : answerText(loaded, answer, names));
      finish(exitCodes.ok);
    });
};

type Answer = Exclude<WhyNotFused, { readonly kind: "unknown" }>;

function knownNames(answer: WhyNotFused): Answer {
  if (answer.kind !== "unknown") return answer;
  const { name, known } = answer;
  const nearest = didYouMean(name, known);
  throw nearest === null
    ? userError(cliMessages.unknownNameListed, { kind: "definition", name, known: known.join(", ") }, 2)
    : userError(cliMessages.unknownName, { kind: "definition", name, nearest }, 2);
}

// Text --------------------------------------------------------------------------------------------------------------------

function text({ program, sources, placeOf }: LoadedProgram, { sweeps, refused, moved }: Explanation, again: readonly MadeAgain[]): string {
  const source = (span: PassNote["spans"][number]): string =>
    sources.get(span.file)?.text.slice(span.start, span.end).replace(/\s+/g, " ") ?? "";
  const clip = (line: string): string => (line.length > 72 ? `${line.slice(0, 71)}…` : line);
  const note = ({ reason, spans }: PassNote): string =>
    `  ${reason}\n${spans.map((span) => `    ${placeOf(span)}  ${clip(source(span))}\n`).join("")}`;
  const section = (title: string, notes: readonly PassNote[]): string =>
    notes.length === 0 ? "" : `\n${title}\n${notes.map(note).join("")}`;
  return [
    `${program.name}: ${sweeps.length === 0 ? "no value spans two batches, so there is no sweep" : `${sweeps.length} ${sweeps.length === 1 ? "sweep" : "sweeps"} over pairs`}\n`,
    ...sweeps.map(({ number, axes, exits, similarities, ops }) =>
      [
        `\nsweep ${number} over ${axes.map(({ name, extent }) => `${name} in ${extent}`).join(", ")}: ${ops} ops\n`,
        ...similarities.map(({ span, recomputed }) => `  makes ${recomputed ? "again " : ""}${clip(source(span))}  (${placeOf(span)})\n`),
        ...exits.map(
          ({ op, merge, type, span }) =>
            `  out: ${op} ${type}${merge === "none" ? "" : `, blocks combined by ${merge}`}  (${placeOf(span)})\n`,
        ),
      ].join(""),
    ),
    sweeps.some(({ similarities }) => similarities.some(({ recomputed }) => recomputed))
      ? "\nwhat is made again may be read from tiles that are kept, where memory is left: sigc plan says how many of how many\n"
      : "",
    again.length === 0 ? "" : "\nmay be made again on the way back where --memory asks for it, in this order\n",
    ...again.map(
      ({ values, bytes, flops, span }) =>
        `  ${values === 1 ? "1 value" : `${values} values`}, ${printSize(bytes)} bytes, ${flops.length === 0 ? "no contraction" : `${printSize(flops)} operations`}\n    ${placeOf(span)}  ${clip(source(span))}\n`,
    ),
    section("refused", refused),
    section("moved", moved),
  ].join("");
}

function answerText({ placeOf }: LoadedProgram, answer: Answer, names: readonly string[]): string {
  const where = (place: Place): string =>
    place.kind === "stored"
      ? "computed once, outside of the sweeps"
      : `sweep ${place.number}${place.recomputed ? ", recomputed" : ""}${place.isExit ? ", leaves it" : ""}`;
  const places = answer.places
    .map(
      (list, k) =>
        `  ${names[k]}: ${[...new Set(list.map((place) => `${where(place)} (${placeOf(place.span)})`))].join("; ") || "not computed as such"}\n`,
    )
    .join("");
  if (answer.kind === "fused") return `they are fused: both are made in sweep ${answer.sweep}\n${places}`;
  const refused = answer.refused.flatMap(({ reason, spans }) => `  refused: ${reason} (${spans.map(placeOf).join(", ")})\n`).join("");
  return `${answer.reason}\n${places}${refused}`;
}

// JSON --------------------------------------------------------------------------------------------------------------------

function json(
  { program, sources, placeOf, warnings }: LoadedProgram,
  work: string,
  { sweeps, refused, moved }: Explanation,
  again: readonly MadeAgain[],
  answer: Answer | null,
): object {
  const note = ({ kind, reason, spans }: PassNote): object => ({ kind, reason, spans: spans.map(placeOf) });
  const place = ({ span, ...rest }: Place): object => ({ ...rest, span: placeOf(span) });
  return {
    pipeline: program.name,
    work,
    sweeps: sweeps.map((sweep) => ({
      ...sweep,
      exits: sweep.exits.map((exit) => ({ ...exit, span: placeOf(exit.span) })),
      similarities: sweep.similarities.map((one) => ({ ...one, span: placeOf(one.span) })),
    })),
    mayBeMadeAgain: again.map(({ values, bytes, flops, span }) => ({
      values,
      bytes: printSize(bytes),
      flops: printSize(flops),
      span: placeOf(span),
    })),
    refused: refused.map(note),
    moved: moved.map(note),
    whyNotFused:
      answer === null
        ? null
        : {
            fused: answer.kind === "fused",
            reason: answer.kind === "fused" ? null : answer.reason,
            places: answer.places.map((list) => list.map(place)),
            refused: answer.kind === "fused" ? [] : answer.refused.map(note),
          },
    diagnostics: warnings.map((d) => jsonDiagnostic(d, sources)),
  };
}
