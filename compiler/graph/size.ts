/**
 * Sizes are polynomials in the batch dimensions, so that "nothing n*m is stored" is a syntactic fact.
 * Model dimensions are plain numbers by the time a graph exists.
 */

/** A batch dimension (`n`), or inside a tile's body the block of a loop (`@i`). */
export type BatchId = string;

/** One term: `coef` times the product of `pow`'s batches to their powers. No zero powers, no zero coefs. */
export type Monomial = { readonly coef: number; readonly pow: Readonly<Record<BatchId, number>> };

/** A sum of monomials in canonical order; the empty sum is 0. */
export type Size = readonly Monomial[];

const monomialKey = (m: Monomial): string =>
  Object.keys(m.pow)
    .sort()
    .map((id) => (m.pow[id] === 1 ? id : `${id}^${m.pow[id]}`))
    .join("*");

function canonical(terms: readonly Monomial[]): Size {
  const byKey = new Map<string, Monomial>();
  for (const term of terms) {
    const key = monomialKey(term);
    byKey.set(key, { pow: term.pow, coef: (byKey.get(key)?.coef ?? 0) + term.coef });
  }
  return [...byKey.entries()]
    .filter(([, term]) => term.coef !== 0)
    .sort(([a, x], [b, y]) => degreeOf(y) - degreeOf(x) || (a < b ? -1 : a > b ? 1 : 0))
    .map(([, term]) => term);
}

const degreeOf = (m: Monomial): number => Object.values(m.pow).reduce((sum, p) => sum + p, 0);

export const constant = (value: number): Size => (value === 0 ? [] : [{ coef: value, pow: {} }]);
export const batch = (id: BatchId): Size => [{ coef: 1, pow: { [id]: 1 } }];
export const one: Size = constant(1);

export const addSizes = (a: Size, b: Size): Size => (a.length === 0 ? b : b.length === 0 ? a : canonical([...a, ...b]));

/** Most sizes have one term, and most of those are numbers: such a product is in canonical order as it stands. */
export function multiplySizes(a: Size, b: Size): Size {
  const [x, y] = [a[0], b[0]];
  if (a.length === 1 && b.length === 1 && x !== undefined && y !== undefined) return [multiplyTerms(x, y)];
  return canonical(a.flatMap((left) => b.map((right) => multiplyTerms(left, right))));
}

function multiplyTerms(x: Monomial, y: Monomial): Monomial {
  const coef = x.coef * y.coef;
  if (isNumber(x)) return { coef, pow: y.pow };
  if (isNumber(y)) return { coef, pow: x.pow };
  const pow: Record<BatchId, number> = { ...x.pow };
  for (const [id, p] of Object.entries(y.pow)) pow[id] = (pow[id] ?? 0) + p;
  return { coef, pow };
}

function isNumber({ pow }: Monomial): boolean {
  for (const _ in pow) return false;
  return true;
}

export const subtractSizes = (a: Size, b: Size): Size => addSizes(a, multiplySizes(constant(-1), b));
export const product = (sizes: readonly Size[]): Size => sizes.reduce(multiplySizes, one);

/** The plain number, or null where a batch dimension takes part. */
export function asNumber(size: Size): number | null {
  if (size.length === 0) return 0;
  const [first] = size;
  return size.length === 1 && first !== undefined && Object.keys(first.pow).length === 0 ? first.coef : null;
}

/** How fast the size grows with the batch: 0 for a model dimension, 2 for n*m. */
export const degree = (size: Size): number => size.reduce((max, term) => Math.max(max, degreeOf(term)), 0);

export const batchesOf = (size: Size): readonly BatchId[] =>
  size.every(isNumber) ? noBatches : [...new Set(size.flatMap((term) => Object.keys(term.pow)))].sort();
const noBatches: readonly BatchId[] = [];

/** `n`, and not `2*n` or a number. */
export function plainBatch(size: Size): BatchId | null {
  const [term, ...more] = size;
  const [power, ...others] = Object.entries(term?.pow ?? {});
  return term?.coef === 1 && more.length === 0 && others.length === 0 && power?.[1] === 1 ? power[0] : null;
}

/** Terms stand in canonical order, so equal sizes have equal terms at equal places. */
export const sameSize = (a: Size, b: Size): boolean => a === b || (a.length === b.length && a.every((term, k) => sameMonomial(term, b[k])));

function sameMonomial(a: Monomial, b: Monomial | undefined): boolean {
  if (b === undefined || a.coef !== b.coef) return false;
  const ids = Object.keys(a.pow);
  return ids.length === Object.keys(b.pow).length && ids.every((id) => a.pow[id] === b.pow[id]);
}

/** The number at given batch sizes. Throws on a batch without a size. Plans evaluate tens of thousands: plain loops. */
export function evaluateSize(size: Size, dims: Readonly<Record<BatchId, number>>): number {
  let sum = 0;
  for (const { coef, pow } of size) {
    let value = coef;
    for (const id in pow) {
      const dim = dims[id];
      if (dim === undefined) throw new Error(`no size given for batch ${id}`);
      const power = pow[id] ?? 0;
      value *= power === 1 ? dim : dim ** power;
    }
    sum += value;
  }
  return sum;
}

/** Replaces batches by sizes, e.g. `n` by the block `@i`. */
export function substituteSize(size: Size, by: Readonly<Record<BatchId, Size>>): Size {
  return size.reduce<Size>((sum, term) => {
    let value: Size = constant(term.coef);
    for (const [id, p] of Object.entries(term.pow)) for (let k = 0; k < p; k++) value = multiplySizes(value, by[id] ?? batch(id));
    return addSizes(sum, value);
  }, []);
}

/** `768`, `n`, `768*n`, `2*n + 1`. Deterministic; also a key. */
export function printSize(size: Size): string {
  const [first] = size;
  if (first === undefined) return "0";
  if (size.length === 1 && isNumber(first)) return String(first.coef);
  return size
    .map((term) => {
      const key = monomialKey(term);
      return key === "" ? String(term.coef) : term.coef === 1 ? key : `${term.coef}*${key}`;
    })
    .join(" + ");
}

/** Reads what `printSize` writes. Throws on anything else. */
export function parseSize(text: string): Size {
  return text.split("+").reduce<Size>((sum, term) => {
    const value = term
      .trim()
      .split("*")
      .reduce<Size>((left, factor) => {
        if (/^-?\d+$/.test(factor)) return multiplySizes(left, constant(Number(factor)));
        const match = /^(@?[A-Za-z_]\w*)(?:\^(\d+))?$/.exec(factor);
        if (match === null) throw new Error(`not a size: ${text}`);
        let result = left;
        for (let k = 0; k < Number(match[2] ?? 1); k++) result = multiplySizes(result, batch(match[1] ?? ""));
        return result;
      }, one);
    return addSizes(sum, value);
  }, []);
}
