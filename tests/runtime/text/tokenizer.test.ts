import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { openTokenizer, tokenize, type TokenRules } from "../../../runtime/text/tokenizer.js";
import { UserError } from "../../../runtime/user-error.js";

const folder = mkdtempSync(join(tmpdir(), "sig-tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true }));

let serial = 0;
function file(content: string | object): string {
  const path = join(folder, `${serial++}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}
function refusal(act: () => unknown): UserError {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const parts = {
  version: "1.0",
  truncation: null,
  padding: null,
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};
const special = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});
const words = (text: string): Record<string, number> => Object.fromEntries(text.split(" ").map((word, id) => [word, id]));

/** Letters, then merges by hand: "dog" is one token, "cat" is "ca" and "t". */
const bpe = {
  ...parts,
  added_tokens: [special(12, "<pad>"), special(13, "<s>"), special(14, "</s>")],
  pre_tokenizer: { type: "Whitespace" },
  model: { type: "BPE", unk_token: "?", vocab: words("? a c d g o t D do dog ca at"), merges: ["d o", "do g", "c a", "a t"] },
};
const byteLevel = {
  ...parts,
  added_tokens: [],
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  // "Ġ" stands for a space; "Ã" and "©" are the two bytes of "é".
  model: { type: "BPE", vocab: words("a Ġ Ã © Ġa"), merges: [["Ġ", "a"]] },
};
const wordPiece = {
  ...parts,
  added_tokens: [special(0, "[PAD]")],
  normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: words("[PAD] [UNK] dog ##s ,"),
  },
};
const unigram = {
  ...parts,
  added_tokens: [special(0, "<unk>")],
  pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["<unk>", 0],
      ["▁dog", -1],
      ["▁", -2],
      ["d", -3],
      ["s", -2],
      ["og", -5],
    ],
  },
};
const wordLevel = {
  ...parts,
  added_tokens: [],
  pre_tokenizer: { type: "Whitespace" },
  model: { type: "WordLevel", unk_token: "[UNK]", vocab: words("[UNK] red dog") },
};

describe("encoding", () => {
  test.each<[string, object, string, readonly number[]]>([
    ["BPE by merges, in their order", bpe, "dog cat dat", [9, 10, 6, 3, 11]],
    ["BPE with an unknown letter", bpe, "dox", [8, 0]],
    ["BPE over bytes", byteLevel, "a aé", [0, 4, 2, 3]],
    ["WordPiece, lower-cased by its own normalizer", wordPiece, "Dogs, cat", [2, 3, 4, 1]],
    ["Unigram, the likeliest way", unigram, "dogs", [1, 4]],
    ["Unigram with unknown letters as one", unigram, "xyz dog", [2, 0, 1]],
    ["whole words", wordLevel, "red blue dog", [1, 0, 2]],
    ["nothing", bpe, "", []],
  ])("%s", (_, document, text, ids) => {
    expect(openTokenizer(file(document)).encode(text)).toEqual(ids);
  });

  test("the template of the file is not used, and names of added tokens in a text are those tokens", () => {
    const template = {
      type: "TemplateProcessing",
      single: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "</s>", type_id: 0 } }],
      pair: [],
      special_tokens: {},
    };
    expect(openTokenizer(file({ ...bpe, post_processor: template })).encode("dog</s>")).toEqual([9, 14]);
  });

  test("a file says its hash, its ids and its special tokens", () => {
    const content = JSON.stringify(bpe);
    const tokenizer = openTokenizer(file(content));
    expect(tokenizer.hash).toBe(createHash("sha256").update(content).digest("hex"));
    expect(tokenizer.vocabulary).toBe(15);
    expect(tokenizer.special).toEqual(["<pad>", "<s>", "</s>"]);
    expect([tokenizer.idOf("<s>"), tokenizer.idOf("dog"), tokenizer.idOf("none"), tokenizer.idOf("constructor")]).toEqual([
      13,
      9,
      null,
      null,
    ]);
  });

  test("an old file without a type, or with parts left out, is read", () => {
    const { type: _, ...model } = bpe.model;
    expect(openTokenizer(file({ model, pre_tokenizer: bpe.pre_tokenizer })).encode("dog cat")).toEqual([9, 10, 6]);
  });

  test("a token that is called as a prototype is", () => {
    const path = file('{"model":{"type":"WordLevel","unk_token":"u","vocab":{"u":0,"__proto__":1,"constructor":2}}}');
    expect(openTokenizer(path).encode("__proto__")).toEqual([1]);
    expect(openTokenizer(path).encode("toString")).toEqual([0]);
  });
});

describe("rows", () => {
  const tokenizer = openTokenizer(file(bpe));
  const rules: TokenRules = { length: 5, lower: true, begin: "<s>", end: "</s>", pad: "<pad>", whenTooLong: "cut-keep-end" };
  const [PAD, BEGIN, END, DOG] = [12, 13, 14, 9];

  test.each<[string, string, Partial<TokenRules>, readonly number[]]>([
    ["is filled up behind", "dog", {}, [BEGIN, DOG, END, PAD, PAD]],
    ["is lower-cased first", "DOG", {}, [BEGIN, DOG, END, PAD, PAD]],
    ["or not", "D", { lower: false }, [BEGIN, 7, END, PAD, PAD]],
    ["needs no begin and no end", "dog dog", { begin: null, end: null }, [DOG, DOG, PAD, PAD, PAD]],
    ["fits exactly", "dog dog dog", {}, [BEGIN, DOG, DOG, DOG, END]],
    ["is cut before the end token", "dog dog dog dog", {}, [BEGIN, DOG, DOG, DOG, END]],
    ["is cut with the end token", "dog dog dog dog", { whenTooLong: "cut" }, [BEGIN, DOG, DOG, DOG, DOG]],
    ["is cut by the end token alone", "dog dog dog", { length: 4, whenTooLong: "cut" }, [BEGIN, DOG, DOG, DOG]],
    ["keeps the end in one place", "dog", { length: 1 }, [END]],
    ["is filled up with an id", "dog", { pad: 1, end: null }, [BEGIN, DOG, 1, 1, 1]],
    ["may be empty", "", {}, [BEGIN, END, PAD, PAD, PAD]],
  ])("%s", (_, text, change, row) => {
    expect([...tokenize(tokenizer, text, { ...rules, ...change })]).toEqual(row);
  });

  test("has its length, and ids that an embedding has, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (text, length) => {
        const row = tokenize(tokenizer, text, { ...rules, length });
        expect(row).toHaveLength(length);
        expect(row.every((id) => id >= 0 && id < tokenizer.vocabulary)).toBe(true);
        expect(row).toContain(END);
      }),
    );
  });

  test("a text without end is looked at as far as the row can need it", () => {
    const seen: number[] = [];
    const watched = { ...tokenizer, encode: (text: string) => (seen.push(text.length), tokenizer.encode(text)) };
    expect(tokenize(watched, "dog ".repeat(1_000_000), rules)[3]).toBe(DOG);
    expect(seen).toEqual([5000]);
  });

  test.each<[string, Partial<TokenRules>, string, RegExp]>([
    ["a begin token that is not there", { begin: "<bos>" }, "SIG6273", /"<bos>" to begin/],
    ["an end token that is not there", { end: "<eos>" }, "SIG6273", /"<eos>" to end/],
    ["a padding token that is not there", { pad: "[PAD]" }, "SIG6273", /"\[PAD\]" to pad/],
    ["a padding id beyond the vocabulary", { pad: 15 }, "SIG6274", /15 ids, and 15/],
  ])("%s is refused", (_, change, code, message) => {
    const error = refusal(() => tokenize(tokenizer, "dog", { ...rules, ...change }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(tokenizer.file);
  });
});

describe("refused", () => {
  const model = { type: "BPE", vocab: { a: 0 }, merges: [] };
  test.each<[string, string | object, RegExp]>([
    ["no JSON", "{", /not JSON/],
    ["a list", [], /must be object/],
    ["no model", {}, /must have required property 'model'/],
    ["an unknown type", { model: { type: "Magic", vocab: {} } }, /type must be equal/],
    ["no type, and nothing to tell it by", { model: { vocab: { a: 0 } } }, /no type/],
    ["a list of words for a model that has a table", { model: { ...model, vocab: [["a", 0]] } }, /no type/],
    ["an id that is negative", { model: { ...model, vocab: { a: -1 } } }, /vocab\/a must be >= 0/],
    ["an id that stands for terabytes", { model: { ...model, vocab: { a: 2 ** 40 } } }, /must be <= 16777215/],
    ["an id of letters", { model: { ...model, vocab: { a: "b" } } }, /must be integer/],
    ["an added token without a name", { model, added_tokens: [{ id: 1, content: "" }] }, /fewer than 1/],
    ["an added token of another kind", { model, added_tokens: ["x"] }, /must be object/],
    ["a normalizer that the library does not know", { model, normalizer: { type: "Magic" } }, /Unknown Normalizer type: Magic/],
    ["merges that are none", { model: { ...model, merges: [7] } }, /split is not a function/],
  ])("%s", (_, content, message) => {
    const path = file(content);
    const error = refusal(() => openTokenizer(path));
    expect(error.code).toBe("SIG6270");
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
  });

  test("a missing file", () => expect(refusal(() => openTokenizer(join(folder, "none.json"))).code).toBe("SIG6001"));

  test("a tokenizer that crashes on any text", () => {
    const broken = { ...bpe, post_processor: { type: "TemplateProcessing" } };
    expect(refusal(() => openTokenizer(file(broken))).code).toBe("SIG6271");
  });

  test("a text with a letter that has no id", () => {
    const tokenizer = openTokenizer(file({ ...wordLevel, model: { type: "WordLevel", vocab: words("red dog") } }));
    const error = refusal(() => tokenizer.encode("red blue"));
    expect(error.code).toBe("SIG6272");
    expect(error.message).toContain('"red blue"');
  });
});
