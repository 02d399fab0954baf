/** Permutations of two axes are their own inverse and hide a mix-up; those of three are not. */
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Id } from "../../../compiler/graph/graph.js";
import { batch, constant } from "../../../compiler/graph/size.js";
import type { Shape } from "../../../compiler/graph/type.js";
import { transposesToLeaves } from "../../../compiler/passes/transposes-to-leaves.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { expectAllClose } from "../../support/close.js";
import { randomFrom } from "../../support/random.js";

const dims = { n: 4, m: 3 };
const shape: Shape = [batch("n"), batch("m"), constant(2)];
const extents = [4, 3, 2];
const perms = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

const random = randomFrom(3);
const drawn = (...sizes: number[]): Value => ({
  shape: sizes,
  data: Float64Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, random.normal),
});

/** What stands under the transpose: a value of `shape`. */
const under: Readonly<Record<string, (b: GraphBuilder, input: (name: string, axes: Shape) => Id) => Id>> = {
  "broadcasts of every axis and pair of axes": (b, input) => {
    const pick = (axes: readonly number[]): Id =>
      b.broadcast(
        input(
          `x${axes.join("")}`,
          axes.map((axis) => shape[axis] ?? []),
        ),
        shape,
        axes,
      );
    const rest = [[1], [2], [0, 1], [0, 2], [1, 2]].map(pick);
    return rest.reduce((sum, x) => b.add(b.mul(sum, sum), x), pick([0]));
  },
  "a sum over a fourth axis": (b, input) => b.sum(input("x", [...shape.slice(0, 1), constant(5), ...shape.slice(1)]), [1]),
  "a contraction of rows with columns": (b, input) =>
    b.dot(input("x", [batch("n"), constant(5)]), input("y", [batch("m"), constant(2), constant(5)]), [[1, 2]]),
  "another transpose": (b, input) => b.transpose(input("x", [batch("m"), constant(2), batch("n")]), [2, 0, 1]),
};

for (const [name, make] of Object.entries(under))
  test.each(perms)(`${name}, permuted by %i %i %i`, (...perm) => {
    const b = new GraphBuilder({ file: "test.sig", start: 0, end: 0 });
    const inputs = new Map<string, Value>();
    const value = make(b, (input, axes) => {
      inputs.set(
        input,
        drawn(
          ...axes.map((size) => extents[shape.findIndex((known) => known === size || JSON.stringify(known) === JSON.stringify(size))] ?? 5),
        ),
      );
      return b.emit("input", [], { name: input, role: "data", type: { dtype: "f64", shape: axes } });
    });
    const graph = b.finish([{ name: "r", value: b.transpose(value, perm) }]);
    const pushed = transposesToLeaves.run(graph).graph;
    expectAllClose(evaluateGraph(pushed, inputs, dims), evaluateGraph(graph, inputs, dims), 1e-14);
  });

test("the transposes did move", () => {
  const b = new GraphBuilder({ file: "test.sig", start: 0, end: 0 });
  const x = b.emit("input", [], { name: "x", role: "data", type: { dtype: "f64", shape: shape.slice(0, 1) } });
  const graph = b.finish([{ name: "r", value: b.transpose(b.broadcast(x, shape, [0]), [1, 2, 0]) }]);
  expect(transposesToLeaves.run(graph).graph.nodes.map((node) => ("op" in node ? node.op : "tile"))).not.toContain("transpose");
});
