/** Past 4 GiB the wasm backend corrupts data without a word, so that what an op takes while it runs has a bound, held here. */
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph, Id } from "../../../compiler/graph/graph.js";
import type { OpName } from "../../../compiler/graph/op-table.js";
import { batch, constant } from "../../../compiler/graph/size.js";
import type { DType } from "../../../compiler/graph/type.js";
import { hostArray, zeros } from "../../../runtime/data/host-array.js";
import { createTfjsEngine } from "../../../runtime/engines/tfjs/engine.js";
import { loadBackend } from "../../../runtime/engines/tfjs/load-backend.js";
import { opMemory } from "../../../runtime/engines/tfjs/op-memory.js";
import { opPlan, templateOf } from "../../support/op-plan.js";
import { makers } from "../../support/every-op.js";

const loaded = await loadBackend("wasm");
const { tf } = loaded;
const engine = createTfjsEngine(tf, { name: "tfjs:wasm", ...loaded });
const target = engine.target("f32");

/** The highest count of bytes since the last reset, between statements too: the backend's own counter, watched. */
const watched = (() => {
  const { state } = tf.engine() as unknown as { state: { numBytes: number } };
  let [now, most] = [state.numBytes, 0];
  Object.defineProperty(state, "numBytes", {
    get: () => now,
    set: (bytes: number) => {
      now = bytes;
      most = Math.max(most, bytes);
    },
  });
  return { reset: () => (most = now), most: () => most, now: () => now };
})();

// Odd, and large beside every constant.
const [rows, columns] = [263, 131];
const composites = new Set([
  "conv2d",
  "log_sigmoid",
  "gelu",
  "softmax",
  "l2_normalize",
  "layer_norm",
  "in_top_k",
  "stop_gradient",
  "input",
]);

function graphOf(op: keyof typeof makers): Graph {
  const b = new GraphBuilder({ file: "op.sig", start: 0, end: 0 });
  const [n, k] = [batch("n"), constant(5)];
  const input = (name: string, dtype: DType, wide: boolean): Id =>
    b.emit("input", [], { name, role: "data", type: { dtype, shape: wide ? [n, k] : [n] } });
  const given = {
    x: input("x", "f32", true),
    y: input("y", "f32", true),
    i: input("i", "i32", false),
    p: input("p", "bool", true),
    q: input("q", "bool", true),
  };
  return b.finish([{ name: "result", value: makers[op](b, given) }]);
}

/** A column and a row meet: every operand has to be stretched. */
function stretched(op: OpName, dtypes: readonly DType[]): Graph {
  const b = new GraphBuilder({ file: "op.sig", start: 0, end: 0 });
  const shape = [constant(rows), constant(columns)];
  const ids = dtypes.map((dtype, k) =>
    b.broadcast(b.emit("input", [], { name: `x${k}`, role: "data", type: { dtype, shape: [shape[k % 2] ?? []] } }), shape, [k % 2]),
  );
  return b.finish([{ name: "result", value: b.emit(op, ids, {} as never) }]);
}

async function expectBounded(graph: Graph): Promise<void> {
  const plan = opPlan(graph, { n: rows }, {}, target);
  const executable = await engine.load(templateOf(graph, target));
  const inputs = new Map(
    plan.inputs.map(({ name, buffer }) => {
      const { dtype, shape } = plan.buffers[buffer] ?? { dtype: "f32", shape: [] };
      // Ones, since an integer may be divided by.
      const ones = Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1);
      return [name, dtype === "i32" ? hostArray("i32", shape, ones) : zeros(dtype, shape)];
    }),
  );
  const before = watched.now();
  watched.reset();
  await executable.run(plan, { inputs });
  const small = 4096;
  expect(watched.most() - before).toBeLessThanOrEqual(plan.peakBytes + opMemory(plan) + small);
}

describe("no op takes more than planned for it while it runs", () => {
  for (const op of Object.keys(makers) as (keyof typeof makers)[]) if (!composites.has(op)) test(op, () => expectBounded(graphOf(op)));

  for (const op of ["add", "mul", "mod", "maximum", "eq", "lt"] as const)
    for (const dtype of ["f32", "i32"] as const)
      test(`${op} of a column and a row of ${dtype}`, () => expectBounded(stretched(op, [dtype, dtype])));
  test("select by a column of a row and a column", () => expectBounded(stretched("select", ["bool", "f32", "f32"])));
  test("or of a column and a row", () => expectBounded(stretched("or", ["bool", "bool"])));
});

test("a plan that fits, but not with what its ops take meanwhile, is refused before anything is allocated", async () => {
  const b = new GraphBuilder({ file: "op.sig", start: 0, end: 0 });
  const shape = [constant(2 ** 27)];
  const x = b.emit("input", [], { name: "x", role: "data", type: { dtype: "f32", shape: [] } });
  const graph = b.finish([
    {
      name: "y",
      value: b.exp(
        b.exp(b.add(b.broadcast(x, shape, []), b.emit("cast", [b.emit("iota", [], { size: shape[0] ?? [] })], { dtype: "f32" }))),
      ),
    },
  ]);
  const plan = opPlan(graph, {}, {}, target);
  expect(plan.peakBytes).toBeLessThan(target.maxBytes ?? 0);
  const executable = await engine.load(templateOf(graph, target));
  watched.reset();
  const before = watched.now();
  await expect(executable.run(plan, { inputs: new Map([["x", hostArray("f32", [], Float32Array.of(1))]]) })).rejects.toThrow(
    expect.objectContaining({ code: "SIG6402" }),
  );
  expect(watched.most()).toBe(before);
});
