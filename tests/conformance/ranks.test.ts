/**
 * Ranks and hits compare logits with one of them that is computed by itself. On every engine a logit is neither above nor below
 * itself: counts are exact, at sizes where two orders of summation differ in the last bit of most logits.
 */
import { describe, expect, test } from "vitest";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { compileText } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";
import { portTypes, rounded, runGraph, subjects } from "./subjects.js";

const text = `pipeline p {
  batch n
  input image: f32[n, 50]
  input text: f32[n, 50]
  input label: i32[n]
  param t: f32 = 1.3
  s[i, j] = exp(t) * dot(l2_normalize(image)[i], l2_normalize(text)[j]) - 0.3
  above[i] = sum[j](where(s[i, j] > s[i, i], 1, 0))
  below[j] = sum[i](where(s[i, j] < s[j, j], 1, 0))
  behind[i] = sum[j](where(s[i, j] - s[i, label[i]] > 0, 1, 0))
  hits = sum[i](where(s[i, i] >= max[j](s[i, j]), 1, 0))
  loss = mean[i](above[i] * s[i, i])
  output above
  output below
  output behind
  output hits
}`;

describe.each(subjects)("$name $precision", (subject) => {
  test.each([1, 40, 97])("n = %i", async (n) => {
    const { graph } = compileText(text, { gradients: false }).template;
    const random = randomFrom(n);
    const draw = (shape: readonly number[], next: () => number) => ({
      shape,
      data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next),
    });
    const image = draw([n, 50], random.normal);
    // Every other caption is near its picture, so that there are hits and misses.
    const near = image.data.map((value, k) => (Math.floor(k / 50) % 2) * value + random.normal());
    const inputs = rounded(
      new Map([
        ["image", image],
        ["text", { shape: [n, 50], data: near }],
        ["label", draw([n], () => random.below(n))],
        ["t", draw([], () => 1.3)],
      ]),
      portTypes(graph).inputs,
      subject.precision,
    );
    const blocks = { i: 16, j: 14 };
    const { outputs } = await runGraph(subject, graph, inputs, { n }, blocks);
    const expected = evaluateGraph(graph, inputs, { n }, { blocks });
    for (const name of ["above", "below", "behind", "hits"]) expect([name, outputs.get(name)]).toEqual([name, expected.get(name)]);
    // The oracle, from the definition.
    const ranks = expected.get("above")?.data ?? [];
    expect(expected.get("hits")?.data[0]).toBe([...ranks].filter((rank) => rank === 0).length);
    if (n > 1) expect(expected.get("hits")?.data[0]).toBeGreaterThan(n / 8);
  });
});
