/** Passes that rewrite values: on random programs, with and without gradients, each keeps every output to rounding and is idempotent. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import type { Graph } from "../../../compiler/graph/graph.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { verify } from "../../../compiler/graph/verify.js";
import { canonicalise } from "../../../compiler/passes/canonicalise.js";
import { cse } from "../../../compiler/passes/cse.js";
import { dce } from "../../../compiler/passes/dce.js";
import { dropStopGradient } from "../../../compiler/passes/drop-stop-gradient.js";
import type { Pass } from "../../../compiler/passes/pass.js";
import { stabilise } from "../../../compiler/passes/stabilise.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { arbitraryPairProgram, drawInputs, type PairProgram } from "../../support/arbitrary-graph.js";
import { expectAllClose } from "../../support/close.js";

const passes: readonly Pass[] = [canonicalise, cse, dce, dropStopGradient, stabilise];

function differentiated({ graph, wrt }: PairProgram): Graph {
  const result = differentiate(graph, { of: "loss", wrt });
  if (result.graph === null) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
  return result.graph;
}

function expectKept(pass: Pass, graph: Graph, program: PairProgram, dims: Readonly<Record<string, number>>, seed: number): Graph {
  const after = pass.run(graph).graph;
  verify(after, "source");
  expect(printGraph(pass.run(after).graph), "a second run changes nothing").toBe(printGraph(after));
  const inputs = drawInputs(program, dims, seed);
  // Rounding of values near 1; a gradient that cancels to less is held to that scale.
  expectAllClose(evaluateGraph(after, inputs, dims), evaluateGraph(graph, inputs, dims), 1e-12, 1e-2);
  return after;
}

const size = fc.integer({ min: 1, max: 7 });

describe("random programs keep their values", () => {
  for (const pass of passes)
    test(`by ${pass.name}`, () => {
      fc.assert(
        fc.property(arbitraryPairProgram({ outputs: true }), size, size, fc.nat(), (program, n, m, seed) => {
          expectKept(pass, program.graph, program, { n, m }, seed);
          expectKept(pass, differentiated(program), program, { n, m }, seed);
        }),
        { numRuns: 30 },
      );
    });

  test("all of them in turn, gradients taken in between, give the gradients of the program as written", () => {
    fc.assert(
      fc.property(arbitraryPairProgram(), size, size, fc.nat(), (program, n, m, seed) => {
        const dims = { n, m };
        const before = [canonicalise, stabilise, canonicalise, cse, dce].reduce((graph, pass) => pass.run(graph).graph, program.graph);
        const graph = passes.reduce((g, pass) => pass.run(g).graph, differentiated({ ...program, graph: before }));
        const inputs = drawInputs(program, dims, seed);
        expectAllClose(evaluateGraph(graph, inputs, dims), evaluateGraph(differentiated(program), inputs, dims), 1e-11, 1e-2);
      }),
      { numRuns: 60 },
    );
  });
});
