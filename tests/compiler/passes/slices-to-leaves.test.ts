/** Cases, and random chains of what a tower is made of, with slices of several readers in between: every bit is kept. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph, Id } from "../../../compiler/graph/graph.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { asNumber, batch, constant } from "../../../compiler/graph/size.js";
import type { Shape } from "../../../compiler/graph/type.js";
import { verify } from "../../../compiler/graph/verify.js";
import { dce } from "../../../compiler/passes/dce.js";
import { slicesToLeaves } from "../../../compiler/passes/slices-to-leaves.js";
import { graphFlops } from "../../../compiler/plan/graph-flops.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { randomFrom } from "../../support/random.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("slices-to-leaves.sigir", import.meta.url), slicesToLeaves);

const span = { file: "random.sigir", start: 0, end: 0 };
const [TOKENS, WIDTH] = [5, 6];

/** What a step may do with a value of shape [n, t, w], t and w as they have become. */
const steps = {
  tanh: (b, x) => b.emit("tanh", [x], {}),
  gelu: (b, x) => b.emit("gelu", [x], { approximate: "tanh" }),
  residual: (b, x, w) => b.add(x, linear(b, x, w)),
  linear: (b, x, w) => linear(b, x, w),
  layerNorm: (b, x) => b.emit("layer_norm", [x], { eps: 1e-6 }),
  normalise: (b, x) => b.emit("l2_normalize", [x], { axis: 1, eps: 1e-6 }),
  softmax: (b, x) => b.emit("softmax", [x], { axis: 2 }),
  softmaxOfPlaces: (b, x) => b.emit("softmax", [x], { axis: 1 }),
  exchange: (b, x) => b.transpose(b.transpose(x, [0, 2, 1]), [0, 2, 1]),
  attention: (b, x) => b.dot(b.emit("softmax", [b.dot(x, x, [[2, 2]], [[0, 0]])], { axis: 2 }), x, [[2, 1]], [[0, 0]]),
  heads: (b, x) => {
    const [n = [], t = [], w = []] = b.shape(x);
    const width = asNumber(w) ?? 1;
    const heads = width % 2 === 0 ? 2 : 1;
    const split = b.transpose(b.reshape(x, [n, t, constant(heads), constant(width / heads)]), [0, 2, 1, 3]);
    const pairs = [
      [0, 0],
      [1, 1],
    ] as const;
    const answer = b.dot(b.dot(split, split, [[3, 3]], pairs), split, [[3, 2]], pairs);
    return b.reshape(b.transpose(answer, [0, 2, 1, 3]), [n, t, w]);
  },
  centred: (b, x) => b.sub(x, b.broadcast(b.sum(x, [1]), b.shape(x), [0, 2])),
  reversedRunningSum: (b, x) => b.emit("cumsum", [x], { axis: 1, reverse: true }),
  looked: (b, x) => b.emit("gather", [x, b.emit("iota", [], { size: b.shape(x)[1] ?? [] })], { axis: 1 }),
} satisfies Record<string, (b: GraphBuilder, x: Id, w: Id) => Id>;

/** Along the width, with the first rows and columns of one square weight. */
function linear(b: GraphBuilder, x: Id, w: Id): Id {
  const width = b.shape(x)[2] ?? [];
  const rows = b.emit("slice", [w], { axis: 0, start: [], stop: width });
  return b.dot(x, b.emit("slice", [rows], { axis: 1, start: [], stop: width }), [[2, 0]]);
}

type Cut = { readonly axis: 1 | 2; readonly low: number; readonly high: number };
type Move = { readonly step: keyof typeof steps; readonly from: number; readonly cut: Cut | null };

function programOf(moves: readonly Move[]): Graph {
  const b = new GraphBuilder(span);
  const f64 = (name: string, shape: Shape): Id => b.emit("input", [], { name, role: "data", type: { dtype: "f64", shape } });
  const made: Id[] = [f64("x", [batch("n"), constant(TOKENS), constant(WIDTH)])];
  const w = f64("w", [constant(WIDTH), constant(WIDTH)]);
  for (const { step, from, cut } of moves) {
    const x = made[made.length - 1 - (from % made.length)] ?? -1;
    made.push(steps[step](b, cut === null ? x : cutOf(b, x, cut), w));
  }
  return b.finish(made.slice(-2).map((value, k) => ({ name: `y${k}`, value })));
}

function cutOf(b: GraphBuilder, x: Id, { axis, low, high }: Cut): Id {
  const size = asNumber(b.shape(x)[axis] ?? []) ?? 1;
  const start = low % size;
  return b.emit("slice", [x], { axis, start: constant(start), stop: constant(start + 1 + (high % (size - start))) });
}

const cuts = fc.record({ axis: fc.constantFrom(1 as const, 2 as const), low: fc.nat(9), high: fc.nat(9) });
const moves = fc.array(
  fc.record({
    step: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
    from: fc.nat(1),
    cut: fc.option(cuts, { freq: 2 }),
  }),
  { minLength: 2, maxLength: 9 },
);

const dims = { n: 3 };
test("random towers keep every bit, and never cost more", () => {
  let [before, after] = [0, 0];
  fc.assert(
    fc.property(moves, fc.nat(), (list, seed) => {
      const graph = dce.run(programOf(list)).graph;
      const narrowed = slicesToLeaves.run(graph).graph;
      verify(narrowed, "source");
      expect(printGraph(slicesToLeaves.run(narrowed).graph), "a second run changes nothing").toBe(printGraph(narrowed));
      const random = randomFrom(seed);
      const value = (...shape: number[]) => ({
        shape,
        data: Float64Array.from({ length: shape.reduce((a, c) => a * c) }, () => random.uniform() - 0.5),
      });
      const inputs = new Map([
        ["x", value(dims.n, TOKENS, WIDTH)],
        ["w", value(WIDTH, WIDTH)],
      ]);
      expect(evaluateGraph(narrowed, inputs, dims)).toEqual(evaluateGraph(graph, inputs, dims));
      expect(graphFlops(narrowed, dims)).toBeLessThanOrEqual(graphFlops(graph, dims));
      before += graphFlops(graph, dims);
      after += graphFlops(narrowed, dims);
    }),
    { numRuns: 300 },
  );
  // They are not programs that leave nothing to do.
  expect(after).toBeLessThan(0.9 * before);
});
