import { type HostArray, values } from "./host-array.js";

/** Share of queries with a right answer among the first k, by k; and how many queries had no right answer to find. */
export type Recall = {
  /** Queries that have a right answer: the shares are of these. */
  readonly queries: number;
  readonly candidates: number;
  /** Queries whose id no candidate bears. They are left out. */
  readonly unanswerable: number;
  readonly at: Readonly<Record<number, number>>;
  /** What guessing would reach: k right places among the candidates, with as many right answers as there are. */
  readonly chance: Readonly<Record<number, number>>;
};

export type Embeddings = {
  /** [rows, width] */
  readonly vectors: HostArray;
  /** [rows]: an answer is right if it bears the id of the query. Several may. */
  readonly ids: Int32Array;
};

/**
 * Recall@k of candidates by dot product. The rank of a query is that of its best right answer; a wrong answer with the same score
 * goes before it, and so does NaN, so a collapsed model scores nothing. One row of scores is in memory at a time.
 */
export function recall(queries: Embeddings, candidates: Embeddings, ks: readonly number[]): Recall {
  const [rows, width] = matrixShape(queries);
  const [count, otherWidth] = matrixShape(candidates);
  if (width !== otherWidth) throw new Error(`embeddings of widths ${width} and ${otherWidth}`);
  const query = Float64Array.from(values(queries.vectors));
  const candidate = Float64Array.from(values(candidates.vectors));
  const bearers = new Map<number, number>();
  for (const id of candidates.ids) bearers.set(id, (bearers.get(id) ?? 0) + 1);

  const hits = new Map(ks.map((k) => [k, 0]));
  const guesses = new Map(ks.map((k) => [k, 0]));
  const scores = new Float64Array(count);
  let unanswerable = 0;
  for (let row = 0; row < rows; row++) {
    const id = queries.ids[row] ?? 0;
    const right = bearers.get(id) ?? 0;
    if (right === 0) {
      unanswerable++;
      continue;
    }
    const vector = query.subarray(row * width, (row + 1) * width);
    for (let other = 0; other < count; other++) scores[other] = dot(vector, candidate, other * width);
    const before = wrongBefore(scores, candidates.ids, id);
    for (const k of ks) {
      if (before < k) hits.set(k, (hits.get(k) ?? 0) + 1);
      guesses.set(k, (guesses.get(k) ?? 0) + chanceOfHit(count, right, k));
    }
  }
  const asked = rows - unanswerable;
  const share = (sums: ReadonlyMap<number, number>) => Object.fromEntries([...sums].map(([k, sum]) => [k, asked === 0 ? 0 : sum / asked]));
  return { queries: asked, candidates: count, unanswerable, at: share(hits), chance: share(guesses) };
}

function matrixShape({ vectors, ids }: Embeddings): readonly [number, number] {
  const [rows, width, ...more] = vectors.shape;
  if (rows === undefined || width === undefined || more.length > 0) throw new Error(`embeddings of shape [${vectors.shape.join(", ")}]`);
  if (ids.length !== rows) throw new Error(`${ids.length} ids for ${rows} embeddings`);
  return [rows, width];
}

function dot(a: Float64Array, b: Float64Array, offset: number): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] ?? 0) * (b[offset + k] ?? 0);
  return sum;
}

/** How many wrong answers stand before the best right one. */
function wrongBefore(scores: Float64Array, ids: Int32Array, id: number): number {
  let best = -Infinity;
  for (let i = 0; i < scores.length; i++) if (ids[i] === id) best = Math.max(best, rankable(scores[i] ?? NaN));
  let before = 0;
  // "Not less" rather than "greater or equal": a NaN stands before everything.
  for (let i = 0; i < scores.length; i++) if (ids[i] !== id && !((scores[i] ?? NaN) < best)) before++;
  return before;
}

const rankable = (score: number): number => (Number.isNaN(score) ? -Infinity : score);

/** 1 - P(no right answer among k drawn without replacement). */
function chanceOfHit(count: number, right: number, k: number): number {
  let miss = 1;
  for (let drawn = 0; drawn < Math.min(k, count); drawn++) miss *= Math.max(count - right - drawn, 0) / (count - drawn);
  return 1 - miss;
}
