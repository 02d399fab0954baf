import { Ajv, type ValidateFunction } from "ajv";
import { createHash } from "node:crypto";
import { RandomAccessFile } from "../data/random-access-file.js";
import { userError } from "../user-error.js";
import { textMessages } from "./messages.js";

/** The largest in use, of a quarter of a million tokens, has 33 MB. */
const LARGEST_FILE = 128 << 20;
/** Keeps a single large id from standing for a large embedding. */
const LARGEST_ID = (1 << 24) - 1;
const LONGEST_TOKEN = 4096;

/** The parts of a `tokenizer.json` that are looked at here; the rest is the library's affair. */
export type TokenizerDocument = {
  readonly model: {
    readonly type?: string | null;
    readonly unk_token?: string | null;
    /** Token to id; or, for Unigram, token and score, the id being the place. */
    readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[];
    readonly merges?: readonly unknown[];
  };
  readonly added_tokens?: readonly { readonly id: number; readonly content: string; readonly special?: boolean }[] | null;
};

const id = { type: "integer", minimum: 0, maximum: LARGEST_ID } as const;
const token = { type: "string", maxLength: LONGEST_TOKEN } as const;
const part = { type: ["object", "null"] } as const;

const schema = {
  type: "object",
  required: ["model"],
  properties: {
    model: {
      type: "object",
      required: ["vocab"],
      properties: {
        type: { enum: ["BPE", "WordPiece", "Unigram", "WordLevel", null] },
        unk_token: { type: ["string", "null"] },
        vocab: {
          type: ["object", "array"],
          additionalProperties: id,
          maxItems: LARGEST_ID + 1,
          items: { type: "array", items: [token, { type: "number" }], minItems: 2, additionalItems: false },
        },
        merges: { type: "array" },
      },
    },
    added_tokens: {
      type: ["array", "null"],
      items: {
        type: "object",
        required: ["id", "content"],
        properties: { id, content: { ...token, minLength: 1 }, special: { type: "boolean" } },
      },
    },
    normalizer: part,
    pre_tokenizer: part,
    post_processor: part,
    decoder: part,
  },
} as const;

let compiled: ValidateFunction<TokenizerDocument> | null = null;
const newAjv = (): Ajv => new Ajv({ strict: true, allowUnionTypes: true, strictTuples: false, coerceTypes: false });

export type TokenizerFile = { readonly document: TokenizerDocument; readonly type: string; readonly hash: string };

/** Reads and checks a `tokenizer.json` as far as it is known here. */
export function readTokenizerFile(path: string): TokenizerFile {
  const fail = (reason: string) => userError(textMessages.notTokenizer, { file: path, reason });
  const bytes = readFile(path, fail);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw fail("it is not JSON");
  }
  compiled ??= newAjv().compile<TokenizerDocument>(schema);
  if (!compiled(json)) throw fail(newAjv().errorsText(compiled.errors?.slice(0, 1), { dataVar: "the file" }));
  const type = modelType(json.model);
  if (type === null) throw fail("its model has no type");
  return { document: json, type, hash: createHash("sha256").update(bytes).digest("hex") };
}

function readFile(path: string, fail: (reason: string) => Error): Uint8Array {
  const file = RandomAccessFile.open(path);
  try {
    if (file.size > LARGEST_FILE) throw fail(`it has ${file.size} bytes, more than ${LARGEST_FILE}`);
    return file.bytes(0, file.size) ?? new Uint8Array(0);
  } finally {
    file.close();
  }
}

/** Old files leave the type out; the library would then take words for tokens where it cannot guess. */
function modelType({ type, vocab, merges }: TokenizerDocument["model"]): string | null {
  if (typeof type === "string") return Array.isArray(vocab) === (type === "Unigram") ? type : null;
  if (Array.isArray(vocab)) return "Unigram";
  return merges === undefined ? null : "BPE";
}
