/** The measures of the numerics contract. */
import { expect } from "vitest";

export type Numbers = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/** Equal as non-finite values; those have no distance. */
const sameNonFinite = (a: number, b: number): boolean => Object.is(a, b) || (a === b && !Number.isFinite(a));

function distance(actual: number, expected: number): number {
  if (Number.isFinite(actual) && Number.isFinite(expected)) return Math.abs(actual - expected);
  return sameNonFinite(actual, expected) ? 0 : Number.POSITIVE_INFINITY;
}

/**
 * max|Δ| / max|expected|; 0 where nothing differs, infinite where the shapes or the non-finite elements do.
 * `floor` is the least that is divided by: for values that cancel to nearly 0.
 */
export function matrixError(actual: Numbers, expected: Numbers, floor = 0): number {
  if (actual.shape.join() !== expected.shape.join() || actual.data.length !== expected.data.length) return Number.POSITIVE_INFINITY;
  let [difference, scale] = [0, floor];
  for (let i = 0; i < expected.data.length; i++) {
    const [a, e] = [actual.data[i] ?? Number.NaN, expected.data[i] ?? Number.NaN];
    difference = Math.max(difference, distance(a, e));
    if (Number.isFinite(e)) scale = Math.max(scale, Math.abs(e));
  }
  return difference === 0 ? 0 : difference / scale;
}

/** |Δ| / Σ|terms|: how far a sum may be off, measured by what was added. */
export function scalarError(actual: number, expected: number, terms: ArrayLike<number>): number {
  const difference = distance(actual, expected);
  return difference === 0 ? 0 : difference / Array.from(terms).reduce((sum, term) => sum + Math.abs(term), 0);
}

/** Fails with the name of the value, the error and the tolerance. */
export function expectClose(name: string, actual: Numbers | undefined, expected: Numbers | undefined, tolerance: number, floor = 0): void {
  if (actual === undefined || expected === undefined)
    return expect.fail(`${name} is missing on ${actual === undefined ? "the tested" : "the expected"} side`);
  const error = matrixError(actual, expected, floor);
  if (error <= tolerance) return;
  expect.fail(
    `${name}: error ${error} is above ${tolerance}\n  actual   [${actual.shape}] ${preview(actual)}\n  expected [${expected.shape}] ${preview(expected)}`,
  );
}

/** Every output of one evaluation against another's. */
export function expectAllClose(
  actual: ReadonlyMap<string, Numbers>,
  expected: ReadonlyMap<string, Numbers>,
  tolerance: number,
  floor = 0,
): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, value] of expected) expectClose(name, actual.get(name), value, tolerance, floor);
}

const preview = ({ data }: Numbers): string => Array.from(data).slice(0, 12).join(", ") + (data.length > 12 ? ", …" : "");
