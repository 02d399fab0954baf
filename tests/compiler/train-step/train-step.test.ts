/** Twenty steps of each optimiser against loops that anyone can check. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { verify } from "../../../compiler/graph/verify.js";
import { printType } from "../../../compiler/graph/type.js";
import type { GroupSpec, LoweredProgram, OptimizerSpec, TrainSpec } from "../../../compiler/lower/program.js";
import { canonicalise } from "../../../compiler/passes/canonicalise.js";
import { cse } from "../../../compiler/passes/cse.js";
import { dce } from "../../../compiler/passes/dce.js";
import { settingsOf } from "../../../compiler/train-step/parameter-settings.js";
import {
  buildTrainStep,
  checkTrainable,
  gradNorm,
  stepInputs,
  trainAverages,
  trainedPaths,
  trainStates,
} from "../../../compiler/train-step/train-step.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { emptyValue, scalarValue, type Value, valueOf } from "../../../runtime/engines/reference/value.js";

const span = { file: "train.sig", start: 0, end: 1 };

// A program whose gradients are easily written by hand: loss = Σ c (w − a)² + 3 sin(b), metric twice = 2 · loss.
const text = `
  %a = input "a" : f32[5]
  %c = input "c" : f32[5]
  %w = input "net.w" {role = param} : f32[5]
  %b = input "b" {role = param} : f32[]
  %d = sub %w, %a
  %dd = mul %d, %d
  %cd = mul %c, %dd
  %sum = sum %cd {axes = [0]}
  %sin = sin %b
  %three = const 3 : f32[]
  %s3 = mul %three, %sin
  %loss = add %sum, %s3
  %twice = add %loss, %loss
  output "loss" = %loss
  output "twice" = %twice
  output "d" = %d`;

const a = [0.3, -1.2, 2, 0, 5];
const c = [1, 0.5, 2, 0.25, 0.125];
const start = { w: [1, 1, -1, 0.5, -2], b: 0.4 };
const gradients = (w: readonly number[], b: number) => ({ w: w.map((x, k) => 2 * (c[k] ?? 0) * (x - (a[k] ?? 0))), b: 3 * Math.cos(b) });

const group = (patterns: readonly string[], rest: Partial<GroupSpec>): GroupSpec => ({
  patterns,
  lr: null,
  decay: null,
  freeze: false,
  span,
  ...rest,
});

function programOf(optimizer: OptimizerSpec, rest: Partial<TrainSpec> = {}): LoweredProgram {
  const type = (shape: 0 | 5) => ({ dtype: "f32" as const, shape: shape === 0 ? [] : [[{ coef: 5, pow: {} }]] });
  const init = { kind: "constant", value: 0 } as const;
  return {
    name: "quadratic",
    training: true,
    span,
    batches: [],
    configs: [],
    inputs: [],
    params: [
      { path: "net.w", type: type(5), init, span },
      { path: "b", type: type(0), init, span },
    ],
    results: [
      { name: "loss", kind: "loss", span },
      { name: "twice", kind: "metric", span },
      { name: "d", kind: "output", span },
    ],
    graph: parseGraph(text),
    names: new Map(),
    values: new Map(),
    data: null,
    evalData: null,
    evaluation: null,
    train: {
      optimizer,
      schedule: { kind: "constant", warmup: { unit: "steps", value: 0 }, final: 0 },
      clip: null,
      ema: null,
      batch: null,
      steps: null,
      seed: 0,
      groups: [],
      span,
      ...rest,
    },
  };
}

function stepOf(program: LoweredProgram) {
  const result = differentiate(program.graph, { of: "loss", wrt: trainedPaths(program) });
  if (result.graph === null) throw new Error("no gradient");
  const step = buildTrainStep(program, result.graph);
  verify(step.graph, "source");
  // What the compiler does to the whole step must leave the update what it is.
  const graph = [canonicalise, cse, dce].reduce((g, pass) => pass.run(g).graph, step.graph);
  return { ...step, graph };
}

const schedule = (step: number): number => 1 / (1 + step / 7);

/** The parameters after so many steps, by the compiled step. */
function train(program: LoweredProgram, steps: number): { readonly w: readonly number[]; readonly b: number } {
  const { graph, states, carry } = stepOf(program);
  const zeros = states.map(({ name, paramPath }): [string, Value] => [name, emptyValue(paramPath === "b" ? [] : [5])]);
  let inputs = new Map<string, Value>([
    ["a", valueOf([5], a)],
    ["c", valueOf([5], c)],
    ["net.w", valueOf([5], start.w)],
    ["b", scalarValue(start.b)],
    ...zeros,
  ]);
  for (let step = 0; step < steps; step++) {
    inputs.set(stepInputs.schedule, scalarValue(schedule(step))).set(stepInputs.step, scalarValue(step + 1));
    const outputs = evaluateGraph(graph, inputs, {});
    inputs = new Map(inputs);
    for (const [output, input] of carry) inputs.set(input, outputs.get(output) ?? expect.fail(`no ${output}`));
  }
  return { w: Array.from(inputs.get("net.w")?.data ?? []), b: inputs.get("b")?.data[0] ?? Number.NaN };
}

/** One parameter's update: (old, gradient, schedule, step from 1) → new. Keeps its own state per element. */
type Rule = () => (old: number, gradient: number, multiplier: number, step: number) => number;

/** The same by hand, element by element. */
function byHand(
  rule: Rule,
  steps: number,
  scale: (norm: number) => number = () => 1,
): { readonly w: readonly number[]; readonly b: number } {
  let w: readonly number[] = start.w;
  let b = start.b;
  const [ruleW, ruleB] = [w.map(() => rule()), rule()];
  for (let step = 0; step < steps; step++) {
    const g = gradients(w, b);
    const s = scale(Math.hypot(...g.w, g.b));
    const [w0, b0] = [w, b];
    w = w0.map((x, k) => ruleW[k]?.(x, (g.w[k] ?? 0) * s, schedule(step), step + 1) ?? Number.NaN);
    b = ruleB(b0, g.b * s, schedule(step), step + 1);
  }
  return { w, b };
}

function expectSame(actual: { readonly w: readonly number[]; readonly b: number }, expected: typeof actual): void {
  expected.w.forEach((x, k) => expect(actual.w[k]).toBeCloseTo(x, 12));
  expect(actual.b).toBeCloseTo(expected.b, 12);
}

const sgd = { kind: "sgd", lr: 0.05, momentum: 0.9, nesterov: false, decay: 0.02, decayMode: "coupled" } as const satisfies OptimizerSpec;
const adamw = {
  kind: "adamw",
  lr: 0.03,
  beta1: 0.9,
  beta2: 0.95,
  eps: 1e-8,
  decay: 0.1,
  decayMode: "coupled",
} as const satisfies OptimizerSpec;
const lion = { kind: "lion", lr: 0.01, beta1: 0.9, beta2: 0.99, decay: 0.3, decayMode: "independent" } as const satisfies OptimizerSpec;

// torch.optim.SGD, with decay beside the gradient instead of in it.
const sgdRule =
  ({ lr, momentum, nesterov, decay, decayMode }: Extract<OptimizerSpec, { kind: "sgd" }>): Rule =>
  () => {
    let buffer = 0;
    return (old, gradient, multiplier) => {
      buffer = momentum * buffer + gradient;
      const direction = nesterov ? gradient + momentum * buffer : buffer;
      const shrink = decayMode === "coupled" ? lr * decay : decay;
      return old - multiplier * lr * direction - multiplier * shrink * old;
    };
  };

// torch.optim.AdamW
const adamwRule =
  ({ lr, beta1, beta2, eps, decay, decayMode }: Extract<OptimizerSpec, { kind: "adamw" }>): Rule =>
  () => {
    let [m, v] = [0, 0];
    return (old, gradient, multiplier, step) => {
      const shrunk = old * (1 - multiplier * (decayMode === "coupled" ? lr * decay : decay));
      m = beta1 * m + (1 - beta1) * gradient;
      v = beta2 * v + (1 - beta2) * gradient ** 2;
      const root = Math.sqrt(v) / Math.sqrt(1 - beta2 ** step) + eps;
      return shrunk - ((multiplier * lr) / (1 - beta1 ** step)) * (m / root);
    };
  };

const lionRule =
  ({ lr, beta1, beta2, decay, decayMode }: Extract<OptimizerSpec, { kind: "lion" }>): Rule =>
  () => {
    let m = 0;
    return (old, gradient, multiplier) => {
      const direction = Math.sign(beta1 * m + (1 - beta1) * gradient);
      m = beta2 * m + (1 - beta2) * gradient;
      return old - multiplier * (lr * direction + (decayMode === "coupled" ? lr : 1) * decay * old);
    };
  };

describe("twenty steps equal a loop by hand", () => {
  for (const decayMode of ["coupled", "independent"] as const) {
    test(`sgd, ${decayMode} decay`, () => {
      for (const [momentum, nesterov] of [
        [0, false],
        [0.9, false],
        [0.9, true],
      ] as const) {
        const spec = { ...sgd, momentum, nesterov, decayMode };
        expectSame(train(programOf(spec), 20), byHand(sgdRule(spec), 20));
      }
    });
    test(`adamw, ${decayMode} decay`, () => {
      const spec = { ...adamw, decayMode };
      expectSame(train(programOf(spec), 20), byHand(adamwRule(spec), 20));
    });
    test(`lion, ${decayMode} decay`, () => {
      const spec = { ...lion, decayMode };
      expectSame(train(programOf(spec), 20), byHand(lionRule(spec), 20));
    });
  }
});

describe("clipping by the global norm", () => {
  test("takes all parameters together and leaves short gradients as they are", () => {
    for (const clip of [0.5, 4, 1e6]) {
      const spec = { ...sgd, momentum: 0 };
      expectSame(
        train(programOf(spec, { clip }), 20),
        byHand(sgdRule(spec), 20, (norm) => Math.min(1, clip / norm)),
      );
    }
  });
  test("a gradient of 0 stays 0, not NaN", () => {
    const { graph } = stepOf(programOf({ ...sgd, decay: 0 }, { clip: 1, groups: [group(["b"], { freeze: true })] }));
    const at = new Map([
      ["a", valueOf([5], a)],
      ["c", valueOf([5], c)],
      ["net.w", valueOf([5], a)],
      ["b", scalarValue(0)],
      ["sgd.m.net.w", emptyValue([5])],
      [stepInputs.schedule, scalarValue(1)],
      [stepInputs.step, scalarValue(1)],
    ]);
    const outputs = evaluateGraph(graph, at, {});
    expect(Array.from(outputs.get("next.net.w")?.data ?? [])).toEqual(a);
    expect(outputs.get(gradNorm)?.data[0]).toBe(0);
  });
});

describe("what the step hands on", () => {
  const { graph, states, carry } = stepOf(programOf(adamw, { groups: [group(["b"], { freeze: true })] }));
  test("loss and metrics stay, outputs and gradients go; frozen parameters have neither state nor update", () => {
    expect(graph.outputs.map(({ name }) => name)).toEqual([
      "loss",
      "twice",
      gradNorm,
      "next.net.w",
      "next.adam.m.net.w",
      "next.adam.v.net.w",
    ]);
  });
  test("states by name and parameter, and where each output is carried to", () => {
    expect(states.map(({ name, paramPath }) => [name, paramPath])).toEqual([
      ["adam.m.net.w", "net.w"],
      ["adam.v.net.w", "net.w"],
    ]);
    expect([...carry]).toEqual([
      ["next.net.w", "net.w"],
      ["next.adam.m.net.w", "adam.m.net.w"],
      ["next.adam.v.net.w", "adam.v.net.w"],
    ]);
  });
  test("16-bit floats have f32 states and averages; frozen parameters have neither", () => {
    const program = programOf(adamw, { ema: 0.9, groups: [group(["b"], { freeze: true })] });
    const halved = { ...program, params: program.params.map((param) => ({ ...param, type: { ...param.type, dtype: "bf16" as const } })) };
    const told = [...trainStates(halved), ...trainAverages(halved)].map(({ name, type }) => `${name} ${printType(type)}`);
    expect(told).toEqual(["adam.m.net.w f32[5]", "adam.v.net.w f32[5]", "ema:net.w f32[5]"]);
  });
  test("factored moments have the shapes of what is left of a parameter", () => {
    const factored = { kind: "adafactor", lr: 1, momentum: 0, beta2: 0.9, power: 1, clipRms: null, factorFrom: 4, eps: 1e-30 } as const;
    const program = programOf({ ...factored, decay: 0, decayMode: "coupled" });
    const shapes = (sizes: readonly number[]) => {
      const [param] = program.params;
      if (param === undefined) throw new Error("no parameter");
      const type = { dtype: "f32" as const, shape: sizes.map((size) => [{ coef: size, pow: {} }]) };
      return trainStates({ ...program, params: [{ ...param, type }] }).map((state) => `${state.name} ${printType(state.type)}`);
    };
    expect(shapes([4, 2, 5])).toEqual(["adafactor.row.net.w f32[4, 2]", "adafactor.col.net.w f32[2, 5]"]);
    expect(shapes([6, 3, 5, 1])).toEqual(["adafactor.row.net.w f32[3, 5, 1]", "adafactor.col.net.w f32[6, 3, 1]"]);
    expect(shapes([4, 4])).toEqual(["adafactor.row.net.w f32[4]", "adafactor.col.net.w f32[4]"]);
    for (const whole of [[], [9], [3, 99]]) expect(shapes(whole)).toEqual([`adafactor.v.net.w f32[${whole.join(", ")}]`]);
  });
  test("the norm is of the gradients before clipping", () => {
    const clipped = stepOf(programOf(sgd, { clip: 0.01 }));
    const at = new Map([
      ["a", valueOf([5], a)],
      ["c", valueOf([5], c)],
      ["net.w", valueOf([5], start.w)],
      ["b", scalarValue(start.b)],
      ["sgd.m.net.w", emptyValue([5])],
      ["sgd.m.b", emptyValue([])],
      [stepInputs.schedule, scalarValue(1)],
      [stepInputs.step, scalarValue(1)],
    ]);
    const g = gradients(start.w, start.b);
    expect(evaluateGraph(clipped.graph, at, {}).get(gradNorm)?.data[0]).toBeCloseTo(Math.hypot(...g.w, g.b), 12);
  });
});

describe("groups", () => {
  const at = (groups: readonly GroupSpec[], path: string) => {
    const { train: spec } = programOf(adamw, { groups });
    return spec === null ? expect.fail("no train block") : settingsOf(spec, path);
  };
  test("a later group wins setting by setting; a factor is of the optimizer's own value", () => {
    const groups = [
      group(["img.**"], { lr: { kind: "factor", value: 0.5 }, decay: { kind: "absolute", value: 0 } }),
      group(["img.head.*"], { lr: { kind: "factor", value: 0.1 } }),
      group(["txt.**"], { lr: { kind: "absolute", value: 7 } }),
    ];
    expect(at(groups, "img.head.weight")).toEqual({ lr: 0.03 * 0.1, decay: 0, frozen: false });
    expect(at(groups, "img.head.mlp.weight")).toEqual({ lr: 0.03 * 0.5, decay: 0, frozen: false });
    expect(at(groups, "txt.w")).toEqual({ lr: 7, decay: 0.1, frozen: false });
    expect(at(groups, "b")).toEqual({ lr: 0.03, decay: 0.1, frozen: false });
  });
  test("a later group that says nothing of freezing does not thaw", () => {
    expect(at([group(["**"], { freeze: true }), group(["b"], { decay: { kind: "absolute", value: 0 } })], "b").frozen).toBe(true);
  });
  test("rate and decay of a group reach its parameters only", () => {
    const program = programOf(adamw, {
      groups: [group(["net.*"], { lr: { kind: "factor", value: 0.1 }, decay: { kind: "absolute", value: 0.5 } })],
    });
    expectSame(train(program, 20), {
      w: byHand(adamwRule({ ...adamw, lr: adamw.lr * 0.1, decay: 0.5 }), 20).w,
      b: byHand(adamwRule(adamw), 20).b,
    });
  });
  test("all frozen: nothing to train is the user's mistake", () => {
    expect(checkTrainable(programOf(adamw))).toEqual([]);
    expect(checkTrainable(programOf(adamw, { groups: [group(["**"], { freeze: true })] }))).toMatchObject([{ code: "SIG4101" }]);
  });
});
