/** Examples must be prepared as they were in training: other tokens or another range of pixels would give numbers that mean nothing. */
import { type DataEntry, printEntry } from "../../compiler/lower/data-spec.js";
import { checkpointMessages } from "../checkpoint/messages.js";
import { type TokenizerOf, tokenizerFile } from "../loader/tokenizers.js";
import { userError } from "../user-error.js";

/** What the checkpoint at hand says of the data's way into the program, and where it lies. */
export type Trained = { readonly folder: string; readonly fixed: Readonly<Record<string, string>> };

/** The column may have another name in other data; all that is done to it may not differ, nor the tokenizer. */
export function requireSamePreparation(entries: readonly DataEntry[], tokenizerOf: TokenizerOf, { folder, fixed }: Trained): void {
  const hold = (name: string, found: string | undefined, wanted: string): void => {
    if (found !== undefined && found !== wanted) throw userError(checkpointMessages.preparation, { folder, name, found, wanted });
  };
  for (const entry of entries) {
    const before = fixed[`eval.${entry.input}`];
    hold(`eval.${entry.input}`, before === undefined ? undefined : withoutSource(before), withoutSource(printEntry(entry)));
    const file = tokenizerFile(entry);
    if (file === null) continue;
    const name = `the tokenizer of eval.${entry.input}`;
    hold(name, fixed[name], `sha256:${tokenizerOf(file).hash}`);
  }
}

/** The source is a call with one string, which may hold what looks like a pipe. */
const withoutSource = (printed: string): string => printed.replace(/^\w+\("(?:[^"\\]|\\.)*"\) \| /, "");
