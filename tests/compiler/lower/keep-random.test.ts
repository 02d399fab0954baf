/** Places kept at random: which, how often, in what order, the same in slices, and all of them outside of a training step. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { isTile } from "../../../compiler/graph/graph.js";
import { stepKey } from "../../../compiler/kernel/philox.js";
import { randomInput } from "../../../compiler/lower/draws.js";
import { afterGradients, beforeGradients, runSteps, slicing } from "../../../compiler/passes/pipeline.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { expectAllClose } from "../../support/close.js";
import { lowerText } from "../../support/compile-text.js";
import { expectGradient } from "../../support/finite-difference.js";
import { planOf, runPlan, templateOf } from "../../support/plan-graph.js";

const [places, width, count] = [9, 2, 4];
const text = `pipeline p {
  batch n
  input x : f32[n, ${places}, ${width}]
  y = keep_random(x, axis: 1, count: ${count})
  again = keep_random(x, axis: 1, count: ${count})
  loss = sum(y * y * y) + sum(tanh(again))
  output y
  output again
}`;
const training = lowerText(text, {}, true).graph;

/** Every element says where it is: row + place / 16 + column / 64, exact in f32. */
const located = (rows: number): Value => ({
  shape: [rows, places, width],
  data: Float64Array.from({ length: rows * places * width }, (_, k) => {
    const [row, place, column] = [Math.floor(k / (places * width)), Math.floor(k / width) % places, k % width];
    return row + place / 16 + column / 64;
  }),
});
const inputsAt = (seed: number, step: number, rows: number): ReadonlyMap<string, Value> =>
  new Map([
    ["x", located(rows)],
    [randomInput, { shape: [2], data: Float64Array.from(stepKey(seed, step)) }],
  ]);
const drawn = (seed: number, step: number, rows = 13) => evaluateGraph(training, inputsAt(seed, step, rows), { n: rows });

/** The places that each row kept; fails where a value is not the one that was there. */
function keptBy(values: ReadonlyMap<string, Value>, name = "y"): readonly (readonly number[])[] {
  const { shape, data } = values.get(name) ?? expect.fail(name);
  expect(shape.slice(1)).toEqual([count, width]);
  return Array.from({ length: shape[0] ?? 0 }, (_, row) =>
    Array.from({ length: count }, (__, k) => {
      const at = (row * count + k) * width;
      const first = data[at] ?? Number.NaN;
      expect(data[at + 1]).toBe(first + 1 / 64);
      return (first - row) * 16;
    }),
  );
}

describe("in a training step", () => {
  test("each row keeps so many places, once each and in their order", () => {
    const all = Array.from({ length: places }, (_, k) => k);
    for (const row of keptBy(drawn(1, 0))) expect(row).toEqual(all.filter((place) => row.includes(place)));
  });

  test("every place, and every two, are kept as often as any", () => {
    const rows = 4000;
    const kept = keptBy(drawn(3, 5, rows));
    const within = (share: number, chance: number) =>
      expect(Math.abs(share - chance)).toBeLessThan(5 * Math.sqrt((chance * (1 - chance)) / rows));
    for (let place = 0; place < places; place++) {
      within(kept.filter((row) => row.includes(place)).length / rows, count / places);
      const next = (place + 1) % places;
      within(
        kept.filter((row) => row.includes(place) && row.includes(next)).length / rows,
        (count * (count - 1)) / (places * (places - 1)),
      );
    }
  });

  test("rows, steps, seeds and places in the program differ; one seed and step keep the same", () => {
    const of = (seed: number, step: number, name = "y") => JSON.stringify(keptBy(drawn(seed, step), name));
    expect(of(1, 0)).toBe(of(1, 0));
    expect(new Set([of(1, 0), of(2, 0), of(1, 1), of(1, 0, "again")]).size).toBe(4);
    expect(new Set(keptBy(drawn(1, 0)).map(String)).size).toBeGreaterThan(5);
    expect(keptBy(drawn(1, 0, 4))).toEqual(keptBy(drawn(1, 0)).slice(0, 4));
  });

  test("gradients are the slope of the loss, and 0 where a place was left out", () => {
    const { graph } = differentiate(training, { of: "loss", wrt: ["x"] });
    const whole = graph ?? expect.fail("not differentiable");
    const inputs = new Map([...inputsAt(7, 3, 5), ["x", { ...located(5), data: located(5).data.map((v, k) => Math.sin(v + k)) }]]);
    expectGradient({ graph: whole, wrt: ["x"], inputs, dims: { n: 5 }, seed: 2 });
    const found = evaluateGraph(whole, inputsAt(7, 3, 5), { n: 5 });
    const [y, again] = [keptBy(found), keptBy(found, "again")];
    const gradient = found.get("grad.x")?.data ?? expect.fail("no gradient");
    for (let row = 0; row < 5; row++)
      for (let place = 0; place < places; place++)
        expect(gradient[(row * places + place) * width + 1] !== 0).toBe(
          y[row]?.includes(place) === true || again[row]?.includes(place) === true,
        );
  });

  test("slices of the batch keep what the whole batch keeps", async () => {
    const { graph } = differentiate(
      runSteps(training, beforeGradients, () => {}),
      { of: "loss", wrt: ["x"] },
    );
    const whole = runSteps(graph ?? expect.fail("not differentiable"), afterGradients, () => {});
    const sliced = runSteps(whole, slicing, () => {});
    expect(sliced.nodes.some(isTile)).toBe(true);
    const rows = 13;
    const expected = evaluateGraph(whole, inputsAt(5, 9, rows), { n: rows });
    const template = templateOf(sliced);
    for (const r of [1, 4, 5, rows]) {
      const parts = await runPlan(template, planOf(template, { n: rows }, { r }), inputsAt(5, 9, rows));
      expectAllClose(parts, expected, 1e-12);
      for (const name of ["y", "again"]) expect(parts.get(name)?.data).toEqual(expected.get(name)?.data);
    }
  });
});

describe("anywhere else", () => {
  test("the program is the one without it", () => {
    const inputs = new Map([["x", located(3)]]);
    const all = lowerText(text.replaceAll(/keep_random\(x.*\)/g, "x")).graph;
    expect(evaluateGraph(lowerText(text).graph, inputs, { n: 3 })).toEqual(evaluateGraph(all, inputs, { n: 3 }));
    expect(lowerText(text).graph.nodes.map(({ op }) => op)).toEqual(all.nodes.map(({ op }) => op));
  });

  test("to keep all is to draw nothing", () => {
    const none = lowerText(text.replaceAll(`count: ${count}`, `count: ${places}`), {}, true);
    expect(none.graph.nodes.some(({ op }) => op === "random")).toBe(false);
  });
});
