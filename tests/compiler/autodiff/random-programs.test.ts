/** Gradients of whole random programs against the slope of their loss along one random direction. */
import * as fc from "fast-check";
import { test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { verify } from "../../../compiler/graph/verify.js";
import { arbitraryPairProgram, drawInputs } from "../../support/arbitrary-graph.js";
import { expectGradient } from "../../support/finite-difference.js";

test("the gradients of random programs are their slopes", () => {
  const size = fc.integer({ min: 1, max: 7 });
  fc.assert(
    fc.property(arbitraryPairProgram({ smooth: true }), size, size, fc.nat(), ({ graph, wrt, ...program }, n, m, seed) => {
      const result = differentiate(graph, { of: "loss", wrt });
      if (result.graph === null) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
      verify(result.graph, "source");
      const dims = { n, m };
      expectGradient({ graph: result.graph, wrt, inputs: drawInputs({ graph, wrt, ...program }, dims, seed), dims, seed, tolerance: 1e-5 });
    }),
    { numRuns: 100 },
  );
});
