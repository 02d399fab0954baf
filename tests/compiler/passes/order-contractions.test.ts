/** Cases, and random nests of two contractions under reshapes, transposes and biases: the same values for fewer multiplications. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph, Id } from "../../../compiler/graph/graph.js";
import type { AxisPairs } from "../../../compiler/graph/op-table.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { batch, constant } from "../../../compiler/graph/size.js";
import { verify } from "../../../compiler/graph/verify.js";
import { dce } from "../../../compiler/passes/dce.js";
import { orderContractions } from "../../../compiler/passes/order-contractions.js";
import { graphFlops } from "../../../compiler/plan/graph-flops.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { drawGraphInputs } from "../../support/draw-graph-inputs.js";
import { randomFrom } from "../../support/random.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("order-contractions.sigir", import.meta.url), orderContractions);

/** What happens to each axis of the inner product [n, places, heads · width] on its way into the outer one. */
type Nest = {
  readonly places: number;
  readonly heads: number;
  readonly width: number;
  readonly features: number;
  readonly questions: number;
  readonly bias: "none" | "features" | "places" | "one";
  readonly weightFirst: boolean;
  /** Of [n, places, heads, width]. */
  readonly turned: readonly number[];
  /** What the outer factor does with each of those: has it beside its own, sums over it, or lacks it. */
  readonly roles: readonly ("batch" | "sum" | "none")[];
  readonly outerFirst: boolean;
};

const nests: fc.Arbitrary<Nest> = fc.record({
  places: fc.integer({ min: 1, max: 9 }),
  heads: fc.integer({ min: 1, max: 3 }),
  width: fc.integer({ min: 1, max: 4 }),
  features: fc.integer({ min: 1, max: 7 }),
  questions: fc.integer({ min: 1, max: 2 }),
  bias: fc.constantFrom("none", "features", "places", "one"),
  weightFirst: fc.boolean(),
  turned: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
  roles: fc.array(fc.constantFrom("batch", "sum", "sum", "none"), { minLength: 4, maxLength: 4 }),
  outerFirst: fc.boolean(),
});

const dims = { n: 3 };

function graphOf(nest: Nest): Graph {
  const b = new GraphBuilder({ file: "random.sigir", start: 0, end: 0 });
  const f64 = (name: string, shape: readonly (readonly { coef: number; pow: Record<string, number> }[])[]): Id =>
    b.emit("input", [], { name, role: "data", type: { dtype: "f64", shape } });
  const [n, places, inner] = [batch("n"), constant(nest.places), constant(nest.heads * nest.width)];
  const x = f64("x", [n, places, constant(nest.features)]);
  const w = f64("w", [constant(nest.features), inner]);
  const product = nest.weightFirst ? b.transpose(b.dot(w, x, [[0, 2]]), [1, 2, 0]) : b.dot(x, w, [[2, 0]]);
  const added = { none: null, features: [2], places: [1, 2], one: [] }[nest.bias];
  const shape = b.shape(product);
  const whole =
    added === null
      ? product
      : b.add(
          b.broadcast(
            f64(
              "bias",
              added.map((axis) => shape[axis] ?? []),
            ),
            shape,
            added,
          ),
          product,
        );
  const heads = b.reshape(whole, [n, places, constant(nest.heads), constant(nest.width)]);
  const turned = b.transpose(heads, nest.turned);
  const has = nest.turned.flatMap((axis, at) => (nest.roles[axis] === "none" ? [] : [{ at, role: nest.roles[axis] }]));
  const outer = f64("outer", [constant(nest.questions), ...has.map(({ at }) => b.shape(turned)[at] ?? [])]);
  const pairs = (role: string): AxisPairs =>
    has.flatMap((axis, k) => (axis.role !== role ? [] : ([nest.outerFirst ? [k + 1, axis.at] : [axis.at, k + 1]] as const)));
  const result = nest.outerFirst ? b.dot(outer, turned, pairs("sum"), pairs("batch")) : b.dot(turned, outer, pairs("sum"), pairs("batch"));
  return b.finish([{ name: "result", value: result }]);
}

test("random nests keep their values, and cost half where they change", () => {
  let changed = 0;
  fc.assert(
    fc.property(nests, fc.nat(), (nest, seed) => {
      const graph = graphOf(nest);
      const ordered = dce.run(orderContractions.run(graph).graph).graph;
      verify(ordered, "source");
      const random = randomFrom(seed);
      const inputs = drawGraphInputs(graph, dims, () => random.uniform() - 0.5);
      const [was, is] = [graph, ordered].map((one) => evaluateGraph(one, inputs, dims).get("result"));
      expect(is?.shape).toEqual(was?.shape);
      for (const [k, value] of (is?.data ?? []).entries()) expect(Math.abs(value - (was?.data[k] ?? Number.NaN))).toBeLessThan(1e-12);
      if (printGraph(ordered) === printGraph(graph)) return;
      changed++;
      expect(graphFlops(ordered, dims)).toBeLessThan(graphFlops(graph, dims));
    }),
    { numRuns: 1000 },
  );
  expect(changed, "of a thousand").toBeGreaterThan(50);
});
