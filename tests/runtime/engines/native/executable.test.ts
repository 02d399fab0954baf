/** What a run promises whoever calls it: nothing is read or written outside, nothing is lost, and it can be ended. */
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { type Dims, planWith } from "../../../../compiler/bind.js";
import type { Graph } from "../../../../compiler/graph/graph.js";
import { parseGraph } from "../../../../compiler/graph/parse.js";
import type { Plan } from "../../../../compiler/plan/plan.js";
import { type HostArray, hostArray, values } from "../../../../runtime/data/host-array.js";
import type { Executable } from "../../../../runtime/engine.js";
import { createNativeEngine } from "../../../../runtime/engines/native/engine.js";
import { NativeExecutable } from "../../../../runtime/engines/native/executable.js";
import { checkGuards, fillGuards } from "../../../../runtime/engines/native/guards.js";
import type { Library } from "../../../../runtime/engines/native/library.js";
import { NativeMemory } from "../../../../runtime/engines/native/memory.js";
import { missing, templateFor } from "../../../conformance/subjects.js";

const reason = missing.find(({ name }) => name === "native")?.reason ?? null;
const floats = (shape: readonly number[], at: (k: number) => number): HostArray =>
  hostArray(
    "f32",
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => at(k)),
  );
const given = (record: Readonly<Record<string, HostArray>>): ReadonlyMap<string, HostArray> => new Map(Object.entries(record));

type Loaded = { readonly executable: Executable; readonly planFor: (dims: Dims) => Plan };

async function load(graph: Graph): Promise<Loaded> {
  const engine = await createNativeEngine({ guardBytes: 64 });
  const template = templateFor(graph, engine.target("f32"));
  return { executable: await engine.load(template), planFor: (dims) => planWith(template, dims, []) };
}

/** rows = Σ x along rows of what `ids` picks; doubled = 2 x. */
const picked = parseGraph(`%0 = input "x" : f32[n, 5]
%1 = input "ids" : i32[m]
%2 = gather %0, %1 {axis = 0} : f32[m, 5]
%3 = sum %2 {axes = [1]} : f32[m]
%4 = add %0, %0 : f32[n, 5]
output "rows" = %3
output "doubled" = %4
`);
const product = parseGraph(`%0 = input "x" : f32[n, 768]
%1 = input "y" : f32[n, 768]
%2 = dot %0, %1 {contract = [[1, 1]]} : f32[n, n]
%3 = max %2 {axes = [1]} : f32[n]
output "best" = %3
`);

describe.skipIf(reason !== null)("a run of the native engine", () => {
  test("refuses inputs that are not what the plan says: no byte past their end is read", async () => {
    const { executable, planFor } = await load(picked);
    const plan = planFor({ n: 4, m: 3 });
    const x = floats([4, 5], (k) => k);
    const ids = hostArray("i32", [3], Int32Array.of(0, 3, 1));
    const lies = (value: object): HostArray => ({ ...x, ...value }) as HostArray;
    const moved = new Float32Array(20);
    structuredClone(moved, { transfer: [moved.buffer] });
    const wrong: readonly (readonly [string, Readonly<Record<string, HostArray>>, RegExp])[] = [
      ["no x", { ids }, /no value is given for input x/],
      ["too few rows", { x: floats([3, 5], (k) => k), ids }, /input x is \[3, 5\], not \[4, 5\]/],
      ["another rank with as many elements", { x: floats([20], (k) => k), ids }, /input x is \[20\], not \[4, 5\]/],
      ["a shape that its data does not fill", { x: lies({ data: new Float32Array(3) }), ids }, /takes 80 bytes, not 12/],
      ["wider elements than it says", { x: lies({ data: new Float64Array(20) }), ids }, /takes 80 bytes, not 160/],
      ["an array that was given away", { x: lies({ data: moved }), ids }, /takes 80 bytes, not 0/],
      ["floats for indices", { x, ids: floats([3], (k) => k) }, /input ids is f32, not i32/],
    ];
    for (const [what, inputs, message] of wrong)
      await expect(executable.run(plan, { inputs: given(inputs) }), what).rejects.toThrow(message);
    const { outputs } = await executable.run(plan, { inputs: given({ x, ids }) });
    expect([...values(outputs.get("rows") ?? x)]).toEqual([10, 85, 35]);
    executable.dispose();
  });

  test("refuses a plan whose windows leave their buffers: C trusts the words that are made of it", async () => {
    const { executable, planFor } = await load(picked);
    const plan = planFor({ n: 4, m: 3 });
    const inputs = given({ x: floats([4, 5], (k) => k), ids: hostArray("i32", [3], Int32Array.of(0, 3, 1)) });
    const shorter = plan.buffers.map((buffer) => (buffer.role === "given" ? buffer : { ...buffer, bytes: buffer.bytes - 4 }));
    const unknown = plan.statements.map((statement) => (statement.kind === "call" ? { ...statement, kernel: 99 } : statement));
    for (const bad of [{ buffers: shorter }, { statements: unknown }, { arenaBytes: 4 }])
      await expect(executable.run({ ...plan, ...bad }, { inputs }), Object.keys(bad).join()).rejects.toThrow(/bad plan/);
    executable.dispose();
  });

  test("takes indices from anywhere: those out of range read 0", async () => {
    const { executable, planFor } = await load(picked);
    const ids = hostArray("i32", [4], Int32Array.of(-1, 2, 4, -(2 ** 31)));
    const { outputs } = await executable.run(planFor({ n: 4, m: 4 }), { inputs: given({ x: floats([4, 5], () => 1), ids }) });
    expect([...(outputs.get("rows")?.data ?? [])]).toEqual([0, 5, 0, 0]);
    executable.dispose();
  });

  test("changes its size from run to run, up and down, with the same results", async () => {
    const { executable, planFor } = await load(picked);
    for (const n of [1, 100_000, 7, 100_001, 0, 3]) {
      const x = floats([n, 5], (k) => k % 1000);
      const ids = hostArray("i32", [1], Int32Array.of(n - 1));
      const { outputs, stats } = await executable.run(planFor({ n, m: 1 }), { inputs: given({ x, ids }) });
      expect(outputs.get("doubled")?.data).toEqual((x.data as Float32Array).map((v) => 2 * v));
      expect(stats.measuredPeakBytes).toBe(planFor({ n, m: 1 }).peakBytes);
    }
    executable.dispose();
  });

  test("is over once the executable is", async () => {
    const { executable, planFor } = await load(picked);
    executable.dispose();
    executable.dispose();
    await expect(executable.run(planFor({ n: 1, m: 1 }), { inputs: new Map() })).rejects.toThrow("the executable is closed");
  });

  test("leaves results that can be read when the executable is gone and its memory collected", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { executable, planFor } = await load(picked);
    const [n, ids] = [400_000, hostArray("i32", [1], Int32Array.of(0))];
    const { outputs } = await executable.run(planFor({ n, m: 1 }), { inputs: given({ x: floats([n, 5], (k) => k), ids }) });
    executable.dispose();
    for (let k = 0; k < 3; k++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const doubled = outputs.get("doubled")?.data ?? [];
    expect(doubled.length).toBe(5 * n);
    expect([doubled[0], doubled[1], doubled[5 * n - 1]]).toEqual([0, 2, 2 * (5 * n - 1)]);
  });

  test("carries a state to the bits that handing it back and forth gives", async () => {
    const graph = parseGraph(`%0 = input "w" : f32[n]
%1 = input "x" : f32[n]
%2 = mul %0, %1 : f32[n]
%3 = sin %2 : f32[n]
%4 = add %0, %3 : f32[n]
%5 = sum %4 {axes = [0]} : f32[]
output "next" = %4
output "loss" = %5
`);
    const { executable, planFor } = await load(graph);
    const plan = planFor({ n: 300 });
    const x = (step: number): HostArray => floats([300], (k) => Math.sin(k + step));
    const start = floats([300], (k) => Math.cos(k));
    let byHand = start;
    const losses: number[] = [];
    for (let step = 0; step < 7; step++) {
      const { outputs } = await executable.run(plan, { inputs: given({ w: byHand, x: x(step) }) });
      byHand = outputs.get("next") ?? expect.fail("no next");
      losses.push(outputs.get("loss")?.data[0] ?? Number.NaN);
    }
    await expect(executable.read("w")).rejects.toThrow("no run has carried w");
    const carry = new Map([["next", "w"]]);
    for (let step = 0; step < 7; step++) {
      const { outputs } = await executable.run(plan, { inputs: given(step === 0 ? { w: start, x: x(0) } : { x: x(step) }), carry });
      expect([...outputs.keys()]).toEqual(["loss"]);
      expect(outputs.get("loss")?.data[0]).toBe(losses[step]);
    }
    const read = await executable.read("w");
    expect(read.data).toEqual(byHand.data);
    // What was read is a copy.
    read.data.fill(0);
    expect((await executable.read("w")).data).toEqual(byHand.data);
    executable.dispose();
  });

  /** About a second on two cores, many times what the tests below leave it. */
  const large = 12_288;
  const largeInputs = given({ x: floats([large, 768], (k) => (k % 7) - 3), y: floats([large, 768], (k) => (k % 5) - 2) });
  const smallInputs = given({ x: floats([64, 768], (k) => (k % 7) - 3), y: floats([64, 768], (k) => (k % 5) - 2) });

  test("ends within a second of its signal while timers tick, and the next run is whole", { timeout: 60_000 }, async () => {
    const { executable, planFor } = await load(product);
    const before = await executable.run(planFor({ n: 64 }), { inputs: smallInputs });
    const controller = new AbortController();
    let [ticks, aborted] = [0, 0];
    const timer = setInterval(() => {
      if (++ticks < 5) return;
      aborted ||= performance.now();
      controller.abort(new Error("enough"));
    }, 10);
    const running = executable.run(planFor({ n: large }), { inputs: largeInputs, signal: controller.signal });
    await expect(executable.run(planFor({ n: 64 }), { inputs: smallInputs })).rejects.toThrow("a run has not ended yet");
    expect(() => executable.dispose()).toThrow("a run has not ended yet");
    await expect(running).rejects.toThrow("enough");
    clearInterval(timer);
    expect(performance.now() - aborted).toBeLessThan(1000);
    const after = await executable.run(planFor({ n: 64 }), { inputs: smallInputs });
    expect(after.outputs.get("best")).toEqual(before.outputs.get("best"));
    executable.dispose();
  });

  test("gives no result where the library ended it and no signal did", async () => {
    const engine = await createNativeEngine();
    const template = templateFor(product, engine.target("f32"));
    const memory = new ArrayBuffer(2 ** 20);
    const library: Library = {
      open: () => 1n,
      close: () => undefined,
      cancel: () => undefined,
      run: { call: () => 1, callAsync: async () => 1 },
      takeMemory: () => 64n,
      freeMemory: () => undefined,
      viewOf: () => memory,
      addressOf: () => 64n,
    };
    const executable = new NativeExecutable(template, library, 1);
    const x = floats([4, 768], () => 1);
    await expect(executable.run(planWith(template, { n: 4 }, []), { inputs: given({ x, y: x }) })).rejects.toThrow("no signal");
  });

  test("ends where the signal came before a thread had begun it, and not where it comes after the end", async () => {
    const { executable, planFor } = await load(product);
    const early = new AbortController();
    const running = executable.run(planFor({ n: large }), { inputs: largeInputs, signal: early.signal });
    const started = performance.now();
    early.abort(new Error("at once"));
    await expect(running).rejects.toThrow("at once");
    expect(performance.now() - started).toBeLessThan(1000);
    await expect(executable.run(planFor({ n: 64 }), { inputs: smallInputs, signal: early.signal })).rejects.toThrow("at once");

    const late = new AbortController();
    const { outputs } = await executable.run(planFor({ n: 1000 }), {
      inputs: given({ x: floats([1000, 768], (k) => (k % 7) - 3), y: floats([1000, 768], (k) => (k % 5) - 2) }),
      signal: late.signal,
    });
    late.abort();
    expect(outputs.get("best")?.data.every(Number.isFinite)).toBe(true);
    executable.dispose();
  });
});

describe("guard words", () => {
  const buffer = (id: number, name: string, offset: number): Plan["buffers"][number] => ({
    id,
    name,
    role: "temporary",
    dtype: "f32",
    shape: [10],
    bytes: 40,
    size: [],
    degree: 0,
    from: 0,
    to: 1,
    offset,
    span: { file: "t.sig", start: 0, end: 0 },
  });
  const plan = { buffers: [buffer(0, "a", 0), buffer(1, "b", 128)], arenaBytes: 256 } as unknown as Plan;

  test.each([
    ["just past a buffer's end", 40, "a"],
    ["in the middle of a gap", 100, "a"],
    ["the last byte of all", 255, "b"],
  ])("see a write %s", (_, at, owner) => {
    const bytes = new Uint8Array(256);
    const arena = { bytesAt: (offset: number, length: number) => bytes.subarray(offset, offset + length) };
    fillGuards(plan, arena);
    bytes.fill(1, 0, 40).fill(1, 128, 168);
    expect(() => checkGuards(plan, arena)).not.toThrow();
    bytes[at] = 0;
    expect(() => checkGuards(plan, arena)).toThrow(new RegExp(`byte ${at} .* ${owner}#`));
  });
});

describe.skipIf(reason !== null)("more than an ArrayBuffer holds", () => {
  const library = (taken: number[]): Library => ({
    open: () => 1n,
    close: () => undefined,
    cancel: () => undefined,
    run: { call: () => 0, callAsync: async () => 0 },
    takeMemory: (bytes) => {
      taken.push(bytes);
      return 4096n;
    },
    freeMemory: () => undefined,
    viewOf: (_, bytes) => new ArrayBuffer(bytes),
    addressOf: () => 64n,
  });

  test("is an arena, of which parts are seen", () => {
    const seen: (readonly [bigint, number])[] = [];
    const arena = new NativeMemory({ ...library([]), viewOf: (at, bytes) => (seen.push([at, bytes]), new ArrayBuffer(bytes)) }, 2 ** 33);
    const view = arena.view(2 ** 32 + 64, 40);
    expect(view.byteLength).toBe(40);
    expect(arena.view(2 ** 32 + 64, 40)).toBe(view);
    expect(arena.view(8, 0).byteLength).toBe(0);
    expect(seen).toEqual([[4096n + 2n ** 32n + 64n, 40]]);
    expect(() => arena.view(2 ** 33 - 8, 16)).toThrow(/no 16 bytes/);
  });

  test("is no result: it is refused before memory is taken", async () => {
    const engine = await createNativeEngine();
    const graph = parseGraph(`%0 = input "x" : f32[n, 1]
%1 = dot %0, %0 {contract = [[1, 1]]} : f32[n, n]
output "z" = %1
`);
    const template = templateFor(graph, engine.target("f32"));
    const taken: number[] = [];
    const executable = new NativeExecutable(template, library(taken), 1);
    const x = floats([40_000, 1], () => 1);
    await expect(executable.run(planWith(template, { n: 40_000 }, []), { inputs: given({ x }) })).rejects.toThrow(/6400000000 bytes/);
    expect(taken).toEqual([]);
  });
});

if (reason !== null) test("native is not here", ({ skip }) => skip(reason));
