/**
 * Ops that a backend has not, or computes badly, on the host in float64. Each takes x as [outer, along, inner].
 * The order is that of the op table: NaN above everything, ties to the lower index.
 */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** Where a top-k has fewer elements than k. */
export const NO_INDEX = 2147483647;

export type Layout = readonly [outer: number, along: number, inner: number];

function* lines([outer, along, inner]: Layout): Generator<number, void> {
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) yield o * along * inner + i;
}

/** Is (x, i) before (y, j) in falling order? */
function precedes(x: number, i: number, y: number, j: number): boolean {
  if (x === y) return i < j;
  if (x > y) return true;
  const [xNaN, yNaN] = [Number.isNaN(x), Number.isNaN(y)];
  return xNaN && (!yNaN || i < j);
}

export type Ranked = { readonly values: Float32Array | Int32Array; readonly indices: Int32Array };

/** Below every element. */
const unranked = (x: Numbers, size: number): Float32Array | Int32Array =>
  x instanceof Int32Array ? new Int32Array(size).fill(-2147483648) : new Float32Array(size).fill(Number.NEGATIVE_INFINITY);

/** The k first of each line in falling order; `indices` names the elements, by place where it is null. */
export function topk(x: Numbers, named: Int32Array | null, layout: Layout, k: number): Ranked {
  const [outer, along, inner] = layout;
  const values = unranked(x, outer * k * inner);
  const indices = new Int32Array(values.length).fill(NO_INDEX);
  let line = 0;
  for (const start of lines(layout)) {
    const out = Math.floor(line / inner) * k * inner + (line % inner);
    line++;
    let found = 0;
    for (let step = 0; step < along; step++) {
      const at = start + step * inner;
      const value = x[at] ?? 0;
      const index = named === null ? step : (named[at] ?? NO_INDEX);
      const lastAt = out + (k - 1) * inner;
      if (found === k && !precedes(value, index, values[lastAt] ?? 0, indices[lastAt] ?? 0)) continue;
      // Insertion into a short falling list: most elements stop at the comparison above.
      let place = found < k ? found++ : k - 1;
      for (; place > 0; place--) {
        const before = out + (place - 1) * inner;
        if (!precedes(value, index, values[before] ?? 0, indices[before] ?? 0)) break;
        values[before + inner] = values[before] ?? 0;
        indices[before + inner] = indices[before] ?? 0;
      }
      values[out + place * inner] = value;
      indices[out + place * inner] = index;
    }
  }
  return { values, indices };
}

/** Rising, NaN last. */
export function sort<T extends Float32Array | Int32Array>(x: T, layout: Layout): T {
  const [, along, inner] = layout;
  const result = x.slice() as T;
  const line = new Float64Array(along);
  for (const start of lines(layout)) {
    for (let step = 0; step < along; step++) line[step] = x[start + step * inner] ?? 0;
    line.sort();
    for (let step = 0; step < along; step++) result[start + step * inner] = line[step] ?? 0;
  }
  return result;
}

export function cumsum<T extends Float32Array | Int32Array>(x: T, layout: Layout, reverse: boolean): T {
  const [, along, inner] = layout;
  const result = x.slice() as T;
  for (const start of lines(layout)) {
    let total = 0;
    for (let step = 0; step < along; step++) {
      const at = start + (reverse ? along - 1 - step : step) * inner;
      total += x[at] ?? 0;
      result[at] = total;
    }
  }
  return result;
}
