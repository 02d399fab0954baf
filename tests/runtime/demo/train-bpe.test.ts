import { Tokenizer } from "@huggingface/tokenizers";
import { expect, test } from "vitest";
import { trainBpe } from "../../../runtime/demo/train-bpe.js";

const texts = ["a cat", "a cat", "the cat sat", "Katze", "にっこり笑う", "big cat’s ﬁsh"];

test("the most frequent pair is joined first, of equals the first met, until no pair comes twice", () => {
  const { model, added_tokens } = trainBpe(["ab ab ab", "cb cb", "xy"], 4096, ["<pad>"]);
  // Each word has the space before it, which GPT-2 writes as Ġ.
  expect(model.merges).toEqual(["Ġ a", "Ġa b", "Ġ c", "Ġc b"]);
  expect(added_tokens.map(({ id, content }) => [id, content])).toEqual([[0, "<pad>"]]);
  expect(Object.keys(model.vocab)).toHaveLength(1 + 256 + 4);
});

test("stops at the size, and is the same for the same texts", () => {
  const file = trainBpe(texts, 300, ["<pad>", "<end>"]);
  expect(Object.keys(file.model.vocab).length).toBeLessThanOrEqual(300);
  expect(new Set(Object.values(file.model.vocab)).size).toBe(Object.keys(file.model.vocab).length);
  expect(trainBpe(texts, 300, ["<pad>", "<end>"])).toEqual(file);
});

test("the library reads the file, and gives every text back from its ids", () => {
  const file = trainBpe(texts, 400, ["<pad>"]);
  const tokenizer = new Tokenizer(file, {});
  for (const text of [...texts, "unseen words, 123 & ünïcödé 😀"]) {
    const { ids } = tokenizer.encode(text);
    expect(ids.every((id: number) => id > 0 && id < Object.keys(file.model.vocab).length)).toBe(true);
    expect(tokenizer.decode(ids).trimStart()).toBe(text.normalize("NFKC").toLowerCase());
  }
  expect(tokenizer.encode("a cat").ids).toHaveLength(2);
});
