import { expect, test } from "vitest";
import { agreeWithLeaves } from "../../../compiler/passes/agree-with-leaves.js";
import { isTile } from "../../../compiler/graph/graph.js";
import { compileText } from "../../support/compile-text.js";

const program = (lines: string): string => `pipeline p {
  batch n
  input x: f32[n, 5]
  input y: f32[n, 5]
  input label: i32[n]
  s[i, j] = dot(x[i], y[j])
  ${lines}
}`;

/** How many logits were given bits of the same logits taken by themselves. */
function agreements(lines: string): number {
  const { notes } = compileText(program(lines));
  return notes.filter(({ reason }) => reason.includes("the same bits")).length;
}

test.each([
  ["a rank", "loss = mean[i](sum[j](where(s[i, j] > s[i, i], 1, 0)) * s[i, i])"],
  ["a rank by a difference", "loss = mean[i](sum[j](where(s[i, j] - s[i, i] > 0, 1, 0)) * s[i, i])"],
  ["the largest of a row", "loss = mean[i](where(s[i, i] >= max[j](s[i, j]), 0, 1) * s[i, i])"],
  ["a logit by its label", "loss = mean[i](where(s[i, label[i]] >= max[j](s[i, j]), 0, 1) * s[i, i])"],
  ["a product by rows, written so", "d[i] = dot(x[i], y[i])\n  loss = mean[i, j](where(s[i, j] <= d[i], s[i, j], 0))"],
])("%s is compared with the same bits", (_, lines) => {
  expect(agreements(lines)).toBeGreaterThan(0);
});

test.each([
  ["sums of logits", "loss = mean[i](logsumexp[j](s[i, j]) - s[i, i])"],
  ["a choice among logits alone", "loss = mean[i](max[j](s[i, j]) + s[i, i])"],
  ["a choice by a number", "loss = mean[i, j](where(s[i, j] > 0.5, s[i, j], 0)) + mean[i](s[i, i])"],
  ["a choice of one loss or another", "a = mean[i](s[i, i])\n  b = mean[i, j](s[i, j])\n  loss = where(a > b, a, b)"],
  ["a column that the logits choose", "c[i] = argmax[j](s[i, j])\n  loss = mean[i, j](where(s[i, j] >= s[i, c[i]], s[i, j], 0))"],
])("%s: nothing changes", (_, lines) => {
  expect(agreements(lines)).toBe(0);
});

test("a second run finds the logits as they are wanted", () => {
  const { template } = compileText(program("loss = mean[i](sum[j](where(s[i, j] > s[i, i], 1, 0)) * s[i, i])"), { gradients: false });
  expect(template.graph.nodes.some(isTile)).toBe(true);
  expect(agreeWithLeaves.run(template.graph).graph).toBe(template.graph);
});
