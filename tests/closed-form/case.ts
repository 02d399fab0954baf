/** One drawn case of a spelling, its closed form, and the comparison by the contract's measures. */
import { expect } from "vitest";
import { matrixError } from "../support/close.js";
import { randomFrom } from "../support/random.js";
import { at, type Matrix, matrix, total } from "./matrix.js";
import { head, type Spelling } from "./programs.js";
import { gradientsOf, logitsOf, type Parameters } from "./similarity.js";

export type Numbers = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };
export type Drawn = {
  readonly x: Matrix;
  readonly y: Matrix;
  readonly ids: { readonly rows: readonly number[]; readonly columns: readonly number[] };
};

export const d = 5;
export const parameters: Parameters = { tPrime: Math.log(10), bias: -10 };

export const programOf = (spelling: Pick<Spelling, "body"> & { readonly rectangular?: boolean }): string =>
  `pipeline p {${head(spelling.rectangular ?? false)}${spelling.body}}`;

/** Rows of about unit length, so that logits spread around the bias; exact in f32, so that every engine sees the same numbers. */
export function draw(n: number, m: number, seed: number): Drawn {
  const random = randomFrom(seed);
  const element = (): number => Math.fround(random.normal() / Math.sqrt(d));
  const x = matrix(n, d, element);
  const y = matrix(m, d, element);
  // Every row has a positive: SupCon divides by their number.
  const columns = Array.from({ length: m }, (_, j) => (j < 3 ? j : random.below(3)));
  const rows = Array.from({ length: n }, () => random.below(Math.min(3, m)));
  return { x, y, ids: { rows, columns } };
}

export const scalar = (value: number) => ({ shape: [], data: Float64Array.of(value) });
export const dense = (m: Matrix) => ({ shape: [m.rows, m.columns], data: m.data });
const list = (values: readonly number[]) => ({ shape: [values.length], data: Float64Array.from(values) });

export function inputsOf(
  { x, y, ids }: Drawn,
  { tPrime, bias }: Parameters = parameters,
): ReadonlyMap<string, { readonly shape: number[]; readonly data: Float64Array }> {
  return new Map([
    ["x", dense(x)],
    ["y", dense(y)],
    ["x_id", list(ids.rows)],
    ["y_id", list(ids.columns)],
    ["t_prime", scalar(tPrime)],
    ["bias", scalar(bias)],
  ]);
}

/** Matrices by max|Δ| / max|ĝ|, scalars by |Δ| / Σ|terms|. `floor`: the least scale of a matrix, for those that cancel to nothing. */
export function expectClosedForm(
  spelling: Spelling,
  drawn: Drawn,
  actual: ReadonlyMap<string, Numbers>,
  tolerance: number,
  using: Parameters = parameters,
): void {
  const { x, y, ids } = drawn;
  const l = logitsOf(x, y, using);
  const closed = spelling.closed(l, { rows: [...ids.rows], columns: [...ids.columns] });
  const expected = gradientsOf(closed.G, x, y, using);
  const number = (name: string): number => actual.get(name)?.data[0] ?? Number.NaN;
  // |l| bounds a term of every loss here but the squared one, whose terms are positive; |G|·|∂l| one of every scalar gradient.
  const lossTerms = Math.max(total(l, (v) => Math.abs(v) + 1) / l.rows, Math.abs(closed.loss));
  const gradientTerms = total(closed.G, (g, i, j) => Math.abs(g) * (1 + Math.abs(at(l, i, j)))) + 1e-3;
  const errors = {
    loss: Math.abs(number("loss") - closed.loss) / lossTerms,
    "grad.t_prime": Math.abs(number("grad.t_prime") - expected.t_prime) / gradientTerms,
    "grad.bias": Math.abs(number("grad.bias") - expected.bias) / gradientTerms,
    "grad.x": floored(actual.get("grad.x"), dense(expected.x)),
    "grad.y": floored(actual.get("grad.y"), dense(expected.y)),
  };
  for (const [name, error] of Object.entries(errors)) expect(error, `${spelling.name}: error of ${name}`).toBeLessThanOrEqual(tolerance);
}

function floored(actual: Numbers | undefined, expected: Numbers): number {
  if (actual === undefined) return Number.POSITIVE_INFINITY;
  const largest = Array.from(expected.data).reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  const error = matrixError(actual, expected);
  return largest === 0 ? Math.max(0, ...Array.from(actual.data, Math.abs)) : (error * largest) / Math.max(largest, 1e-3);
}
