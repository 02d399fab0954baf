import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bind } from "../../../compiler/bind.js";
import { convert } from "../../../runtime/data/host-array.js";
import { openEngine } from "../../../runtime/engines/registry.js";
import { type Direction, retrieval, summary } from "../../../runtime/eval/retrieval.js";
import { compileText } from "../../support/compile-text.js";
import { whyNoNative } from "../../support/native-missing.js";
import { arbitrarySide, idsOf, type Side, sortedRanks, vectorsOf } from "./sides.js";

const planref = { engine: await openEngine("planref", "f64", () => undefined), precision: "f64" } as const;
const missing = await whyNoNative();
const KS = [1, 2, 5, 100];
const embeddings = (side: Side) => ({ vectors: vectorsOf(side), ids: idsOf(side) });
const side = (...rows: readonly (readonly [vector: readonly number[], id: number])[]): Side => rows.map(([vector, id]) => ({ vector, id }));

function expectRanks(direction: Direction, ranks: readonly number[], queries: number): void {
  const sorted = [...ranks].sort((a, b) => a - b);
  const n = ranks.length;
  expect(direction).toMatchObject({ queries: n, unanswerable: queries - n });
  for (const k of KS) expect(direction.at[k]).toBeCloseTo(n === 0 ? 0 : sorted.filter((rank) => rank <= k).length / n, 12);
  expect(direction.meanRank).toBe(sorted.reduce((a, b) => a + b, 0) / n);
  const middle = n % 2 === 1 ? sorted[(n - 1) / 2] : ((sorted[n / 2 - 1] ?? NaN) + (sorted[n / 2] ?? NaN)) / 2;
  expect(direction.medianRank).toBe(middle);
}

async function expectSorting(images: Side, texts: Side, machine: Parameters<typeof retrieval>[3]): Promise<void> {
  const found = await retrieval(embeddings(images), embeddings(texts), KS, machine);
  expectRanks(found.imageToText, sortedRanks(images, texts), images.length);
  expectRanks(found.textToImage, sortedRanks(texts, images), texts.length);
}

describe("retrieval", () => {
  test("equals sorting everything both ways: ties, duplicates, several right answers, one row, NaN and infinity", async () => {
    const sides = [arbitrarySide(3, 20, true), arbitrarySide(3, 20, true)] as const;
    await fc.assert(
      fc.asyncProperty(...sides, (images, texts) => expectSorting(images, texts, planref)),
      { numRuns: 25 },
    );
  });

  test.skipIf(missing !== null)("the same on the native engine in f32, across many blocks", async () => {
    const native = { engine: await openEngine("native", "f32", () => undefined), precision: "f32" } as const;
    const row = (i: number, width: number) => Array.from({ length: width }, (_, k) => ((i * 7919 + k * 104729) % 5) - 2);
    const rows = (count: number, shift: number): Side =>
      Array.from({ length: count }, (_, i) => ({ vector: row(i + shift, 8), id: (i * 31 + shift) % 200 }));
    await expectSorting(rows(301, 0), rows(517, 3), native);
    // The last row of one side is broken, and one side is a single row.
    await expectSorting([...rows(40, 1), { vector: [NaN, ...row(1, 7)], id: 3 }], rows(1, 2), native);
  });

  test("a collapsed model, whose scores are all equal, scores nothing", async () => {
    const same = Array.from({ length: 20 }, (_, id) => ({ vector: [1, 1], id }));
    const { imageToText, textToImage } = await retrieval(embeddings(same), embeddings(same), [1, 10], planref);
    for (const way of [imageToText, textToImage]) expect(way).toMatchObject({ at: { 1: 0, 10: 0 }, meanRank: 20, medianRank: 20 });
  });

  test("a broken row is never a hit, in the query or in any candidate", async () => {
    const images = side([[NaN, 0], 0], [[1, 0], 1]);
    const texts = side([[1, 0], 0], [[0, 1], 1]);
    const { imageToText, textToImage } = await retrieval(embeddings(images), embeddings(texts), [1, 2], planref);
    expect(imageToText.at).toEqual({ 1: 0, 2: 1 });
    // The broken picture stands before the right one for text 1.
    expect(textToImage.at).toEqual({ 1: 0, 2: 1 });
  });

  test("16-bit embeddings are read as numbers", async () => {
    const { vectors, ids } = embeddings(side([[1, 0], 0], [[0, 2], 1], [[-1, -1], 2]));
    const half = { vectors: convert(vectors, "bf16"), ids };
    expect((await retrieval(half, half, [1], planref)).imageToText.at[1]).toBe(1);
  });

  test("rows whose ids or widths do not fit are our own mistake", async () => {
    const one = embeddings(side([[1, 0], 0]));
    await expect(retrieval({ ...one, ids: new Int32Array(2) }, one, [1], planref)).rejects.toThrow(/an id/);
    await expect(retrieval(embeddings(side([[1], 0])), one, [1], planref)).rejects.toThrow(/widths 1 and 2/);
  });
});

test("two sweeps rank both ways, and nothing that grows with n*m is stored", () => {
  const text = readFileSync(new URL("../../../pipelines/eval/ranks.sig", import.meta.url), "utf8");
  const { template } = compileText(text, { target: planref.engine.target("f64"), gradients: false });
  expect(template.graph.nodes.filter((node) => node.op === "tile")).toHaveLength(2);
  const { plan } = bind(template, { n: 30_000, m: 40_000 });
  expect(plan?.buffers.map(({ degree }) => degree).filter((degree) => degree > 1)).toEqual([]);
  // Inputs, vectors and a block.
  expect(plan?.peakBytes).toBeLessThan(1.1 * 70_000 * 768 * 8);
});

describe("summary", () => {
  test("chance is k over the candidates for one right answer, and grows with several", () => {
    const ids = Int32Array.from({ length: 50 }, (_, i) => i);
    const single = summary(new Int32Array([3]), ids, new Int32Array([7]), [1, 10, 50]);
    expect(single.chance).toEqual({ 1: expect.closeTo(0.02, 12), 10: expect.closeTo(0.2, 12), 50: expect.closeTo(1, 12) });
    const double = summary(
      new Int32Array([0]),
      ids.map((i) => i % 25),
      new Int32Array([0]),
      [10],
    );
    expect(double.chance[10]).toBeCloseTo(1 - (40 * 39) / (50 * 49), 12);
  });

  test("no answerable queries give no recall and no rank", () => {
    expect(summary(new Int32Array([3]), new Int32Array([1]), new Int32Array([0]), [1])).toEqual({
      queries: 0,
      candidates: 1,
      unanswerable: 1,
      at: { 1: 0 },
      chance: { 1: 0 },
      meanRank: NaN,
      medianRank: NaN,
    });
  });
});
