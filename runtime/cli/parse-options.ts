/** Option values that commander hands over as text. What is wrong with one is the user's mistake: exit 2. */
import type { Command } from "commander";
import { userError } from "../user-error.js";
import { parseBytes } from "../parse-bytes.js";
import { cliMessages } from "./messages.js";

/** `--set a=1 --set b=2`; a name given twice is a mistake, not an override. */
export const collectPairs =
  (flag: string, form: string) =>
  (text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> => {
    const equals = text.indexOf("=");
    if (equals < 1) throw userError(cliMessages.pair, { flag, text, form }, 2);
    const name = text.slice(0, equals).trim();
    if (before.has(name)) throw userError(cliMessages.twice, { flag, name }, 2);
    return new Map([...before, [name, text.slice(equals + 1).trim()]]);
  };

export function bytesOption(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === null) throw userError(cliMessages.bytes, { text }, 2);
  return bytes;
}

/** A whole number from `least` on. */
export const countOption =
  (flag: string, least: number) =>
  (text: string): number => {
    const value = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < least) throw userError(cliMessages.count, { flag, text, least }, 2);
    return value;
  };

/** The options that choose and configure a program, the same in every command that compiles one. */
export type ProgramOptions = { readonly pipeline?: string; readonly set?: ReadonlyMap<string, string> };

export const withProgramOptions = (command: Command): Command =>
  command
    .option("--pipeline <name>", "which pipeline of the file")
    .option("--set <name=value>", "a config value, or the size of a batch; repeatable", collectPairs("--set", "NAME=VALUE"));

export type EngineOptions = {
  readonly engine: string;
  readonly precision?: "f32" | "f64";
  readonly memory?: number;
  readonly threads?: number;
  readonly cache: boolean;
};

export const withEngineOptions = (command: Command): Command =>
  command
    .option("--engine <name>", "native, tfjs, tfjs:wasm, reference, …; one that is named never falls back", "auto")
    .addOption(command.createOption("--precision <type>", "what floats are computed in").choices(["f32", "f64"]))
    .option("--memory <amount>", "the most that parameters, gradients, state, activations and scratch may take, e.g. 2GiB", bytesOption)
    .option("--threads <count>", "of the native engine; as many as there are cores for this process", countOption("--threads", 1))
    .option("--no-cache", "compile the native engine's code anew, and do not keep it");
