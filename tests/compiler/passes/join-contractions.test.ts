/** Cases; and attention with random projections gives the same bits, and gradients that agree, joined or not. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph, Id } from "../../../compiler/graph/graph.js";
import { batch, constant, type Size } from "../../../compiler/graph/size.js";
import { verify } from "../../../compiler/graph/verify.js";
import { dce } from "../../../compiler/passes/dce.js";
import { joinContractions } from "../../../compiler/passes/join-contractions.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { expectAllClose } from "../../support/close.js";
import { drawGraphInputs } from "../../support/draw-graph-inputs.js";
import { randomFrom } from "../../support/random.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("join-contractions.sigir", import.meta.url), joinContractions);

type Projection = { readonly columns: number; readonly turned: boolean; readonly bias: boolean; readonly inFront: boolean };
const projections: fc.Arbitrary<readonly Projection[]> = fc.array(
  fc.record({
    columns: fc.integer({ min: 1, max: 4 }),
    turned: fc.boolean(),
    bias: fc.boolean(),
    inFront: fc.boolean(),
  }),
  { minLength: 2, maxLength: 5 },
);

const [PLACES, WIDTH] = [3, 5];
const dims = { n: 2 };

/** Each projection of x meets the one before it; what comes of it is squared and summed. */
function graphOf(list: readonly Projection[]): Graph {
  const b = new GraphBuilder({ file: "random.sigir", start: 0, end: 0 });
  const input = (name: string, role: "data" | "param", shape: readonly Size[]): Id =>
    b.emit("input", [], { name, role, type: { dtype: "f64", shape } });
  const x = input("x", "data", [batch("n"), constant(PLACES), constant(WIDTH)]);
  const made = list.map(({ columns, turned, bias, inFront }, k) => {
    const [rows, own] = [constant(WIDTH), constant(columns)];
    const weight = input(`w${k}`, "param", turned ? [own, rows] : [rows, own]);
    const product = b.dot(x, weight, [[2, turned ? 1 : 0]]);
    if (!bias) return product;
    const added = b.broadcast(input(`b${k}`, "param", [own]), b.shape(product), [2]);
    return inFront ? b.add(added, product) : b.add(product, added);
  });
  const met = made.map((value, k) => b.dot(value, made[(k + 1) % made.length] ?? -1, [[1, 1]], [[0, 0]]));
  const sums = met.map((value) => b.sum(b.emit("tanh", [value], {}), [0, 1, 2]));
  return b.finish([{ name: "loss", value: sums.reduce((left, right) => b.add(left, right)) }]);
}

test("random projections of one value keep their bits, and their gradients", () => {
  let joined = 0;
  fc.assert(
    fc.property(projections, fc.nat(), (list, seed) => {
      const graph = graphOf(list);
      const result = dce.run(joinContractions.run(graph).graph).graph;
      verify(result, "source");
      const count = (of: Graph): number => of.nodes.filter((node) => node.op === "dot").length;
      if (count(result) < count(graph)) joined++;
      const random = randomFrom(seed);
      const inputs = drawGraphInputs(graph, dims, random.normal);
      expect(evaluateGraph(result, inputs, dims)).toEqual(evaluateGraph(graph, inputs, dims));
      const wrt = [...inputs.keys()];
      const slopes = (of: Graph) => evaluateGraph(differentiate(of, { of: "loss", wrt }).graph ?? expect.fail(), inputs, dims);
      expectAllClose(slopes(result), slopes(graph), 1e-12, 1e-6);
    }),
    { numRuns: 200 },
  );
  expect(joined).toBeGreaterThan(100);
});
