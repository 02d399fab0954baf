import { expect, test } from "vitest";
import { largestBatch } from "../../../runtime/cli/largest-batch.js";

test.each([1, 2, 3, 63, 64, 65, 1000, 123_456])("finds an edge at %d from either side, to the row", (edge) => {
  for (const start of [1, 7, 64, 99_999]) expect(largestBatch({ n: start }, ({ n }) => (n ?? 0) <= edge)).toEqual({ n: edge });
});

test("two batches keep their proportion, and none falls to zero", () => {
  expect(largestBatch({ n: 10, m: 50 }, ({ n, m }) => (n ?? 0) >= 1 && (m ?? 0) <= 105)).toEqual({ n: 21, m: 105 });
});

test("where nothing fits there is no largest, and where everything does it ends", () => {
  expect(largestBatch({ n: 5 }, () => false)).toBeNull();
  expect(largestBatch({ n: 5 }, () => true)?.["n"]).toBeGreaterThan(1e11);
  expect(largestBatch({}, () => true)).toBeNull();
});
