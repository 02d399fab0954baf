/**
 * The whole step as one program: the optimiser's update appended to the differentiated graph, in ordinary ops that passes,
 * plan and engines treat like any others.
 *
 *   next.w = w − schedule · (lr · direction + decay · w)
 */
import { type Diagnostic, diagnose } from "../../grammar/diagnostic.js";
import { extend } from "../graph/extend.js";
import type { GraphBuilder } from "../graph/builder.js";
import { type Graph, type GraphOutput, type Id, isTile } from "../graph/graph.js";
import type { DType, Type } from "../graph/type.js";
import type { LoweredProgram, OptimizerSpec, ParamDecl, TrainSpec } from "../lower/program.js";
import { messages } from "./messages.js";
import type { Optimizer } from "./optimizer.js";
import { optimizers } from "./optimizers.js";
import { type ParameterSettings, settingsOf } from "./parameter-settings.js";

/** The scalar inputs of a step: the schedule's multiplier, and the count of steps from 1. */
export const stepInputs = { schedule: "train.schedule", step: "train.step" } as const;

/** The output that holds ‖g‖ over all trained parameters, before clipping. */
export const gradNorm = "grad_norm";

/** An input of role "state": `adam.m.img.weight` of the parameter `img.weight`. Zeros before the first step. */
export type TrainState = { readonly name: string; readonly paramPath: string; readonly type: Type };

/** The outputs that hold ‖gradient‖ before clipping, ‖what the step adds‖ and ‖value before the step‖ of one parameter. */
export type ParameterNorms = { readonly path: string; readonly gradient: string; readonly update: string; readonly parameter: string };

export type TrainStep = {
  /** Keeps the loss and the metrics; adds `grad_norm`, and `next.<name>` for every trained parameter and state. */
  readonly graph: Graph;
  /** The graph without the norms, which watch a training and are no part of it. */
  readonly unwatched: Graph;
  /** Of every trained parameter, or of none. */
  readonly norms: readonly ParameterNorms[];
  readonly states: readonly TrainState[];
  /** The moving averages: inputs of role "state" too, which begin as their parameters. */
  readonly averages: readonly TrainState[];
  /** Output → the input that it is at the next step: `next.w` → `w`. */
  readonly carry: ReadonlyMap<string, string>;
};

const trainOf = (program: LoweredProgram): TrainSpec => {
  if (program.train === null) throw new Error(`${program.name} has no train block`);
  return program.train;
};

function trainedParams(program: LoweredProgram): readonly ParamDecl[] {
  const train = trainOf(program);
  return program.params.filter(({ path }) => !settingsOf(train, path).frozen);
}

/** The paths of the parameters that are not frozen: those whose gradients the step needs. */
export const trainedPaths = (program: LoweredProgram): readonly string[] => trainedParams(program).map(({ path }) => path);

/** What a step cannot be built from, for the one who wrote the program. */
export function checkTrainable(program: LoweredProgram): readonly Diagnostic[] {
  if (trainedPaths(program).length > 0) return [];
  const why = program.params.length === 0 ? "the pipeline has no parameters" : "every parameter is frozen";
  return [diagnose(messages.nothingToTrain, trainOf(program).span, { why })];
}

/** Halves are updated in f32, and have f32 state: a small step would round away. */
const computeType = ({ dtype, shape }: Type): Type => ({ dtype: dtype === "f16" || dtype === "bf16" ? "f32" : dtype, shape });

export function trainStates(program: LoweredProgram): readonly TrainState[] {
  const { optimizer } = trainOf(program);
  return trainedParams(program).flatMap(({ path, type }) =>
    optimizerOf(optimizer)
      .states(optimizer as never, computeType(type))
      .map((state): TrainState => ({ name: `${state.slot}.${path}`, paramPath: path, type: state.type })),
  );
}

/** A parameter's path cannot hold a colon: no parameter is taken for the average of another. */
export const trainAverages = (program: LoweredProgram): readonly TrainState[] =>
  trainOf(program).ema === null
    ? []
    : trainedParams(program).map(({ path, type }) => ({ name: `ema:${path}`, paramPath: path, type: computeType(type) }));

/** `differentiated` has an output `grad.<path>` for each of `trainedPaths`. `norms`: hand out the norms of each parameter too. */
export function buildTrainStep(program: LoweredProgram, differentiated: Graph, { norms = false } = {}): TrainStep {
  const train = trainOf(program);
  const { b, to } = extend(differentiated);
  const input = (name: string): Id | null => {
    const node = differentiated.nodes.find((n) => !isTile(n) && n.op === "input" && n.attrs.name === name);
    return node === undefined ? null : to(node.id);
  };
  const gradientOf = (path: string): Id => {
    const output = differentiated.outputs.find(({ name }) => name === `grad.${path}`);
    if (output === undefined) throw new Error(`no output grad.${path}`);
    return to(output.value);
  };

  b.span = train.span;
  const stepInput = (name: string): Id => b.emit("input", [], { name, role: "step", type: { dtype: "f32", shape: [] } });
  const schedule = stepInput(stepInputs.schedule);
  const step = stepInput(stepInputs.step);

  const params = trainedParams(program);
  const gradients = params.map(({ path, type }) => b.cast(gradientOf(path), computeType(type).dtype));
  const norm = globalNorm(b, gradients);
  const shrink = train.clip === null ? null : shrinkTo(b, train.clip, norm);

  const states = trainStates(program);
  const averages = trainAverages(program);
  const next: GraphOutput[] = [];
  const moves: Move[] = [];
  params.forEach((param, k) => {
    const gradient = gradients[k] ?? -1;
    const old = input(param.path);
    if (old === null) throw new Error(`no input ${param.path}`);
    const own = states.filter((state) => state.paramPath === param.path);
    // A buffer of state belongs to its parameter's line; the arithmetic to the train block.
    b.span = param.span;
    const before = own.map(({ name, type }) => b.emit("input", [], { name, role: "state", type }));
    b.span = train.span;
    const after = updated(b, train, param, {
      old,
      gradient: shrink === null ? gradient : b.mul(gradient, spread(b, shrink, gradient)),
      states: before,
      schedule,
      step,
    });
    next.push({ name: `next.${param.path}`, value: after.value });
    moves.push({ path: param.path, gradient, from: old, to: after.value });
    own.forEach(({ name }, slot) => next.push({ name: `next.${name}`, value: after.states[slot] ?? -1 }));
    const average = averages.find(({ paramPath }) => paramPath === param.path);
    if (average === undefined || train.ema === null) return;
    b.span = param.span;
    const mean = b.emit("input", [], { name: average.name, role: "state", type: average.type });
    b.span = train.span;
    next.push({ name: `next.${average.name}`, value: towards(b, mean, after.value, 1 - train.ema) });
  });

  const reported = new Set(program.results.filter(({ kind }) => kind !== "output").map(({ name }) => name));
  const kept = differentiated.outputs.filter(({ name }) => reported.has(name)).map(({ name, value }) => ({ name, value: to(value) }));
  const outputs = [...kept, { name: gradNorm, value: norm }, ...next];
  const unwatched = b.finish(outputs);
  const watched = norms ? moves.map((move) => parameterNorms(b, move)) : [];
  return {
    graph: norms ? b.finish([...outputs, ...watched.flatMap((each) => each.outputs)]) : unwatched,
    unwatched,
    norms: watched.map((each) => each.names),
    states,
    averages,
    carry: new Map(next.map(({ name }) => [name, name.slice("next.".length)])),
  };
}

const optimizerOf = (spec: OptimizerSpec): Optimizer<never> => optimizers[spec.kind] as unknown as Optimizer<never>;

type Before = { readonly old: Id; readonly gradient: Id; readonly states: readonly Id[]; readonly schedule: Id; readonly step: Id };

function updated(
  b: GraphBuilder,
  train: TrainSpec,
  param: ParamDecl,
  before: Before,
): { readonly value: Id; readonly states: readonly Id[] } {
  const { optimizer } = train;
  const { dtype } = computeType(param.type);
  const settings = settingsOf(train, param.path);
  const old = b.cast(before.old, dtype);
  const { direction, states } = optimizerOf(optimizer).update({
    b,
    spec: optimizer as never,
    gradient: before.gradient,
    states: before.states,
    step: b.cast(before.step, dtype),
  });
  const rate = (factor: number, x: Id): Id => b.mul(x, spread(b, scheduled(b, before.schedule, factor, dtype), x));
  const decay = decayRate(optimizer, settings);
  const moved = b.sub(old, rate(settings.lr, direction));
  return { value: b.cast(decay === 0 ? moved : b.sub(moved, rate(decay, old)), param.type.dtype), states };
}

/**
 * average + share · (x − average). As keep · average + share · x it would settle beside x: in f32 keep and share are rounded
 * by themselves, and what their sum misses of 1, up to 6e-8, is 6e-5 of a share of 1e-3.
 */
function towards(b: GraphBuilder, average: Id, x: Id, share: number): Id {
  const distance = b.sub(b.cast(x, b.type(average).dtype), average);
  return b.add(average, b.mul(distance, b.constLike(share, average)));
}

const decayRate = ({ decayMode }: OptimizerSpec, { lr, decay }: ParameterSettings): number =>
  decayMode === "coupled" ? lr * decay : decay;

function scheduled(b: GraphBuilder, schedule: Id, factor: number, dtype: DType): Id {
  return b.mul(b.cast(schedule, dtype), b.const(factor, dtype));
}

function spread(b: GraphBuilder, scalar: Id, like: Id): Id {
  const { dtype, shape } = b.type(like);
  return b.broadcast(b.cast(scalar, dtype), shape, []);
}

type Move = { readonly path: string; readonly gradient: Id; readonly from: Id; readonly to: Id };

function parameterNorms(
  b: GraphBuilder,
  { path, gradient, from, to }: Move,
): { readonly names: ParameterNorms; readonly outputs: readonly GraphOutput[] } {
  // No metric's name has a colon.
  const names = { path, gradient: `gradient_norm:${path}`, update: `update_norm:${path}`, parameter: `parameter_norm:${path}` };
  const { dtype } = b.type(gradient);
  const before = b.cast(from, dtype);
  const norm = (name: string, x: Id): GraphOutput => ({ name, value: globalNorm(b, [x]) });
  return {
    names,
    outputs: [norm(names.gradient, gradient), norm(names.update, b.sub(b.cast(to, dtype), before)), norm(names.parameter, before)],
  };
}

/** √Σ g² over all gradients, in the order of the parameters. */
function globalNorm(b: GraphBuilder, gradients: readonly Id[]): Id {
  const dtype = gradients.some((g) => b.type(g).dtype === "f64") ? "f64" : "f32";
  const squares = gradients.map((g) => {
    const axes = b.shape(g).map((_, axis) => axis);
    return b.cast(b.sum(b.mul(g, g), axes), dtype);
  });
  return b.emit("sqrt", [squares.reduce((total, square) => b.add(total, square), b.const(0, dtype))], {});
}

/** min(1, clip / norm), as a division that no norm makes NaN of: exactly 1 up to the bound, at 0 too. */
function shrinkTo(b: GraphBuilder, clip: number, norm: Id): Id {
  const bound = b.const(clip, b.type(norm).dtype);
  return b.div(bound, b.emit("maximum", [norm, bound], {}));
}
