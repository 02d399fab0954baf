import { Tokenizer as Library } from "@huggingface/tokenizers";
import { userError } from "../user-error.js";
import { textMessages } from "./messages.js";
import { readTokenizerFile, type TokenizerDocument } from "./tokenizer-file.js";

export type Tokenizer = {
  readonly file: string;
  /** SHA-256 of the file: what a checkpoint compares. */
  readonly hash: string;
  /** One more than the largest id: the rows that an embedding needs. */
  readonly vocabulary: number;
  /** The names of its special tokens, for messages. */
  readonly special: readonly string[];
  /** The ids of a text alone: no token is put before or after it. Names of added tokens in the text are those tokens. */
  encode(text: string): readonly number[];
  idOf(token: string): number | null;
};

/** Any tokenizer can say these; one that cannot is found when it is opened. */
const PROBE = "A probe: 1 é 字";

/** Opens a `tokenizer.json` in the form of Hugging Face. Its own padding, truncation and template are not used. */
export function openTokenizer(file: string): Tokenizer {
  const { document, type, hash } = readTokenizerFile(file);
  const library = build(file, document, type);
  const vocabulary = largestId(document) + 1;

  const run = (text: string): readonly (number | null | undefined)[] => {
    try {
      return library.encode(text, { add_special_tokens: false }).ids;
    } catch (error) {
      throw userError(textMessages.fails, { file, text: JSON.stringify(text.slice(0, 100)), reason: reasonOf(error) });
    }
  };
  // An unknown character without a token is the text's affair, a crash the tokenizer's.
  run(PROBE);
  return {
    file,
    hash,
    vocabulary,
    special: (document.added_tokens ?? []).filter(({ special }) => special === true).map(({ content }) => content),
    encode: (text) =>
      run(text).map((id) => {
        // The library gives undefined where there is neither a token nor one for the unknown.
        if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < vocabulary) return id;
        throw userError(textMessages.noId, { file, text: JSON.stringify(text.slice(0, 100)) });
      }),
    idOf: (token) => library.token_to_id(token) ?? null,
  };
}

function build(file: string, document: TokenizerDocument, type: string): Library {
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  const whole = { ...parts, ...document, added_tokens: document.added_tokens ?? [], model: { ...document.model, type } };
  try {
    // For a model of whole words the library looks for the unknown token in its settings.
    return new Library(whole, { unk_token: document.model.unk_token ?? undefined });
  } catch (error) {
    throw userError(textMessages.notTokenizer, { file, reason: reasonOf(error) });
  }
}

function largestId({ model, added_tokens }: TokenizerDocument): number {
  const { vocab } = model;
  let largest = Array.isArray(vocab) ? vocab.length - 1 : -1;
  if (!Array.isArray(vocab)) for (const id of Object.values(vocab)) largest = Math.max(largest, Number(id));
  for (const { id } of added_tokens ?? []) largest = Math.max(largest, id);
  return largest;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export type TokenRules = {
  /** Ids a row. */
  readonly length: number;
  /** Whether the text is put in small letters first. */
  readonly lower: boolean;
  /** A token before the text, by name. */
  readonly begin: string | null;
  /** A token after the text, by name. */
  readonly end: string | null;
  /** What fills the row up behind: a token by name, or an id. */
  readonly pad: string | number;
  /** `cut` keeps the first ids, so that the end token goes; with `cut-keep-end` the text gives way to it. */
  readonly whenTooLong: "cut" | "cut-keep-end";
};

/** A text is looked at up to this many UTF-16 units an id of the row: a caption of a megabyte costs no more than a page. */
const UNITS_AN_ID = 1000;

/** The row of one text: begin, text, end, then padding; cut by the rule where it is too long. */
export function tokenize(tokenizer: Tokenizer, text: string, { length, lower, begin, end, pad, whenTooLong }: TokenRules): Int32Array {
  const near = text.slice(0, length * UNITS_AN_ID);
  const before = begin === null ? [] : [idFor(tokenizer, begin, "begin")];
  const after = end === null ? [] : [idFor(tokenizer, end, "end")];
  const filler = typeof pad === "string" ? idFor(tokenizer, pad, "pad") : padId(tokenizer, pad);
  const ids = [...before, ...tokenizer.encode(lower ? near.toLowerCase() : near)];
  const kept = whenTooLong === "cut-keep-end" ? ids.slice(0, Math.max(length - after.length, 0)) : ids;
  const row = [...kept, ...after].slice(0, length);
  return Int32Array.from({ length }, (_, i) => row[i] ?? filler);
}

function idFor(tokenizer: Tokenizer, token: string, purpose: "begin" | "end" | "pad"): number {
  const id = tokenizer.idOf(token);
  if (id !== null) return id;
  const known = tokenizer.special.slice(0, 20).join(", ") || "none";
  throw userError(textMessages.noToken, { file: tokenizer.file, token, purpose, known });
}

function padId({ file, vocabulary }: Tokenizer, id: number): number {
  if (Number.isInteger(id) && id >= 0 && id < vocabulary) return id;
  throw userError(textMessages.padId, { file, vocabulary, id, last: vocabulary - 1 });
}
