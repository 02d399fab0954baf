import { didYouMean } from "../../grammar/did-you-mean.js";
import { listed } from "../data/safetensors.js";
import { userError } from "../user-error.js";
import { cliMessages } from "./messages.js";

/** Refuses the first name that the program does not have, with the one that was probably meant. */
export function requireKnown(kind: "input" | "parameter", known: readonly string[], given: Iterable<string>, pipeline: string): void {
  for (const name of given) {
    if (known.includes(name)) continue;
    const nearest = didYouMean(name, known);
    const help = nearest !== null ? `did you mean ${nearest}?` : known.length === 0 ? "it has none" : `it has ${listed(known)}`;
    throw userError(cliMessages.inputUnknown, { name, pipeline, kind, help }, 2);
  }
}
