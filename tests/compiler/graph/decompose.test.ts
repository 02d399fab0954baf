/** The reference evaluates composites by their definitions: decomposing must not change a value. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decompose } from "../../../compiler/graph/decompose.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { verify } from "../../../compiler/graph/verify.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { valueOf } from "../../../runtime/engines/reference/value.js";
import { arbitraryPairProgram, drawInputs } from "../../support/arbitrary-graph.js";
import { expectAllClose, expectClose } from "../../support/close.js";

const composites = [
  "log_sigmoid %x",
  "gelu %x {approximate = none}",
  "gelu %x {approximate = tanh}",
  "gelu %x {approximate = quick}",
  "softmax %x {axis = 0}",
  "softmax %x {axis = 1}",
  "l2_normalize %x {axis = 0, eps = 0.5}",
  "l2_normalize %x {axis = 1, eps = 1e-12}",
  "layer_norm %x {eps = 1e-6}",
  "in_top_k %x {axis = 0, k = 2}",
  "in_top_k %x {axis = 1, k = 3}",
  "in_top_k %x {axis = 1, k = 9}",
];

const inf = Number.POSITIVE_INFINITY;
const rows: readonly (readonly [string, readonly number[]])[] = [
  ["plain", [0.3, -1.7, 2.2, 0.9, 1.1, -0.4, 0.2, -3.3, 0.05, 5, -5, 2.5]],
  ["extreme", [1e4, -1e4, 0, 9999, 1e4, 1, -1, 30, -1e4, 700, -700, 88]],
  ["tied", [1, 1, 1, 1, 2, 0, 2, 2, 0, 0, -1, 0]],
  ["zero", Array(12).fill(0)],
];
const masked: readonly number[] = [-inf, -inf, -inf, -inf, 1, -inf, 2, 2, 0, 0, -inf, 0];

describe("decomposition", () => {
  for (const composite of composites)
    for (const [name, data] of [...rows, ...(/softmax|top/.test(composite) ? [["masked", masked] as const] : [])])
      it(`keeps the value of ${composite}, ${name}`, () => {
        const graph = parseGraph(`%x = input "x" : f32[n, 4]\n%y = ${composite}\noutput "y" = %y`);
        const core = decompose(graph);
        verify(core, "core");
        const inputs = new Map([["x", valueOf([3, 4], data)]]);
        // exp(x − logsumexp) inherits the rounding of a logsumexp near 1e4.
        const tolerance = composite.startsWith("softmax") && name === "extreme" ? 1e4 * Number.EPSILON : 1e-14;
        expectAllClose(evaluateGraph(core, inputs, { n: 3 }), evaluateGraph(graph, inputs, { n: 3 }), tolerance);
      });

  it("keeps the values of random programs", () =>
    fc.assert(
      fc.property(
        arbitraryPairProgram({ outputs: true }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        (program, n, m, seed) => {
          const inputs = drawInputs(program, { n, m }, seed);
          const [whole, core] = [evaluateGraph(program.graph, inputs, { n, m }), evaluateGraph(decompose(program.graph), inputs, { n, m })];
          for (const [output, value] of whole) expectClose(output, core.get(output), value, 1e-12, 1e-3);
        },
      ),
      { numRuns: 60 },
    ));

  it("keeps the span of the composite on every node of its place", () => {
    const graph = parseGraph(`%x = input "x" : f32[n] @"a.sig":0:1\n%y = log_sigmoid %x : f32[n] @"a.sig":5:9\noutput "y" = %y`);
    expect(printGraph(decompose(graph))).toBe(`%0 = input "x" : f32[n] @"a.sig":0:1
%1 = neg %0 : f32[n] @"a.sig":5:9
%2 = softplus %1 : f32[n] @"a.sig":5:9
%3 = neg %2 : f32[n] @"a.sig":5:9
output "y" = %3
`);
  });
});
