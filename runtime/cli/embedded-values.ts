/** Which values of a program a command computes a row of for each example. */
import { isTile } from "../../compiler/graph/graph.js";
import { asNumber, plainBatch } from "../../compiler/graph/size.js";
import { printType, type Type } from "../../compiler/graph/type.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { userError } from "../user-error.js";
import type { LoadedProgram } from "./load-program.js";
import { cliMessages } from "./messages.js";

/** `wanted`: names with commas between. Without: what the tasks compare, or else the outputs that have rows. */
export function embeddedValues({ program, placeOf }: LoadedProgram, wanted: string | undefined): readonly string[] {
  const nodes = new Map(program.graph.nodes.map((node) => [node.id, node]));
  const nodeOf = (name: string) => nodes.get(program.values.get(name) ?? -1);
  const hasRows = (name: string): boolean => {
    const node = nodeOf(name);
    return node !== undefined && !isTile(node) && isRows(node.type);
  };
  if (wanted === undefined) {
    const compared = program.evaluation?.tasks.flatMap(({ image, text }) => [image.name, text.name]) ?? [];
    const outputs = program.results.filter(({ kind, name }) => kind === "output" && hasRows(name)).map(({ name }) => name);
    const names = [...new Set(compared.length > 0 ? compared : outputs)];
    if (names.length === 0) throw userError(cliMessages.noOutputs, { pipeline: program.name }, 2);
    return names;
  }
  const names = [...new Set(wanted.split(",").map((name) => name.trim()))];
  for (const name of names) {
    const node = nodeOf(name);
    if (node === undefined || isTile(node)) {
      const meant = didYouMean(name, program.values.keys());
      const help = meant === null ? `its values are: ${[...program.values.keys()].join(", ")}` : `did you mean ${meant}?`;
      throw userError(cliMessages.noValue, { name, pipeline: program.name, help }, 2);
    }
    if (!isRows(node.type)) throw userError(cliMessages.valueNotRows, { name, found: printType(node.type), place: placeOf(node.span) }, 2);
  }
  return names;
}

const isRows = ({ shape: [first, ...rest] }: Type): boolean =>
  first !== undefined && plainBatch(first) !== null && rest.every((size) => asNumber(size) !== null);
