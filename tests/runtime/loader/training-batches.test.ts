/** Batches of examples: the same whatever the batch size and the place they are begun at, full, and complete. */
import { beforeAll, describe, expect, test } from "vitest";
import type { HostArray } from "../../../runtime/data/host-array.js";
import { BrokenSamples, brokenLimit } from "../../../runtime/loader/broken-samples.js";
import { type SampleRows, sampleRows } from "../../../runtime/loader/sample-rows.js";
import { type TrainingBatch, trainingBatches } from "../../../runtime/loader/training-batches.js";
import { BrokenSample, type SampleIndex } from "../../../runtime/samples/open-samples.js";
import type { Sample } from "../../../runtime/samples/sample.js";
import { lowerText } from "../../support/compile-text.js";
import { pngOf } from "../../support/sample-files.js";

const ROWS = 23;
const program = lowerText(`pipeline p {
  batch n
  input image : f32[n, 4, 4, 3]
  input id : i32[n]
  loss = mean(image) + sum(float(id))
  data { image = column("png") | decode | random_crop(4, scale: (0.3, 1)) | flip | color_jitter(brightness: 0.4) | to_float(-1, 1)
         id = column("cls") | to_int }
}`);

let pictures: readonly Uint8Array[] = [];
beforeAll(async () => {
  pictures = await Promise.all(Array.from({ length: ROWS }, (_, i) => pngOf(i, 7)));
});

/** Samples in memory; those of `broken` cannot be read. */
function samples(
  broken: ReadonlySet<number> = new Set(),
  holdBytes = 1 << 20,
): { readonly rows: SampleRows; readonly reads: () => number } {
  let reads = 0;
  const read = async (i: number): Promise<Sample> => {
    reads++;
    if (broken.has(i)) throw new BrokenSample("SIG6299", `sample ${i}`, `sample ${i} cannot be read`, []);
    return { key: String(i), origin: `sample ${i}`, bytes: async () => pictures[i] ?? null, value: async () => String(i) };
  };
  const index: SampleIndex = { count: ROWS, fingerprint: "f", damage: [], read, close: () => undefined };
  const { inputs, data } = program;
  const noTokenizer = (): never => {
    throw new Error("there is no text here");
  };
  const options = { inputs, tokenizerOf: noTokenizer, precision: "f32", placeOf: () => "p.sig", holdBytes } as const;
  return { rows: sampleRows(index, { ...options, entries: data?.entries ?? [] }), reads: () => reads };
}

type Place = { readonly seed: number; readonly epoch: number; readonly row: number };
const begin = (seed: number): Place => ({ seed, epoch: 0, row: 0 });

async function take(
  count: number,
  batch: number,
  start: Place,
  from = samples().rows,
  limit = 10,
  known: readonly number[] = [],
): Promise<readonly TrainingBatch[]> {
  const parts = { rows: ROWS, samples: from, gather: () => new Map<string, HostArray>(), broken: new BrokenSamples(ROWS, limit, known) };
  const stream = trainingBatches(parts, batch, start);
  const taken: TrainingBatch[] = [];
  while (taken.length < count) taken.push((await stream.next()).value);
  return taken;
}
const ids = (batches: readonly TrainingBatch[]) => batches.map(({ inputs }) => [...(inputs.get("id")?.data ?? [])]);
/** The bytes of each example's picture, by epoch and id. */
function picturesOf(batches: readonly TrainingBatch[], epochOf: (k: number) => number): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  batches.forEach(({ inputs, rows }, k) => {
    const { data } = inputs.get("image") as HostArray<"f32">;
    rows.forEach((row, i) => found.set(`${epochOf(k)} ${row}`, data.slice(i * 48, i * 48 + 48).join(" ")));
  });
  return found;
}

describe("batches of samples", () => {
  test("one seed gives one set of bytes, another seed another; each epoch has its own draws", async () => {
    const all = (batches: readonly TrainingBatch[]) =>
      batches.map(({ inputs }) => [...inputs].map(([name, { data }]) => [name, data.join(" ")]));
    const first = await take(6, 7, begin(1));
    expect(all(await take(6, 7, begin(1)))).toEqual(all(first));
    expect(ids(await take(1, 7, begin(2)))).not.toEqual(ids(first.slice(0, 1)));
    const byEpoch = picturesOf(first, (k) => Math.floor(k / 3));
    const both = [...Array(ROWS).keys()].filter((row) => byEpoch.has(`0 ${row}`) && byEpoch.has(`1 ${row}`));
    expect(both.length).toBeGreaterThan(10);
    for (const row of both) expect(byEpoch.get(`0 ${row}`)).not.toBe(byEpoch.get(`1 ${row}`));
  });

  test("an epoch has every example at most once, and the input's rows are those that it says", async () => {
    const batches = await take(3, 7, begin(5));
    expect(ids(batches)).toEqual(batches.map(({ rows }) => [...rows]));
    expect(new Set(ids(batches).flat()).size).toBe(21);
  });

  test("an example's augmentation depends on neither the batch size, nor what came before, nor what is kept decoded", async () => {
    const sevens = picturesOf(await take(3, 7, begin(3)), () => 0);
    const threes = picturesOf(await take(7, 3, begin(3), samples(new Set(), 0).rows), () => 0);
    const late = picturesOf(await take(1, 5, { seed: 3, epoch: 0, row: 9 }), () => 0);
    for (const [example, pixels] of [...threes, ...late]) expect([example, sevens.get(example) ?? pixels]).toEqual([example, pixels]);
    expect([...late.keys()].filter((example) => sevens.has(example)).length).toBeGreaterThanOrEqual(5);
    expect(new Set(sevens.values()).size).toBe(21);
  });

  test("begun at a batch's `next`, the same batches follow, broken samples or not", async () => {
    for (const broken of [new Set<number>(), new Set([2, 11, 17])]) {
      const whole = await take(9, 5, begin(4), samples(broken).rows);
      for (let k = 0; k < 8; k++) {
        const rest = await take(8 - k, 5, whole[k]?.next ?? begin(0), samples(broken).rows);
        expect(ids(rest)).toEqual(ids(whole.slice(k + 1)));
        expect(rest.map(({ next }) => next)).toEqual(whole.slice(k + 1).map(({ next }) => next));
      }
    }
  });

  test("what is broken is told once and passed over, and every batch is full", async () => {
    const broken = new Set([0, 6, 12, 18, 22]);
    const batches = await take(9, 6, begin(8), samples(broken).rows);
    expect(batches.every(({ rows }) => rows.length === 6)).toBe(true);
    expect(
      ids(batches)
        .flat()
        .filter((id) => broken.has(id)),
    ).toEqual([]);
    const told = batches.flatMap((batch) => batch.broken.map(({ sample }) => sample.origin));
    expect(told.sort()).toEqual([...broken].map((row) => `sample ${row}`).sort());
    // The epoch that each batch begins in; one that could only be cut short has gone over into the next.
    const examples = batches.flatMap(({ rows, next }) => [...rows].map((row) => `${next.row === 0 ? next.epoch - 1 : next.epoch} ${row}`));
    expect(new Set(examples).size).toBe(examples.length);
  });

  test("what is known to be broken is neither told nor looked at again, and counts towards the limit", async () => {
    const broken = new Set([0, 6, 12, 18, 22]);
    const all = await take(9, 6, begin(8), samples(broken).rows);
    const told = all.slice(0, 2).flatMap((batch) => batch.broken.map(({ row }) => row));
    expect(told.length).toBeGreaterThan(0);
    const from = all[1]?.next ?? begin(0);
    const rest = await take(7, 6, from, samples(broken).rows, 5, told);
    expect(ids(rest)).toEqual(ids(all.slice(2)));
    expect([...told, ...rest.flatMap((batch) => batch.broken.map(({ row }) => row))].sort((a, b) => a - b)).toEqual([...broken]);
    await expect(take(7, 6, from, samples(broken).rows, 4, told)).rejects.toThrow("5 of 23 samples are broken");
  });

  test("one more than the limit stops the run, with the first named", async () => {
    const broken = new Set([1, 3, 5, 7]);
    await expect(take(20, 6, begin(1), samples(broken).rows, 3)).rejects.toMatchObject({
      code: "SIG6304",
      exit: 3,
      message: expect.stringMatching(/^4 of 23 samples are broken, and at most 3 may be. The first: sample \d cannot be read$/),
    });
    await expect(take(20, 6, begin(1), samples(broken).rows, 4)).resolves.toHaveLength(20);
    expect([brokenLimit(20), brokenLimit(1000), brokenLimit(123_456)]).toEqual([10, 10, 1235]);
  });

  test("a batch that the good samples cannot fill is refused, and not waited for", async () => {
    await expect(take(1, 20, begin(1), samples(new Set([1, 2, 3, 4])).rows)).rejects.toThrow("a batch of 20 does not fit in 19 rows");
    await expect(take(1, 24, begin(1))).rejects.toThrow("a batch of 24 does not fit in 23 rows");
  });

  test("pictures are decoded once where they fit, and within the bound where they do not", async () => {
    const ample = samples();
    await take(9, 7, begin(1), ample.rows);
    expect(ample.reads()).toBe(ROWS);
    expect(ample.rows.heldBytes()).toBeGreaterThan(ROWS * 147);
    const scarce = samples(new Set(), 1500);
    await take(9, 7, begin(1), scarce.rows);
    expect(scarce.reads()).toBeGreaterThan(ROWS);
    expect(scarce.rows.heldBytes()).toBeLessThanOrEqual(1500);
    expect(scarce.rows.heldBytes()).toBeGreaterThan(1000);
  });
});
