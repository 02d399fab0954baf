import { expect, test } from "vitest";
import { planWith } from "../../../compiler/bind.js";
import { graphFlops, usefulFlops } from "../../../compiler/plan/graph-flops.js";
import { compileText } from "../../support/compile-text.js";

const siglip = `pipeline siglip {
  batch n
  input x : f32[n, 24]
  input y : f32[n, 24]
  logits[i, j] = dot(x[i], y[j])
  loss = -sum[i, j](log_sigmoid(where(i == j, 1, -1) * logits[i, j])) / n
}`;

test("a sigmoid step is three contractions of 2·n²·d, whatever the blocks", () => {
  const { template } = compileText(siglip);
  expect(graphFlops(template.graph, { n: 37 })).toBe(3 * 2 * 37 * 37 * 24);
});

test("an engine that runs kernels counts the same as one that runs ops", () => {
  const kernel = compileText(siglip, {
    target: {
      engine: "k",
      granularity: "kernel",
      memory: "arena",
      precision: "f32",
      alignment: 4,
      maxBytes: null,
      defaultScratchBytes: 4096,
    },
  }).template;
  const tiles = kernel.graph.nodes.flatMap((node) =>
    node.op === "tile" ? [{ tile: node.id, loops: node.loops.map(({ name }) => ({ name, extent: 37, block: 8 })) }] : [],
  );
  expect(planWith(kernel, { n: 37 }, tiles).flops).toBe(graphFlops(kernel.graph, { n: 37 }));
});

test("softmax over rows computes its logits twice, and needs them once", () => {
  const softmax = siglip.replace(/loss = .*/, "loss = mean[i](logsumexp[j](logits[i, j]))");
  const { graph } = compileText(softmax).template;
  const contraction = 2 * 37 * 37 * 24;
  expect([graphFlops(graph, { n: 37 }), usefulFlops(graph, { n: 37 })]).toEqual([4 * contraction, 3 * contraction]);
});
