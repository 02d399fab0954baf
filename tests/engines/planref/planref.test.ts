import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import { decompose } from "../../../compiler/graph/decompose.js";
import type { Graph, Id } from "../../../compiler/graph/graph.js";
import { batch, constant, type Size, subtractSizes } from "../../../compiler/graph/size.js";
import type { DType } from "../../../compiler/graph/type.js";
import { dropStopGradient } from "../../../compiler/passes/drop-stop-gradient.js";
import { type HostArray, hostArray } from "../../../runtime/data/host-array.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { expectAllClose } from "../../support/close.js";
import { everyOp } from "../../support/every-op.js";
import type { Blocks } from "../../support/op-plan.js";
import { planOf, runPlan, templateOf } from "../../support/plan-graph.js";
import { randomFrom } from "../../support/random.js";
import { tiledSiglip } from "../../support/tiled-siglip.js";

const random = randomFrom(11);
const array = (shape: readonly number[], draw: () => number): Value => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw),
});
const reals = (...shape: number[]): Value => array(shape, random.normal);

async function expectSame(
  graph: Graph,
  inputs: ReadonlyMap<string, Value>,
  dims: Readonly<Record<string, number>>,
  blocks: Blocks = {},
): Promise<void> {
  const template = templateOf(graph);
  expectAllClose(await runPlan(template, planOf(template, dims, blocks), inputs), evaluateGraph(graph, inputs, dims, { blocks }), 1e-12);
}

/** A graph from its inputs (name → dtype and shape) to its outputs. */
function build(
  inputs: Readonly<Record<string, readonly [DType, ...Size[]]>>,
  make: (b: GraphBuilder, ids: Readonly<Record<string, Id>>) => Readonly<Record<string, Id>>,
): Graph {
  const b = new GraphBuilder({ file: "case.sig", start: 0, end: 0 });
  const ids = Object.fromEntries(
    Object.entries(inputs).map(([name, [dtype, ...shape]]) => [name, b.emit("input", [], { name, role: "data", type: { dtype, shape } })]),
  );
  return b.finish(Object.entries(make(b, ids)).map(([name, value]) => ({ name, value })));
}
const [n, m] = [batch("n"), batch("m")];

describe("every op equals the oracle", () => {
  const graph = dropStopGradient.run(decompose(everyOp())).graph;
  for (const size of [5, 1, 7])
    test(`at n = ${size}`, async () => {
      // reshape gives [5, n] and gather's index stays below 5; pow and log see positive and negative numbers.
      const bools = (): Value => array([size, 5], () => random.below(2));
      const inputs = new Map([
        ["x", reals(size, 5)],
        ["y", reals(size, 5)],
        ["i", array([size], () => random.below(5))],
        ["p", bools()],
        ["q", bools()],
      ]);
      await expectSame(graph, inputs, { n: size });
    });
  test("at infinities, NaN, ±0 and ±1e4", async () => {
    const extremes = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0, -0, 1e4, -1e4, 1, -1, 0.5];
    let at = 0;
    const inputs = new Map([
      ["x", array([20, 5], () => extremes[Math.floor(at++ / 10) % 10] ?? 0)],
      ["y", array([20, 5], () => extremes[at++ % 10] ?? 0)],
      ["i", array([20], () => random.below(5))],
      ["p", array([20, 5], () => 1)],
      ["q", array([20, 5], () => 0)],
    ]);
    await expectSame(graph, inputs, { n: 20 });
  });
});

describe("layouts are windows, not copies", () => {
  test("a slice of a transpose of a broadcast, read by a contraction, a reduction and a gather", async () => {
    const graph = build({ x: ["f32", n, constant(6)], w: ["f32", n], i: ["i32", m] }, (b, { x = -1, w = -1, i = -1 }) => {
      const turned = b.transpose(x, [1, 0]);
      const part = b.emit("slice", [turned], { axis: 0, start: constant(2), stop: constant(5) });
      const wide = b.broadcast(w, [constant(3), n], [1]);
      return {
        dot: b.dot(part, wide, [[1, 1]]),
        max: b.emit("max", [b.mul(part, wide)], { axes: [1] }),
        rows: b.emit("gather", [part, i], { axis: 1 }),
      };
    });
    await expectSame(
      graph,
      new Map([
        ["x", reals(7, 6)],
        ["w", reals(7)],
        ["i", array([4], () => random.below(9))],
      ]),
      { n: 7, m: 4 },
    );
  });
  test("slices with ends that grow with the batch", async () => {
    const graph = build({ x: ["f32", n, constant(2)] }, (b, { x = -1 }) => {
      const tail = b.emit("slice", [x], { axis: 0, start: constant(1), stop: n });
      const head = b.emit("slice", [x], { axis: 0, start: constant(0), stop: subtractSizes(n, constant(1)) });
      const steps = b.sub(tail, head);
      // Of one row there is no step: the sum is 0, the largest −∞.
      return {
        steps,
        sum: b.sum(steps, [0]),
        max: b.emit("max", [steps], { axes: [0] }),
        lse: b.emit("logsumexp", [steps], { axes: [0] }),
        dot: b.dot(tail, head, [[0, 0]]),
      };
    });
    for (const size of [9, 2, 1]) await expectSame(graph, new Map([["x", reals(size, 2)]]), { n: size });
  });
  test("reshapes: split, merged, of a transpose (a copy), of a reshape, of ones, as an output", async () => {
    const graph = build({ x: ["f32", n, constant(6)] }, (b, { x = -1 }) => {
      const split = b.reshape(x, [n, constant(2), constant(3)]);
      const turned = b.reshape(b.transpose(split, [0, 2, 1]), [n, constant(6)]);
      const flat = b.reshape(b.reshape(b.exp(x), [n, constant(3), constant(2)]), [constant(6), n]);
      const column = b.reshape(b.sum(x, [1]), [n, constant(1)]);
      return { split, turned: b.dot(turned, x, [[1, 1]]), flat, column: b.dot(column, column, [[1, 1]]), sum: b.sum(split, [1]) };
    });
    await expectSame(graph, new Map([["x", reals(5, 6)]]), { n: 5 });
  });
  test("an input, a constant and one value twice as outputs", async () => {
    const graph = build({ x: ["f32", n] }, (b, { x = -1 }) => {
      const y = b.exp(x);
      return {
        x,
        one: b.const(1),
        y,
        again: y,
        turned: b.transpose(b.broadcast(x, [n, constant(2)], [0]), [1, 0]),
        index: b.emit("iota", [], { size: n }),
      };
    });
    await expectSame(graph, new Map([["x", reals(3)]]), { n: 3 });
  });
  test("concat of computed pieces and pad on both sides", async () => {
    const graph = build({ x: ["f32", n, constant(3)] }, (b, { x = -1 }) => {
      const dot = b.dot(x, x, [[1, 1]]);
      return {
        joined: b.emit("concat", [b.exp(x), b.emit("tanh", [x], {}), b.constLike(2, x)], { axis: 1 }),
        padded: b.emit("pad", [b.neg(dot)], { axis: 0, low: constant(2), high: n }),
      };
    });
    await expectSame(graph, new Map([["x", reals(4, 3)]]), { n: 4 });
  });
});

test("integers wrap: sums, products, negation and casts at the ends of their range", async () => {
  const graph = build({ x: ["i32", n], f: ["f32", n] }, (b, { x = -1, f = -1 }) => ({
    sum: b.sum(x, [0]),
    product: b.mul(x, x),
    negative: b.neg(x),
    mod: b.emit("mod", [x, b.emit("cast", [f], { dtype: "i32" })], {}),
    unsigned: b.emit("cast", [x], { dtype: "u32" }),
    truncated: b.emit("cast", [f], { dtype: "u32" }),
    running: b.emit("cumsum", [x], { axis: 0, reverse: false }),
  }));
  const inputs = new Map([
    ["x", { shape: [5], data: Float64Array.of(2147483647, -2147483648, 1, -7, 65537) }],
    ["f", { shape: [5], data: Float64Array.of(3.7, -2.5, 1e20, -3, 5) }],
  ]);
  await expectSame(graph, inputs, { n: 5 });
});

test("two readers of one similarity that must not share its registers: l + lᵀ, and a softmax over it", async () => {
  const graph = build({ x: ["f32", n, constant(3)] }, (b, { x = -1 }) => {
    const l = b.dot(x, x, [[1, 1]]);
    const skew = b.softplus(b.add(l, b.emit("tanh", [b.transpose(b.mul(l, b.constLike(0.5, l)), [1, 0])], {})));
    const lse = b.emit("logsumexp", [skew], { axes: [1] });
    return { p: b.exp(b.sub(skew, b.broadcast(lse, [n, n], [0]))), lse };
  });
  await expectSame(graph, new Map([["x", reals(6, 3)]]), { n: 6 });
});

describe("the sigmoid loss in one sweep", () => {
  for (const [rows, columns, i, j] of [
    [257, 130, 96, 64],
    [13, 7, 5, 4],
    [1, 1, 1, 1],
    [8, 8, 8, 8],
  ] as const)
    test(`n = ${rows}, m = ${columns}, blocks ${i} × ${j}`, async () => {
      const inputs = new Map([
        ["X", reals(rows, 48)],
        ["Y", reals(columns, 48)],
        ["t_prime", reals()],
        ["bias", reals()],
      ]);
      await expectSame(tiledSiglip(48), inputs, { n: rows, m: columns }, { i, j });
    });
});

describe("a run", () => {
  const graph = build({ w: ["f32", n], g: ["f32", n], i: ["i32", n] }, (b, { w = -1, g = -1, i = -1 }) => ({
    "next.w": b.sub(w, g),
    kept: b.emit("gather", [g, i], { axis: 0 }),
  }));
  const f64 = (...x: number[]): HostArray => hostArray("f64", [x.length], Float64Array.from(x));
  const i32 = (...x: number[]): HostArray => hostArray("i32", [x.length], Int32Array.from(x));

  test("carries a result to an input of the next", async () => {
    const template = templateOf(graph);
    const plan = planOf(template, { n: 2 });
    const executable = await createPlanrefEngine().load(template);
    const carry = new Map([["next.w", "w"]]);
    const first = await executable.run(plan, {
      inputs: new Map([
        ["w", f64(10, 20)],
        ["g", f64(1, 2)],
        ["i", i32(0, 1)],
      ]),
      carry,
    });
    expect([...first.outputs.keys()]).toEqual(["kept"]);
    await executable.run(plan, {
      inputs: new Map([
        ["g", f64(1, 2)],
        ["i", i32(0, 1)],
      ]),
      carry,
    });
    expect(await executable.read("w")).toEqual(f64(8, 16));
    executable.dispose();
    await expect(executable.read("w")).rejects.toThrow("no run has carried w");
  });
  test("needs every input, in its shape and kind", async () => {
    const template = templateOf(graph);
    const executable = await createPlanrefEngine().load(template);
    const run = (w: HostArray | null, i: HostArray) =>
      executable.run(planOf(template, { n: 2 }), {
        inputs: new Map([...(w === null ? [] : [["w", w] as const]), ["g", f64(1, 2)], ["i", i]]),
      });
    await expect(run(null, i32(0, 1))).rejects.toThrow("no value is given for input w");
    await expect(run(f64(1, 2, 3), i32(0, 1))).rejects.toThrow("input w is [3], not [2]");
    await expect(run(f64(1, 2), f64(0, 1))).rejects.toThrow("input i is f64, not i32");
  });
  test("of a NaN that the program itself made is no breach", async () => {
    const nan = build({ x: ["f32", n] }, (b, { x = -1 }) => ({ y: b.exp(b.emit("sort", [b.log(x)], { axis: 0 })) }));
    await expectSame(nan, new Map([["x", { shape: [3], data: Float64Array.of(-1, 2, 1) }]]), { n: 3 });
  });
  test("in f32 stores every float in four bytes", async () => {
    const template = templateOf(graph, createPlanrefEngine().target("f32"));
    const executable = await createPlanrefEngine().load(template);
    const { outputs } = await executable.run(planOf(template, { n: 1 }), {
      inputs: new Map([
        ["w", f64(0.1)],
        ["g", f64(0)],
        ["i", i32(0)],
      ]),
    });
    expect(outputs.get("next.w")).toEqual(hostArray("f32", [1], Float32Array.of(0.1)));
  });
});
