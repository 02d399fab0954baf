/** A long run leaks nothing: two hundred whole training steps on tfjs, optimiser included, leave the tensor count where it was. */
import { expect, test } from "vitest";
import { bind } from "../../compiler/bind.js";
import { compileProgram } from "../../compiler/compile.js";
import { isTile, type Node } from "../../compiler/graph/graph.js";
import { evaluateSize } from "../../compiler/graph/size.js";
import { buildTrainStep, stepInputs, type TrainStep, trainedPaths } from "../../compiler/train-step/train-step.js";
import { type HostArray, hostArray } from "../../runtime/data/host-array.js";
import { createTfjsEngine } from "../../runtime/engines/tfjs/engine.js";
import { loadBackend } from "../../runtime/engines/tfjs/load-backend.js";
import { lowerText } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";
import { trainedTowers } from "../support/trained-towers.js";

const steps = 200;
const towers = trainedTowers(["optimizer adamw(lr: 1e-2)", "clip 1", `steps ${steps}`]);
const dims = { n: 9 };

const number = (value: number): HostArray => hostArray("f32", [], Float32Array.of(value));
const scalars = (k: number): Readonly<Record<string, HostArray>> => ({
  [stepInputs.step]: number(k + 1),
  [stepInputs.schedule]: number(1),
});

test.each(["wasm", "cpu"] as const)("%s", async (backend) => {
  const { tf, ...loaded } = await loadBackend(backend);
  const engine = createTfjsEngine(tf, { name: `tfjs:${backend}`, ...loaded });
  const program = lowerText(towers);
  let step: TrainStep | null = null;
  const update: NonNullable<Parameters<typeof compileProgram>[1]["update"]> = (differentiated) =>
    (step = buildTrainStep(program, differentiated)).graph;
  const { template } = compileProgram(program, { target: engine.target("f32"), gradients: trainedPaths(program), update });
  const { carry } = step as unknown as TrainStep;
  if (template === null) throw new Error("the towers do not compile");
  const { plan } = bind(template, dims);
  if (plan === null) throw new Error("the towers do not fit");

  const random = randomFrom(200);
  const inputs = template.graph.nodes.filter((node): node is Node<"input"> => !isTile(node) && node.op === "input");
  const first = new Map(
    inputs.map(({ attrs: { name, role }, type: { shape } }): [string, HostArray] => {
      const extents = shape.map((size) => evaluateSize(size, dims));
      const length = extents.reduce((a, b) => a * b, 1);
      return [
        name,
        hostArray(
          "f32",
          extents,
          Float32Array.from({ length }, () => (role === "state" ? 0 : random.normal() / 4)),
        ),
      ];
    }),
  );
  const carried = new Set(carry.values());
  const at = (k: number): ReadonlyMap<string, HostArray> =>
    new Map([...first].filter(([name]) => k === 0 || !carried.has(name)).map(([name, value]) => [name, scalars(k)[name] ?? value]));

  const before = tf.memory().numTensors;
  const executable = await engine.load(template);
  const losses: number[] = [];
  let settled = Number.NaN;
  for (let k = 0; k < steps; k++) {
    const { outputs } = await executable.run(plan, { inputs: at(k), carry });
    losses.push(outputs.get("loss")?.data[0] ?? Number.NaN);
    if (k === 0) settled = tf.memory().numTensors;
  }
  expect(tf.memory().numTensors).toBe(settled);
  expect(settled - before).toBe(carry.size);
  executable.dispose();
  expect(tf.memory().numTensors).toBe(before);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
});
