import { expect, test } from "vitest";
import { didYouMean, editDistance } from "../../grammar/did-you-mean.js";

test.each([
  ["widht", ["width", "depth"], "width"],
  ["encodr", ["encoder", "decoder"], "encoder"],
  ["WIDTH", ["width"], "width"],
  ["logtis", ["logits", "logit"], "logits"],
  ["x", ["y", "z"], null],
  ["ab", ["cd"], null],
  ["heads", ["tokens"], null],
  ["width", ["width"], null],
  ["", ["a"], null],
])("%s among %j is %s", (typed, candidates, nearest) => expect(didYouMean(typed, candidates)).toBe(nearest));

test("a swap of neighbours is one step, and two texts are as far from each other either way", () => {
  expect(editDistance("ab", "ba")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("sitting", "kitten")).toBe(3);
  expect(editDistance("", "abc")).toBe(3);
});
