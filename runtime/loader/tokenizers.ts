import { resolve } from "node:path";
import type { DataEntry } from "../../compiler/lower/data-spec.js";
import { openTokenizer, type Tokenizer } from "../text/tokenizer.js";

/** By the file as the program names it. */
export type TokenizerOf = (file: string) => Tokenizer;

/** Files are relative to the folder of the program, whose part they are, and each is opened once. */
export function tokenizersIn(folder: string): TokenizerOf {
  const open = new Map<string, Tokenizer>();
  return (file) => {
    const tokenizer = open.get(file) ?? openTokenizer(resolve(folder, file));
    open.set(file, tokenizer);
    return tokenizer;
  };
}

export const tokenizerFile = ({ transforms }: DataEntry): string | null =>
  transforms.flatMap((transform) => (transform.kind === "tokenize" ? [transform.file] : []))[0] ?? null;
