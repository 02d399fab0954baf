/** Evaluates the outputs of a small program on the oracle, with inputs that every case shares. */
import { verify } from "../../../compiler/graph/verify.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { lowerText } from "../../support/compile-text.js";
import { randomFrom } from "../../support/random.js";

export const n = 5;
export const m = 7;
export const SEED = 20;

const head = `
  batch n, m
  config d: int = 3
  input x : f32[n, d]
  input y : f32[m, d]
  input w : f32[n]
  input v : f32[m]
  input to : i32[n]
  input src : i32[n]
  input dst : i32[m]
  input table : f32[4, 6]
  input cube : f32[n, 2, 4]
  param t : f32 = 0.5
`;

const random = randomFrom(SEED);
const draw = (count: number, next: () => number): number[] => Array.from({ length: count }, next);
const rows = (count: number, width: number): number[][] => Array.from({ length: count }, () => draw(width, random.normal));

/** The data, as nested arrays for the plain formulas. */
export const data = {
  x: rows(n, 3),
  y: rows(m, 3),
  w: draw(n, random.normal),
  v: draw(m, random.normal),
  to: draw(n, () => random.below(m)),
  src: draw(n, () => random.below(4)),
  dst: draw(m, () => random.below(6)),
  table: rows(4, 6),
  cube: Array.from({ length: n }, () => rows(2, 4)),
  t: 0.5,
};

type Nested = number | readonly Nested[];

export function shapeOf(value: Nested): readonly number[] {
  return typeof value === "number" ? [] : [value.length, ...(value[0] === undefined ? [] : shapeOf(value[0]))];
}
export const flat = (value: Nested): readonly number[] => (typeof value === "number" ? [value] : value.flatMap(flat));

const inputs: ReadonlyMap<string, Value> = new Map(
  Object.entries(data).map(([name, value]) => [name, { shape: shapeOf(value), data: Float64Array.from(flat(value)) }]),
);

/** The values of a program's outputs, by name. */
export function evaluateMembers(members: string, modules = ""): ReadonlyMap<string, Value> {
  const { graph } = lowerText(`${modules}\npipeline test {${head}${members}\n}`);
  verify(graph, "source");
  return evaluateGraph(graph, inputs, { n, m });
}

/** The value of one expression, or of `out` where members are given. */
export function evaluateOne(expression: string, modules = ""): Value {
  const members = /^\s*out\b|\n\s*out\b/.test(expression) ? `${expression}\n output out` : `output out = ${expression}`;
  const value = evaluateMembers(members, modules).get("out");
  if (value === undefined) throw new Error("no output");
  return value;
}
