import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convert, hostArray } from "../../../runtime/data/host-array.js";
import { type Embeddings, recall } from "../../../runtime/data/retrieval.js";

const embeddings = (rows: readonly (readonly number[])[], ids: readonly number[], width = rows[0]?.length ?? 1): Embeddings => ({
  vectors: hostArray("f32", [rows.length, width], Float32Array.from(rows.flat())),
  ids: Int32Array.from(ids),
});

/** Sorts every candidate, wrong ones first among equals, and looks at the first k. */
function bruteForce(
  queries: readonly (readonly number[])[],
  queryIds: readonly number[],
  candidates: readonly (readonly number[])[],
  ids: readonly number[],
  k: number,
): number {
  const asked = queryIds.map((id, q) => ({ id, q })).filter(({ id }) => ids.includes(id));
  if (asked.length === 0) return 0;
  const hit = asked.map(({ id, q }) => {
    const scored = candidates.map((vector, c) => ({
      score: vector.reduce((sum, x, d) => sum + x * (queries[q]?.[d] ?? 0), 0),
      right: ids[c] === id,
    }));
    scored.sort((a, b) => b.score - a.score || Number(a.right) - Number(b.right));
    return scored.slice(0, k).some(({ right }) => right);
  });
  return hit.filter(Boolean).length / asked.length;
}

describe("recall", () => {
  test("equals sorting everything, with many ties and several right answers", () => {
    // Small integers: products are exact and ties frequent.
    const row = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 3, maxLength: 3 });
    const side = fc.array(fc.record({ row, id: fc.nat(5) }), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(side, side, (queries, candidates) => {
        const [q, c] = [queries.map(({ row }) => row), candidates.map(({ row }) => row)];
        const [qi, ci] = [queries.map(({ id }) => id), candidates.map(({ id }) => id)];
        const got = recall(embeddings(q, qi), embeddings(c, ci), [1, 2, 5, 100]);
        for (const k of [1, 2, 5, 100]) expect(got.at[k]).toBeCloseTo(bruteForce(q, qi, c, ci, k), 12);
        expect(got.unanswerable).toBe(qi.filter((id) => !ci.includes(id)).length);
      }),
    );
  });

  test("a collapsed model, whose scores are all equal, scores nothing", () => {
    const same = Array.from({ length: 20 }, () => [1, 1]);
    const ids = same.map((_, i) => i);
    expect(recall(embeddings(same, ids), embeddings(same, ids), [1, 10]).at).toEqual({ 1: 0, 10: 0 });
  });

  test("NaN is never a hit, in the query or in any candidate", () => {
    const good = [
      [1, 0],
      [0, 1],
    ];
    expect(recall(embeddings([[NaN, 0]], [0]), embeddings(good, [0, 1]), [1]).at[1]).toBe(0);
    expect(
      recall(
        embeddings([[1, 0]], [0]),
        embeddings(
          [
            [NaN, 0],
            [0, 1],
          ],
          [0, 1],
        ),
        [1],
      ).at[1],
    ).toBe(0);
    expect(
      recall(
        embeddings([[1, 0]], [0]),
        embeddings(
          [
            [1, 0],
            [NaN, 1],
          ],
          [0, 1],
        ),
        [1, 2],
      ).at,
    ).toEqual({ 1: 0, 2: 1 });
  });

  test("chance is k over the candidates for one right answer, and grows with several", () => {
    const rows = Array.from({ length: 50 }, (_, i) => [i]);
    const single = recall(
      embeddings([[1]], [3]),
      embeddings(
        rows,
        rows.map((_, i) => i),
      ),
      [1, 10, 50],
    );
    expect(single.chance[1]).toBeCloseTo(0.02, 12);
    expect(single.chance[10]).toBeCloseTo(0.2, 12);
    expect(single.chance[50]).toBeCloseTo(1, 12);
    const double = recall(
      embeddings([[1]], [0]),
      embeddings(
        rows,
        rows.map((_, i) => i % 25),
      ),
      [10],
    );
    expect(double.chance[10]).toBeCloseTo(1 - (40 * 39) / (50 * 49), 12);
  });

  test("16-bit embeddings are read as numbers, and no queries give no recall", () => {
    const { vectors, ids } = embeddings(
      [
        [1, 0],
        [0, 2],
        [-1, -1],
      ],
      [0, 1, 2],
    );
    const half = { vectors: convert(vectors, "bf16"), ids };
    expect(recall(half, half, [1]).at[1]).toBe(1);
    expect(recall(embeddings([], [], 2), half, [1])).toMatchObject({ queries: 0, at: { 1: 0 } });
  });
});
