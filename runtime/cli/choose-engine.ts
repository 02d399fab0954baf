import { didYouMean } from "../../grammar/did-you-mean.js";
import type { Engine } from "../engine.js";
import { engineChoices, isEngineChoice, openEngine } from "../engines/registry.js";
import { userError } from "../user-error.js";
import type { Console } from "./console.js";
import { cliMessages } from "./messages.js";
import type { EngineOptions } from "./parse-options.js";

export type ChosenEngine = { readonly engine: Engine; readonly precision: "f32" | "f64" };

/** What one asks the oracles for is exactness; every other engine is asked for speed. */
const exact: ReadonlySet<string> = new Set(["reference", "planref"]);

/** Where nobody says. */
export const precisionOf = (engine: string): "f32" | "f64" => (exact.has(engine) ? "f64" : "f32");

/** Opens the engine that is asked for; what `auto` chose, and why, is told on stderr. */
export async function chooseEngine(
  { engine: choice, precision: wanted, threads, cache }: EngineOptions,
  console: Console,
): Promise<ChosenEngine> {
  if (!isEngineChoice(choice)) {
    const nearest = didYouMean(choice, engineChoices);
    throw nearest === null
      ? userError(cliMessages.unknownNameListed, { kind: "engine", name: choice, known: engineChoices.join(", ") }, 2)
      : userError(cliMessages.unknownName, { kind: "engine", name: choice, nearest }, 2);
  }
  const precision = wanted ?? precisionOf(choice);
  const engine = await openEngine(choice, precision, (line) => console.err(`${line}\n`), {
    useCache: cache,
    ...(threads === undefined ? {} : { threads }),
  });
  return { engine, precision };
}
