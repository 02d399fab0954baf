import { expect, test } from "vitest";
import { speltElsewhere } from "../../../compiler/check/spelt-elsewhere.js";
import { builtins } from "../../../compiler/lower/builtins/table.js";
import { lowerText } from "../../support/compile-text.js";

const indicesOf = (text: string): readonly string[] => {
  const bound = new Set([...text.matchAll(/(?:sum|mean|logsumexp)\[(\w)\]\(/gu)].map(([, index]) => index));
  return ["i", "j"].filter((index) => new RegExp(`\\[[^\\]]*\\b${index}\\b[^\\]]*\\]`, "u").test(text) && !bound.has(index));
};

test.each([...speltElsewhere])("%s has no such name, and what is said to write compiles: %s", (name, write) => {
  expect(builtins.has(name)).toBe(false);
  const indices = indicesOf(write);
  const left = indices.length === 0 ? "a" : `a[${indices.join(", ")}]`;
  const lines = `pipeline p {
  batch n
  config low: float = -1
  config high: float = 1
  input x: f32[n, 4]
  input y: f32[${write.includes("@") || name === "einsum" ? "4, n" : "n, 4"}]
  input v: f32[n]
  input w: f32[n]
  input s: f32[n, n]
  input r: f32[n, n]
  ${left} = ${write}
  loss = sum(v)
}`;
  expect(() => lowerText(lines)).not.toThrow();
});
