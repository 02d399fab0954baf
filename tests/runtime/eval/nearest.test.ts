import fc from "fast-check";
import { expect, test } from "vitest";
import { openEngine } from "../../../runtime/engines/registry.js";
import { Nearest } from "../../../runtime/eval/nearest.js";
import { whyNoNative } from "../../support/native-missing.js";
import { arbitrarySide, type Side, sortedNearest, vectorsOf } from "./sides.js";

const planref = { engine: await openEngine("planref", "f64", () => undefined), precision: "f64" } as const;
const missing = await whyNoNative();

async function expectSorting(
  queries: Side,
  candidates: Side,
  k: number,
  piece: number,
  machine: Parameters<typeof Nearest.among>[2],
): Promise<void> {
  const nearest = await Nearest.among(vectorsOf(queries), k, machine);
  for (let at = 0; at < candidates.length; at += piece) await nearest.add(vectorsOf(candidates.slice(at, at + piece)));
  const sound = (query: Side[number]) => query.vector.every(Number.isFinite);
  expect(nearest.lists).toEqual(queries.map((query) => (sound(query) ? sortedNearest(query, candidates, k) : [])));
  nearest.dispose();
}

test("the k nearest equal sorting, in pieces of any size: ties to the earlier, NaN never, k beyond the candidates", async () => {
  const numbers = [fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 12 })] as const;
  await fc.assert(
    fc.asyncProperty(arbitrarySide(2, 4, true), arbitrarySide(2, 24, true), ...numbers, (queries, candidates, k, piece) =>
      expectSorting(queries, candidates, k, piece, planref),
    ),
    { numRuns: 25 },
  );
});

test.skipIf(missing !== null)("the same on the native engine in f32, across many blocks", async () => {
  const native = { engine: await openEngine("native", "f32", () => undefined), precision: "f32" } as const;
  const rows = (count: number, shift: number): Side =>
    Array.from({ length: count }, (_, i) => ({
      vector: Array.from({ length: 6 }, (__, k) => (((i + shift) * 7919 + k * 104729) % 7) - 3),
      id: 0,
    }));
  await expectSorting(rows(3, 1), rows(700, 0), 10, 300, native);
});
