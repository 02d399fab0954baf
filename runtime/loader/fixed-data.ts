import { type DataEntry, printEntry } from "../../compiler/lower/data-spec.js";
import { type TokenizerOf, tokenizerFile } from "./tokenizers.js";

/** What a checkpoint says of the data's way into the program, by names that a message can use. */
export type FixedData = Readonly<Record<string, string>>;

/** How the parameters are evaluated may change while they are trained: a name that says nothing about training. */
export const concernsEvaluation = (name: string): boolean => /^(?:the tokenizer of )?eval\./.test(name);

/** `block`: "data" or "eval". A tokenizer counts by its content, wherever its file lies. */
export function fixedData(block: "data" | "eval", entries: readonly DataEntry[], tokenizerOf: TokenizerOf): FixedData {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const file = tokenizerFile(entry);
      const printed = [`${block}.${entry.input}`, printEntry(entry)] as const;
      return file === null
        ? [printed]
        : [printed, [`the tokenizer of ${block}.${entry.input}`, `sha256:${tokenizerOf(file).hash}`] as const];
    }),
  );
}
