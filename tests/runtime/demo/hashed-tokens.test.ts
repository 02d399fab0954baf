import { describe, expect, test } from "vitest";
import { hashedTokens, TOKEN_LENGTH, VOCABULARY } from "../../../runtime/demo/hashed-tokens.js";

const idsOf = (text: string) => [...hashedTokens(text).ids].filter((id) => id !== 0);

describe("hashed tokens", () => {
  test("a text is its words and their trigrams, each once, in any case and width", () => {
    // cat, ^ca, cat, at$
    expect(idsOf("cat").length).toBe(4);
    expect(idsOf("cat cat")).toEqual(idsOf("cat"));
    expect(idsOf("CAT!")).toEqual(idsOf("cat"));
    expect(idsOf("ｃａｔ")).toEqual(idsOf("cat"));
    expect(new Set(idsOf("scatter")).has(idsOf("cat")[0] ?? 0)).toBe(false);
  });

  test("words that share letters share trigrams", () => {
    const cat = new Set(idsOf("cat"));
    expect(idsOf("cats").filter((id) => cat.has(id)).length).toBe(2);
  });

  test("weights are a mean over what is there; padding weighs nothing, and so does an empty text", () => {
    for (const text of ["", "o’clock", "a", "日本語の文字", "word ".repeat(3) + Array.from({ length: 40 }, (_, i) => `w${i}`).join(" ")]) {
      const { ids, weights } = hashedTokens(text);
      expect([ids.length, weights.length]).toEqual([TOKEN_LENGTH, TOKEN_LENGTH]);
      expect(ids.every((id) => id >= 0 && id < VOCABULARY)).toBe(true);
      expect(weights.every((weight, i) => weight > 0 === (ids[i] !== 0))).toBe(true);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(text === "" ? 0 : 1, 5);
    }
  });

  test("ids are the same in every release: a trained table depends on them", () => {
    expect(idsOf("grinning cat").slice(0, 3)).toEqual([1108, 852, 2189]);
  });
});
