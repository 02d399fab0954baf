import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph } from "../../../compiler/graph/graph.js";
import { batch } from "../../../compiler/graph/size.js";
import { scalar, type Type } from "../../../compiler/graph/type.js";
import { type HostArray, hostArray } from "../../../runtime/data/host-array.js";
import { createTfjsEngine } from "../../../runtime/engines/tfjs/engine.js";
import { explainedLoad, loadBackend } from "../../../runtime/engines/tfjs/load-backend.js";
import { UserError } from "../../../runtime/user-error.js";
import { opPlan, templateOf } from "../../support/op-plan.js";

const loaded = await loadBackend("wasm");
const { tf } = loaded;
const engine = createTfjsEngine(tf, { name: "tfjs:wasm", ...loaded });
const target = engine.target("f32");

const span = { file: "test.sig", start: 0, end: 0 };
const n = batch("n");
const f32 = (...shape: Type["shape"]): Type => ({ dtype: "f32", shape });
const floats = (shape: readonly number[], ...data: number[]): HostArray => hostArray("f32", shape, Float32Array.from(data));

/** w, v, x → loss = Σ w·x, w2 = w − x / 8, v2 = v. */
function step(): Graph {
  const b = new GraphBuilder(span);
  const [w, v, x] = ["w", "v", "x"].map((name) => b.emit("input", [], { name, role: "param", type: f32(n) }));
  if (w === undefined || v === undefined || x === undefined) throw new Error("no inputs");
  const loss = b.sum(b.mul(w, x), [0]);
  const next = b.sub(w, b.mul(x, b.constLike(0.125, x)));
  return b.finish([
    { name: "loss", value: loss },
    { name: "w2", value: next },
    { name: "v2", value: v },
    { name: "again", value: next },
  ]);
}

const carry = new Map([
  ["w2", "w"],
  ["v2", "v"],
]);
const dataOf = (array: HostArray | undefined): readonly number[] => Array.from(array?.data ?? []);

describe("carried state", () => {
  test("stays in the engine for 200 steps, and leaves no tensor behind", async () => {
    const executable = await engine.load(templateOf(step(), target));
    const plan = opPlan(step(), { n: 3 }, {}, target);
    const outside = tf.memory().numTensors;
    const x = floats([3], 1, 2, 4);
    const first = await executable.run(plan, {
      inputs: new Map([
        ["w", floats([3], 100, 100, 100)],
        ["v", floats([3], 7, 8, 9)],
        ["x", x],
      ]),
      carry,
    });
    expect(dataOf(first.outputs.get("loss"))).toEqual([700]);
    expect([...first.outputs.keys()]).toEqual(["loss", "again"]);
    const inside = tf.memory();
    for (let k = 1; k < 200; k++) {
      const wrong: number[] = [];
      const { stats } = await executable.run(plan, {
        inputs: new Map([["x", x]]),
        carry,
        audit: ({ plannedBytes, actualBytes, statement }) => plannedBytes !== actualBytes && wrong.push(statement),
      });
      expect(wrong).toEqual([]);
      expect(stats.measuredPeakBytes).toBe(plan.peakBytes);
    }
    expect(tf.memory()).toEqual(inside);
    expect(dataOf(await executable.read("w"))).toEqual([100 - 25, 100 - 50, 100 - 100]);
    expect(dataOf(await executable.read("v"))).toEqual([7, 8, 9]);
    executable.dispose();
    expect(tf.memory().numTensors).toBe(outside);
  });

  test("survives a run that fails, which leaves no tensor behind", async () => {
    const executable = await engine.load(templateOf(step(), target));
    const plan = opPlan(step(), { n: 3 }, {}, target);
    const given = new Map([
      ["w", floats([3], 1, 1, 1)],
      ["v", floats([3], 7, 8, 9)],
      ["x", floats([3], 8, 8, 8)],
    ]);
    await executable.run(plan, { inputs: given, carry });
    const inside = tf.memory();
    const broken = () => {
      throw new Error("in the middle");
    };
    await expect(executable.run(plan, { inputs: new Map([["x", floats([3], 8, 8, 8)]]), carry, audit: broken })).rejects.toThrow(
      "in the middle",
    );
    await expect(executable.run(plan, { inputs: new Map(), carry })).rejects.toThrow("input x is neither given nor carried");
    expect(tf.memory()).toEqual(inside);
    expect(dataOf(await executable.read("w"))).toEqual([0, 0, 0]);
    executable.dispose();
  });

  test("a new value for a carried input takes the place of the old one", async () => {
    const executable = await engine.load(templateOf(step(), target));
    const plan = opPlan(step(), { n: 1 }, {}, target);
    const run = (w: number) =>
      executable.run(plan, {
        inputs: new Map([
          ["w", floats([1], w)],
          ["v", floats([1], 0)],
          ["x", floats([1], 8)],
        ]),
        carry,
      });
    await run(1);
    const inside = tf.memory();
    await run(5);
    expect(tf.memory()).toEqual(inside);
    expect(dataOf(await executable.read("w"))).toEqual([4]);
    executable.dispose();
  });
});

describe("what it refuses, before anything is computed", () => {
  test("float64", () => {
    expect(() => engine.target("f64")).toThrow(expect.objectContaining({ code: "SIG6401", exit: 2 }));
  });

  test("a plan beyond the bytes at which wasm was seen to corrupt data", async () => {
    const b = new GraphBuilder(span);
    const x = b.emit("input", [], { name: "x", role: "data", type: scalar("f32") });
    const graph = b.finish([{ name: "big", value: b.broadcast(x, [n], []) }]);
    const executable = await engine.load(templateOf(graph, target));
    const before = tf.memory();
    const plan = opPlan(graph, { n: 2 ** 30 }, {}, target);
    expect(plan.peakBytes).toBeGreaterThan(2 ** 32);
    await expect(executable.run(plan, { inputs: new Map([["x", floats([], 1)]]) })).rejects.toThrow(
      expect.objectContaining({ code: "SIG6402", exit: 3 }),
    );
    expect(tf.memory()).toEqual(before);
  });

  test("unsigned numbers that its integers cannot hold", async () => {
    const b = new GraphBuilder(span);
    const graph = b.finish([{ name: "y", value: b.emit("input", [], { name: "x", role: "data", type: { dtype: "u32", shape: [n] } }) }]);
    const executable = await engine.load(templateOf(graph, target));
    const run = (value: number) =>
      executable.run(opPlan(graph, { n: 1 }, {}, target), { inputs: new Map([["x", hostArray("u32", [1], Uint32Array.of(value))]]) });
    await expect(run(3e9)).rejects.toThrow(expect.objectContaining({ code: "SIG6404" }));
    expect(dataOf((await run(2e9)).outputs.get("y"))).toEqual([2e9]);
  });

  test("a composite, which is the compiler's fault", async () => {
    const b = new GraphBuilder(span);
    const graph = b.finish([
      { name: "y", value: b.emit("softmax", [b.emit("input", [], { name: "x", role: "data", type: f32(n) })], { axis: 0 }) },
    ]);
    await expect(engine.load(templateOf(graph, target))).rejects.toThrow("softmax: it is decomposed before there is a plan");
  });
});

test("half floats go in and come out as what they are", async () => {
  const b = new GraphBuilder(span);
  const x = b.emit("input", [], { name: "x", role: "data", type: { dtype: "f16", shape: [n] } });
  const graph = b.finish([{ name: "y", value: b.add(x, x) }]);
  const executable = await engine.load(templateOf(graph, target));
  const { outputs } = await executable.run(opPlan(graph, { n: 2 }, {}, target), {
    inputs: new Map([["x", hostArray("f16", [2], Uint16Array.of(0x3c00, 0xc000))]]),
  });
  expect(outputs.get("y")).toEqual(hostArray("f16", [2], Uint16Array.of(0x4000, 0xc400)));
});

describe("a native package that does not load says why and what to do", () => {
  const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });
  test.each([
    { error: new Error("The Node.js native addon module (tfjs_binding.node) can not be found at path: /x"), code: "SIG6411" },
    { error: coded("ERR_DLOPEN_FAILED", "libtensorflow_cc.so.2: cannot open shared object file\nmore"), code: "SIG6412" },
    { error: coded("MODULE_NOT_FOUND", "Cannot find module '@mapbox/node-pre-gyp'"), code: "SIG6413" },
    { error: new TypeError("util_1.isNullOrUndefined is not a function"), code: "SIG6413" },
  ])("$code: $error.message", ({ error, code }) => {
    const explained = explainedLoad("@tensorflow/tfjs-node", error);
    expect(explained).toBeInstanceOf(UserError);
    expect([explained.code, explained.exit]).toEqual([code, 3]);
    expect(explained.help.join()).toContain("npm run build:tfjs-node");
    expect(explained.message).not.toContain("\n");
  });
});
