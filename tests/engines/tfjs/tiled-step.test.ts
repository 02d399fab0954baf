import { afterAll, describe, expect, test } from "vitest";
import { type HostArray, hostArray } from "../../../runtime/data/host-array.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { createTfjsEngine } from "../../../runtime/engines/tfjs/engine.js";
import { type BackendName, loadBackend } from "../../../runtime/engines/tfjs/load-backend.js";
import { expectClose, type Numbers } from "../../support/close.js";
import { opPlan, templateOf } from "../../support/op-plan.js";
import { randomFrom } from "../../support/random.js";
import { tiledSiglip } from "../../support/tiled-siglip.js";

const engines = await Promise.all(
  (["wasm", "cpu"] as const).map(async (name: BackendName) => {
    const loaded = await loadBackend(name);
    return { name, tf: loaded.tf, engine: createTfjsEngine(loaded.tf, { name: `tfjs:${name}`, ...loaded }) };
  }),
);

afterAll(() => {
  for (const { engine } of engines) engine.dispose();
});

/** Unit rows, as f32: both sides then compute from the same numbers. */
function embeddings(rows: number, width: number, seed: number): HostArray<"f32"> {
  const random = randomFrom(seed);
  const data = Float32Array.from({ length: rows * width }, random.normal);
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * width, (r + 1) * width);
    const norm = Math.hypot(...row);
    row.forEach((x, k) => {
      row[k] = x / norm;
    });
  }
  return hostArray("f32", [rows, width], data);
}

const number = (x: number): HostArray<"f32"> => hostArray("f32", [], Float32Array.of(x));
const widened = (array: HostArray): Value => ({ shape: array.shape, data: Float64Array.from(array.data) });

function step(n: number, m: number, width: number): ReadonlyMap<string, HostArray> {
  return new Map<string, HostArray>([
    ["X", embeddings(n, width, 1)],
    ["Y", embeddings(m, width, 2)],
    ["t_prime", number(Math.log(10))],
    ["bias", number(-10)],
  ]);
}

describe.each(engines)("one sweep of the sigmoid loss on tfjs:$name", ({ engine, tf }) => {
  test.each([
    { n: 1, m: 1, width: 3, blocks: {} },
    { n: 67, m: 41, width: 5, blocks: { i: 16, j: 9 } },
    { n: 33, m: 33, width: 7, blocks: { i: 33, j: 10 } },
    { n: 257, m: 257, width: 48, blocks: { i: 96, j: 64 } },
  ])("n = $n, m = $m in blocks $blocks: right, and every byte as planned", async ({ n, m, width, blocks }) => {
    const graph = tiledSiglip(width);
    const inputs = step(n, m, width);
    const target = engine.target("f32");
    const plan = opPlan(graph, { n, m }, blocks, target);
    const executable = await engine.load(templateOf(graph, target));
    const before = tf.memory();
    let statements = 0;
    const { outputs, stats } = await executable.run(plan, {
      inputs,
      audit: ({ statement, plannedBytes, actualBytes }) => {
        statements++;
        if (plannedBytes !== actualBytes) expect.fail(`statement ${statement}: ${actualBytes} bytes, planned ${plannedBytes}`);
      },
    });
    expect(statements).toBeGreaterThan(0);
    expect(stats.measuredPeakBytes).toBe(plan.peakBytes);
    const after = tf.memory();
    expect([after.numTensors, after.numBytes]).toEqual([before.numTensors, before.numBytes]);
    const expected = evaluateGraph(graph, new Map([...inputs].map(([name, array]) => [name, widened(array)])), { n, m }, { blocks });
    for (const [name, value] of expected) expectClose(name, outputs.get(name) as Numbers, value, 1e-5);
    executable.dispose();
  });
});
