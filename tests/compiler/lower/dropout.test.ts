/** Dropout: what a step drops, that slices and a second forward pass drop the same, and that nothing else drops at all. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { compileProgram } from "../../../compiler/compile.js";
import { isTile } from "../../../compiler/graph/graph.js";
import { stepKey } from "../../../compiler/kernel/philox.js";
import { randomInput } from "../../../compiler/lower/draws.js";
import { afterGradients, beforeGradients, runSteps, slicing } from "../../../compiler/passes/pipeline.js";
import { buildTrainStep, stepInputs, trainedPaths } from "../../../compiler/train-step/train-step.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { expectAllClose } from "../../support/close.js";
import { compileText, lowerText } from "../../support/compile-text.js";
import { planOf, runPlan, templateOf } from "../../support/plan-graph.js";
import { randomFrom } from "../../support/random.js";

const quiet = (): void => {};
const RATE = 0.3;
const text = `pipeline p {
  batch n
  input x : f32[n, 5, 4]
  param w : f32[4, 3] = 0.5
  y = dropout(x, ${RATE})
  again = dropout(x, ${RATE})
  loss = sum(tanh(dropout(y @ w, 0.5)))
  output y
  output again
  train { optimizer sgd(lr: 1) }
}`;

const n = 13;
const { normal } = randomFrom(4);
const value = (...shape: number[]): Value => ({ shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal) });
const [x, w] = [value(n, 5, 4), value(4, 3)];
const inputsAt = (seed: number, step: number): ReadonlyMap<string, Value> =>
  new Map([
    ["x", x],
    ["w", w],
    [randomInput, { shape: [2], data: Float64Array.from(stepKey(seed, step)) }],
  ]);

const lowerTraining = (source: string) => lowerText(source, {}, true);
const training = lowerTraining(text).graph;
const drawn = (seed: number, step: number, rows = n) => evaluateGraph(training, inputsAt(seed, step), { n: rows });
const dataOf = (values: ReadonlyMap<string, Value>, name: string): readonly number[] => [...(values.get(name)?.data ?? expect.fail(name))];
/** An element of x is never 0. */
const mask = (values: ReadonlyMap<string, Value>, name = "y"): string =>
  dataOf(values, name)
    .map((v) => (v === 0 ? "." : "x"))
    .join("");

describe("in a training step", () => {
  test("an element is 0 or itself over the share that is kept, which is as asked for", () => {
    const rows = 900;
    const many: Value = { shape: [rows, 5, 4], data: Float64Array.from({ length: rows * 20 }, (_, k) => 1 + (k % 7)) };
    const y = dataOf(evaluateGraph(training, new Map([...inputsAt(1, 0), ["x", many]]), { n: rows }), "y");
    const kept = y.filter((v) => v !== 0).length / y.length;
    // Five standard deviations of a share of 18,000.
    expect(Math.abs(kept - (1 - RATE))).toBeLessThan(5 * Math.sqrt((RATE * (1 - RATE)) / y.length));
    for (const [k, v] of y.entries()) if (v !== 0) expect(v).toBeCloseTo((many.data[k] ?? 0) / (1 - RATE), 5);
    const mean = (list: ArrayLike<number>): number => Array.from(list).reduce((a, b) => a + b, 0) / list.length;
    expect(mean(y) / mean(many.data)).toBeCloseTo(1, 1);
  });

  test("one seed and step drop the same, another seed, step or place in the program others", () => {
    const first = mask(drawn(1, 0));
    expect(mask(drawn(1, 0))).toBe(first);
    const others = [mask(drawn(2, 0)), mask(drawn(1, 1)), mask(drawn(1, 0), "again"), mask(drawn(2 ** 40 + 1, 0))];
    expect(new Set([first, ...others]).size).toBe(5);
  });

  test("a row's mask does not depend on how many rows there are", () => {
    const few = new Map([...inputsAt(1, 0), ["x", { shape: [4, 5, 4], data: x.data.slice(0, 80) }]]);
    expect(mask(evaluateGraph(training, few, { n: 4 }))).toBe(mask(drawn(1, 0)).slice(0, 80));
  });

  test("the gradient goes where the mask lets it", () => {
    const alone = lowerTraining(
      `pipeline p { batch n\n input x : f32[n, 5, 4]\n y = dropout(x, ${RATE})\n loss = sum(y * y) / 2\n output y }`,
    ).graph;
    const { graph } = differentiate(alone, { of: "loss", wrt: ["x"] });
    const found = evaluateGraph(graph ?? expect.fail("not differentiable"), inputsAt(7, 3), { n });
    const y = dataOf(found, "y");
    expect(y.some((v) => v === 0)).toBe(true);
    for (const [k, g] of dataOf(found, "grad.x").entries()) expect(g).toBeCloseTo((y[k] ?? 0) / (1 - RATE), 5);
  });

  test("slices of the batch drop what the whole batch drops, the second time too", async () => {
    const { graph } = differentiate(runSteps(training, beforeGradients, quiet), { of: "loss", wrt: ["x", "w"] });
    const whole = runSteps(graph ?? expect.fail("not differentiable"), afterGradients, quiet);
    const sliced = runSteps(whole, slicing, quiet);
    expect(sliced.nodes.some(isTile)).toBe(true);
    const expected = evaluateGraph(whole, inputsAt(5, 9), { n });
    const run = async (compiled: typeof whole, r: number) => {
      const template = templateOf(compiled);
      return runPlan(template, planOf(template, { n }, { r }), inputsAt(5, 9));
    };
    const all = await run(sliced, n);
    expectAllClose(await run(whole, n), expected, 1e-12);
    for (const r of [1, 4, 5]) {
      const parts = await run(sliced, r);
      expectAllClose(parts, expected, 1e-12);
      for (const name of ["y", "again", "grad.x"]) expect(parts.get(name)).toEqual(all.get(name));
    }
  });

  test("the compiled step takes the key as an input", () => {
    const program = lowerTraining(text);
    const compiled = compileProgram(program, {
      target: createPlanrefEngine().target("f64"),
      gradients: trainedPaths(program),
      update: (graph) => buildTrainStep(program, graph).graph,
    });
    const names = (compiled.template?.graph.nodes ?? []).flatMap((node) => (!isTile(node) && node.op === "input" ? [node.attrs.name] : []));
    expect(new Set(names)).toEqual(new Set(["x", "w", randomInput, stepInputs.schedule, stepInputs.step]));
  });
});

describe("anywhere else", () => {
  test("results and gradients are those of the program without dropout", () => {
    const plain = text.replaceAll(/dropout\((.*?), [\d.]+\)/g, "($1)");
    const inputs = new Map([
      ["x", x],
      ["w", w],
    ]);
    const run = (of: string) => evaluateGraph(compileText(of).template.graph, inputs, { n });
    expect(plain).not.toContain("dropout");
    expect(run(text)).toEqual(run(plain));
  });

  test("a rate of 0 is no dropout", () => {
    const none = lowerTraining(text.replaceAll(/dropout\((.*?), [\d.]+\)/g, "dropout($1, 0)"));
    expect(none.graph.nodes.some(({ op }) => op === "random")).toBe(false);
  });
});
