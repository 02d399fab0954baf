/** Batches made ahead are given up as soon as nobody wants them, however many pictures they have. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openTrainingData, type TrainingData, usualLimits } from "../../../runtime/train/training-data.js";
import { lowerText } from "../../support/compile-text.js";
import { pngOf } from "../../support/sample-files.js";

const folder = mkdtempSync(join(tmpdir(), "sig-train-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 1000;
const begin = { seed: 0, epoch: 0, row: 0 };
const program = lowerText(`pipeline p {
  batch n
  input image : f32[n, 4, 4, 3]
  loss = mean(image)
  data { image = column("picture") | decode | resize(4) | to_float(-1, 1) }
}`);

/** So many rows of one picture, whose decoding takes milliseconds. */
async function open(): Promise<TrainingData> {
  writeFileSync(join(folder, "picture.png"), await pngOf(1, 300));
  writeFileSync(join(folder, "rows.jsonl"), '{"picture":"picture.png"}\n'.repeat(ROWS));
  const options = { program, folder, precision: "f32", placeOf: () => "p.sig", limits: { ...usualLimits, hold: 0 } } as const;
  return openTrainingData({ columns: [], samples: [join(folder, "rows.jsonl")] }, options);
}
async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

test("a stream that is closed makes its batch no further, and may be closed again", async () => {
  const data = await open();
  const tenth = data.stream(ROWS / 10, begin, []);
  const forTenth = await milliseconds(() => tenth.next());
  await tenth.close();
  const whole = data.stream(ROWS, begin, []);
  const forClosing = await milliseconds(() => whole.close());
  await whole.close();
  data.close();
  expect(forClosing).toBeLessThan(forTenth);
  await expect(whole.next()).rejects.toThrow("closed");
});

test("a stream makes its first batch before anybody asks, and it is the one that would be made later", async () => {
  const data = await open();
  const early = data.stream(4, begin, []);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const late = data.stream(4, begin, []);
  for (let k = 0; k < 3; k++) {
    const [a, b] = [await early.next(), await late.next()];
    expect([...a.rows]).toEqual([...b.rows]);
    expect(a.next).toEqual(b.next);
  }
  await Promise.all([early.close(), late.close()]);
  data.close();
});
