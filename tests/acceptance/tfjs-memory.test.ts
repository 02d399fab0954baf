/** The plan is true at full size: at every executed statement TensorFlow.js holds exactly the planned bytes. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bind } from "../../compiler/bind.js";
import { convert, type HostArray, hostArray } from "../../runtime/data/host-array.js";
import { createTfjsEngine } from "../../runtime/engines/tfjs/engine.js";
import { loadBackend } from "../../runtime/engines/tfjs/load-backend.js";
import { compileText } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";

const siglip = readFileSync(new URL("../../pipelines/siglip.sig", import.meta.url), "utf8");

test("SigLIP with gradients, n = 4096, d = 768: tf.memory() equals the plan at every statement, and nothing is left behind", {
  timeout: 300_000,
}, async () => {
  const { tf, ...loaded } = await loadBackend("wasm");
  const engine = createTfjsEngine(tf, { name: "tfjs:wasm", ...loaded });
  const n = 4096;
  const width = 768;
  const { template } = compileText(siglip, { target: engine.target("f32") });
  const { plan } = bind(template, { n });
  if (plan === null) throw new Error("the step does not fit");
  expect(Math.max(...plan.buffers.map((buffer) => buffer.degree))).toBeLessThan(2);
  expect(plan.peakBytes).toBeLessThan(2 * n * n * 4);

  const random = randomFrom(4096);
  const matrix = (): HostArray =>
    hostArray(
      "f32",
      [n, width],
      Float32Array.from({ length: n * width }, () => random.uniform() - 0.5),
    );
  const number = (value: number): HostArray => convert(hostArray("f64", [], Float64Array.of(value)), "f32");
  const inputs = new Map([
    ["image", matrix()],
    ["text", matrix()],
    ["t_prime", number(Math.log(10))],
    ["bias", number(-10)],
  ]);

  const before = tf.memory().numTensors;
  const executable = await engine.load(template);
  let statements = 0;
  const apart: string[] = [];
  const { outputs, stats } = await executable.run(plan, {
    inputs,
    audit: ({ statement, plannedBytes, actualBytes }) => {
      statements++;
      if (plannedBytes !== actualBytes && apart.length < 5)
        apart.push(`statement ${statement}: planned ${plannedBytes}, held ${actualBytes}`);
    },
  });
  executable.dispose();
  expect(apart).toEqual([]);
  expect(statements).toBeGreaterThan(100);
  expect(stats.measuredPeakBytes).toBe(plan.peakBytes);
  expect(tf.memory().numTensors).toBe(before);
  expect(outputs.get("loss")?.data[0]).toBeCloseTo(10.2, 0);
});
