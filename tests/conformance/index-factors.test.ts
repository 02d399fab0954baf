/** Contractions with a factor that reads nothing, but follows from where it stands: masks and weights by position. */
import { describe, expect, test } from "vitest";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { expectAllClose } from "../support/close.js";
import { compileText } from "../support/compile-text.js";
import { drawGraphInputs } from "../support/draw-graph-inputs.js";
import { randomFrom } from "../support/random.js";
import { portTypes, rounded, runGraph, subjects } from "./subjects.js";

const programs = {
  "the left one": "y[i, c] = x[i, c] + sum[k](where(k <= i, 1, 0) * x[k, c])",
  "the right one": "y[i, c] = x[i, c] + sum[k](x[i, k] * where(c < k, 0.5, -1))",
} as const;

const text = (line: string): string => `pipeline p {
  batch n
  input x: f32[n, 13]
  ${line}
  loss = mean[i, c](y[i, c] * y[i, c])
}`;

describe.each(subjects)("$name $precision", (subject) => {
  test.each(Object.entries(programs))("%s", async (_, line) => {
    const { graph } = compileText(text(line)).template;
    const { precision, tolerance } = subject;
    for (const n of [1, 5, 67]) {
      const inputs = rounded(drawGraphInputs(graph, { n }, randomFrom(n).normal), portTypes(graph).inputs, precision);
      const { outputs } = await runGraph(subject, graph, inputs, { n }, {});
      expect([...outputs.keys()]).toContain("grad.x");
      expectAllClose(outputs, evaluateGraph(graph, inputs, { n }), tolerance, 1e-2);
    }
  });
});
