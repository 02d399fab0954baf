/** Gradients held to the slope of the loss along one random direction. */
import { expect } from "vitest";
import type { Graph } from "../../compiler/graph/graph.js";
import { type Dims, evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../runtime/engines/reference/value.js";
import { randomFrom } from "./random.js";

export type Inputs = ReadonlyMap<string, Value>;

/** (f(x + h·v) − f(x − h·v)) / 2h, moving only the inputs that the direction names. */
export function directionalDifference(f: (inputs: Inputs) => number, at: Inputs, direction: Inputs, h = 1e-5): number {
  const moved = (by: number): Inputs =>
    new Map(
      [...at].map(([name, { shape, data }]) => [name, { shape, data: data.map((x, i) => x + by * (direction.get(name)?.data[i] ?? 0)) }]),
    );
  return (f(moved(h)) - f(moved(-h))) / (2 * h);
}

export type GradientCheck = {
  /** Has the loss and an output `grad.<name>` for each of `wrt`. */
  readonly graph: Graph;
  readonly wrt: readonly string[];
  readonly inputs: Inputs;
  readonly dims: Dims;
  readonly seed: number;
  readonly loss?: string;
  /** Relative to the sum of the magnitudes of what the directional derivative adds up. */
  readonly tolerance?: number;
};

export function expectGradient({ graph, wrt, inputs, dims, seed, loss = "loss", tolerance = 1e-7 }: GradientCheck): void {
  const random = randomFrom(seed);
  const evaluate = (at: Inputs): ReadonlyMap<string, Value> => evaluateGraph(graph, at, dims);
  const gradients = evaluate(inputs);
  const direction = new Map(wrt.map((name) => [name, draw(inputs, name, random.normal)]));
  let [slope, scale] = [0, 1e-3];
  for (const name of wrt) {
    const gradient = gradients.get(`grad.${name}`) ?? expect.fail(`no output grad.${name}`);
    expect(gradient.shape, `shape of grad.${name}`).toEqual(inputs.get(name)?.shape);
    gradient.data.forEach((g, i) => {
      const term = g * (direction.get(name)?.data[i] ?? 0);
      slope += term;
      scale += Math.abs(term);
    });
  }
  const measured = directionalDifference((at) => evaluate(at).get(loss)?.data[0] ?? Number.NaN, inputs, direction);
  const error = Math.abs(slope - measured) / scale;
  if (!(error <= tolerance))
    expect.fail(`seed ${seed}: the gradient says ${slope}, the loss says ${measured} (error ${error} above ${tolerance})`);
}

function draw(inputs: Inputs, name: string, normal: () => number): Value {
  const { shape, data } = inputs.get(name) ?? expect.fail(`no input ${name}`);
  return { shape, data: data.map(() => normal()) };
}
