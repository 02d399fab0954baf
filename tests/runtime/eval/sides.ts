/** Random sides of a retrieval with many ties, and what sorting all pairs says of them. Imports nothing that it checks. */
import fc from "fast-check";
import { hostArray, type HostArray } from "../../../runtime/data/host-array.js";

export type Row = { readonly vector: readonly number[]; readonly id: number };
export type Side = readonly Row[];

/** Small integers: products are exact and ties frequent. `broken`: now and then NaN or infinity. */
export const arbitrarySide = (width: number, most: number, broken = false): fc.Arbitrary<Side> => {
  const whole = fc.integer({ min: -2, max: 2 });
  const element = broken ? fc.oneof({ weight: 30, arbitrary: whole }, { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity) }) : whole;
  const vector = fc.array(element, { minLength: width, maxLength: width });
  return fc.array(fc.record({ vector, id: fc.nat(5) }), { minLength: 1, maxLength: most });
};

export const vectorsOf = (side: Side): HostArray<"f32"> =>
  hostArray("f32", [side.length, side[0]?.vector.length ?? 1], Float32Array.from(side.flatMap(({ vector }) => vector)));

export const idsOf = (side: Side): Int32Array => Int32Array.from(side.map(({ id }) => id));

/** NaN where either row holds what is not finite. */
function score(a: Row, b: Row): number {
  const sound = [...a.vector, ...b.vector].every(Number.isFinite);
  return sound ? a.vector.reduce((sum, x, k) => sum + x * (b.vector[k] ?? 0), 0) : NaN;
}

/** The rank of the best right answer, from 1, with every candidate sorted: wrong ones first among equals, NaN best where wrong and last where right. */
export function sortedRank(query: Row, candidates: Side): number | null {
  const place = candidates
    .map((candidate) => {
      const right = candidate.id === query.id;
      const s = score(query, candidate);
      return { right, key: Number.isNaN(s) ? (right ? -Infinity : Infinity) : s };
    })
    .sort((a, b) => (a.key === b.key ? Number(a.right) - Number(b.right) : b.key - a.key))
    .findIndex(({ right }) => right);
  return place === -1 ? null : place + 1;
}

export const sortedRanks = (queries: Side, candidates: Side): readonly number[] =>
  queries.map((query) => sortedRank(query, candidates)).filter((rank) => rank !== null);

/** The k nearest by sorting, earlier ones first among equals; what has no score is left out. */
export const sortedNearest = (query: Row, candidates: Side, k: number): readonly { readonly index: number; readonly score: number }[] =>
  candidates
    .map((candidate, index) => ({ index, score: score(query, candidate) }))
    .filter((found) => !Number.isNaN(found.score))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, k);
