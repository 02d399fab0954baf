/** Slicing rows changes nothing: random programs and a tower, whatever the slice, against the same graph unsliced. */
import { describe, expect, test } from "vitest";
import { isTile } from "../../compiler/graph/graph.js";
import { printGraph } from "../../compiler/graph/print.js";
import { verify } from "../../compiler/graph/verify.js";
import { dce } from "../../compiler/passes/dce.js";
import { microBatch } from "../../compiler/passes/micro-batch.js";
import { afterGradients, runSteps } from "../../compiler/passes/pipeline.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { drawInputs, pairProgram } from "../support/arbitrary-graph.js";
import { expectAllClose } from "../support/close.js";
import { compileText } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";
import { withGradients } from "../support/with-gradients.js";

const quiet = (): void => {};
const seed = Number(process.env.SIG_SEED ?? 7);

describe(`100 random pair programs, seed ${seed}`, () => {
  test("sliced equals unsliced to 1e-11", () => {
    for (let k = 0; k < 100; k++) {
      const program = pairProgram(seed + k, { outputs: true });
      const random = randomFrom(seed + k);
      const differentiated = withGradients(program.graph, program.wrt);
      const whole = runSteps(differentiated, afterGradients, quiet);
      const sliced = dce.run(microBatch.run(whole).graph).graph;
      verify(sliced, "tiled");
      const dims = { n: 1 + random.below(13), m: 1 + random.below(13) };
      const blocks = { i: 1 + random.below(7), j: 1 + random.below(7), r: 1 + random.below(7) };
      const inputs = drawInputs(program, dims, seed + k);
      try {
        expectAllClose(evaluateGraph(sliced, inputs, dims, { blocks }), evaluateGraph(whole, inputs, dims, { blocks }), 1e-11, 1e-3);
      } catch (error) {
        throw new Error(`program ${seed + k}, ${JSON.stringify({ dims, blocks })}\n${printGraph(sliced, { spans: false })}`, {
          cause: error,
        });
      }
    }
  });
});

describe("two towers and a sigmoid loss", () => {
  const text = `pipeline p {
  batch n
  input x : f32[n, 6]
  input y : f32[n, 6]
  param w : f32[6, 4] = 0.1
  param v : f32[6, 4] = 0.2
  param t : f32 = 1
  a = l2_normalize(tanh(x @ w))
  b = l2_normalize(tanh(y @ v))
  l[i, j] = exp(t) * dot(a[i], b[j])
  loss = sum[i, j](softplus(where(i == j, -1, 1) * l[i, j])) / n
  output a
}`;
  const whole = compileText(text).template.graph;
  const { graph } = microBatch.run(whole);
  const sliced = dce.run(graph).graph;

  test("one sweep of rows before the pairs and one after, nothing of the hidden layer between", () => {
    const tiles = sliced.nodes.filter(isTile);
    expect(tiles.map((tile) => tile.loops.map((loop) => loop.name).join())).toEqual(["r", "i,j", "r"]);
    expect(tiles[2]?.recomputed.length).toBeGreaterThan(0);
  });

  test("an embedding's bits do not depend on its slice", () => {
    const random = randomFrom(3);
    const value = (shape: number[]) => ({ shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal) });
    const inputs = new Map([
      ["x", value([13, 6])],
      ["y", value([13, 6])],
      ["w", value([6, 4])],
      ["v", value([6, 4])],
      ["t", value([])],
    ]);
    const run = (r: number) => evaluateGraph(sliced, inputs, { n: 13 }, { blocks: { r, i: 5, j: 5 } });
    const first = run(13).get("a");
    for (const r of [1, 4, 5, 12]) expect(run(r).get("a")).toEqual(first);
  });
});
