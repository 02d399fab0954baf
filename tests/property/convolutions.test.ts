/** Random stacks of convolutions and what stands between them: with kernels and in slices of the batch, against the source in float64. */
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../compiler/graph/builder.js";
import { windowCount } from "../../compiler/graph/convolution.js";
import type { Graph, Id } from "../../compiler/graph/graph.js";
import { printGraph } from "../../compiler/graph/print.js";
import { asNumber, batch, constant } from "../../compiler/graph/size.js";
import { dce } from "../../compiler/passes/dce.js";
import { microBatch } from "../../compiler/passes/micro-batch.js";
import { afterGradients, runSteps } from "../../compiler/passes/pipeline.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../runtime/engines/reference/value.js";
import { expectAllClose } from "../support/close.js";
import { expectGradient } from "../support/finite-difference.js";
import { planOf, runPlan, templateOf } from "../support/plan-graph.js";
import { randomFrom } from "../support/random.js";
import { withGradients } from "../support/with-gradients.js";

const quiet = (): void => {};
const seed = Number(process.env.SIG_SEED ?? 5);
const dims = { n: 3 };

type Program = { readonly graph: Graph; readonly inputs: ReadonlyMap<string, Value> };

/** Pictures through up to six steps, each a convolution or a fusion that could go wrong beside one. */
function programOf(which: number): Program {
  const { below, normal } = randomFrom(which);
  const b = new GraphBuilder({ file: "random.sig", start: 0, end: 0 });
  const inputs = new Map<string, Value>();
  const input = (shape: readonly (number | "n")[], scale: number): Id => {
    const name = `in${inputs.size}`;
    const whole = shape.map((size) => (size === "n" ? dims.n : size));
    inputs.set(name, { shape: whole, data: Float64Array.from({ length: whole.reduce((p, q) => p * q, 1) }, () => scale * normal()) });
    const sizes = shape.map((size) => (size === "n" ? batch("n") : constant(size)));
    return b.emit("input", [], { name, role: name === "in0" ? "data" : "param", type: { dtype: "f32", shape: sizes } });
  };
  let x = input(["n", 3 + below(5), 3 + below(5), 2 + below(3)], 1);
  const extents = (): readonly number[] =>
    b
      .shape(x)
      .slice(1)
      .map((size) => asNumber(size) ?? 0);
  const steps: readonly (() => Id)[] = [
    () => {
      const [height = 1, width = 1, channels = 1] = extents();
      const groups = [1, 1, channels, channels % 2 === 0 ? 2 : 1][below(4)] ?? 1;
      const results = groups * (1 + below(groups === channels ? 2 : 3));
      const draw = (least: number, bound: number): readonly [number, number] => [least + below(bound), least + below(bound)];
      const attrs = { stride: draw(1, 3), dilation: draw(1, 2), low: draw(0, 3), high: draw(0, 3), groups };
      const [p, q] = draw(1, 3);
      if (windowCount(height, p, 0, attrs) < 1 || windowCount(width, q, 1, attrs) < 1) return x;
      return b.emit("conv2d", [x, input([p, q, channels / groups, results], 1 / Math.sqrt((p * q * channels) / groups))], attrs);
    },
    () => b.emit("gelu", [x], { approximate: "tanh" }),
    () => b.add(x, b.broadcast(input(extents().slice(-1), 1), b.shape(x), [3])),
    () => b.mul(x, b.constLike(0.5, x)),
    () => b.add(x, b.emit("sin", [x], {})),
    () => b.transpose(x, [0, 2, 1, 3]),
    () => b.transpose(b.transpose(x, [1, 2, 0, 3]), [2, 0, 1, 3]),
  ];
  for (let step = 0; step < 7; step++) {
    x = steps[step % 2 === 0 ? 0 : below(steps.length)]?.() ?? x;
    if (below(4) === 0) x = b.mul(x, b.emit("tanh", [x], {}));
  }
  const loss = b.sum(b.emit("sin", [x], {}), [0, 1, 2, 3]);
  const graph = b.finish([
    { name: "loss", value: loss },
    { name: "x", value: x },
  ]);
  return { graph, inputs };
}

const programs = Array.from({ length: 16 }, (_, k) => seed * 1000 + k);

test("most programs convolve more than once", () => {
  const convolutions = programs.map((which) => programOf(which).graph.nodes.filter(({ op }) => op === "conv2d").length);
  expect(convolutions.filter((count) => count > 1).length).toBeGreaterThan(programs.length / 2);
});

describe(`random stacks of convolutions, seed ${seed}`, () => {
  test.each(programs)("program %i", async (which) => {
    const { graph, inputs } = programOf(which);
    const wrt = [...inputs.keys()];
    const differentiated = withGradients(graph, wrt);
    expectGradient({ graph: differentiated, wrt, inputs, dims, seed: which, tolerance: 1e-6 });
    const expected = evaluateGraph(differentiated, inputs, dims);
    const whole = runSteps(differentiated, afterGradients, quiet);
    const sliced = dce.run(microBatch.run(whole).graph).graph;
    for (const [compiled, blocks] of [
      [whole, {}],
      [sliced, { r: 2 }],
    ] as const)
      try {
        const template = templateOf(compiled);
        expectAllClose(await runPlan(template, planOf(template, dims, blocks), inputs), expected, 1e-11, 1e-3);
      } catch (error) {
        throw new Error(printGraph(compiled, { spans: false }), { cause: error });
      }
  });
});
