/** What entries make of what samples hold, and what they say of samples that hold something else. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleRows } from "../../../runtime/loader/sample-rows.js";
import { tokenizersIn } from "../../../runtime/loader/tokenizers.js";
import { BrokenSample, type SampleIndex } from "../../../runtime/samples/open-samples.js";
import type { JsonValue } from "../../../runtime/samples/sample.js";
import { lowerText } from "../../support/compile-text.js";
import { pngOf, wordTokenizer } from "../../support/sample-files.js";

const folder = mkdtempSync(join(tmpdir(), "sig-entries-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let picture: Uint8Array | null = null;
beforeAll(async () => {
  writeFileSync(join(folder, "words.json"), wordTokenizer(["red", "dog", "<s>", "</s>"]));
  picture = await pngOf(3, 6, 4);
});

const types: Readonly<Record<string, string>> = { image: "f32[n, 4, 4, 3]", ids: "i32[n, 4]", label: "i32[n]", weight: "f32[n]" };

/** The row that one entry makes of a sample whose every column is `value`. */
async function rowOf(input: string, pipe: string, value: JsonValue | null): Promise<readonly number[] | BrokenSample> {
  const program = lowerText(`pipeline p { batch n
  input ${input} : ${types[input]}
  loss = sum(float(${input}))
  data { ${input} = ${pipe} } }`);
  const sample = { key: "k", origin: "s.tar, key k", bytes: async () => picture, value: async () => value };
  const index: SampleIndex = { count: 1, fingerprint: "", damage: [], read: async () => sample, close: () => undefined };
  const { inputs, data } = program;
  const options = { inputs, tokenizerOf: tokenizersIn(folder), holdBytes: 1 << 20, precision: "f64", placeOf: () => "p.sig:4" } as const;
  const rows = sampleRows(index, { ...options, entries: data?.entries ?? [] });
  const row = await rows.row(0, { seed: 0, epoch: 0 });
  if (row instanceof BrokenSample) return row;
  const array = rows.join([row], Int32Array.of(0)).get(input);
  expect(array?.shape[0]).toBe(1);
  return [...(array?.data ?? [])];
}

const TOKENS = 'tokenize("words.json", length: 4';

describe("entries", () => {
  test.each([
    ["ids", `column("txt") | ${TOKENS})`, "red dog cat", [1, 2, 0, 0]],
    ["ids", `column("txt") | lower | ${TOKENS})`, "Red DOG", [1, 2, 0, 0]],
    ["ids", `column("txt") | ${TOKENS}, begin: "<s>", end: "</s>", pad: "</s>")`, "dog", [3, 2, 4, 4]],
    ["ids", `column("txt") | ${TOKENS}, end: "</s>")`, "red dog red dog red", [1, 2, 1, 2]],
    ["ids", `column("txt") | ${TOKENS}, end: "</s>", too_long: "keep_end")`, "red dog red dog red", [1, 2, 1, 4]],
    ["ids", `column("txt") | pick(first) | ${TOKENS}, pad: 2)`, ["dog", "red"], [2, 2, 2, 2]],
    ["ids", `column("txt") | pick(random) | ${TOKENS})`, "red", [1, 0, 0, 0]],
    ["label", 'column("cls") | to_int', 7, [7]],
    ["label", 'column("cls") | to_int', " 12 ", [12]],
    ["weight", 'column("w") | number', 0.1, [0.1]],
  ] as const)("%s = %s", async (input, pipe, value, row) => expect(await rowOf(input, pipe, value)).toEqual(row));

  test("pictures become floats by their range, then by mean and deviation", async () => {
    // The test's own picture: 6 wide and 4 high; its middle square begins at column 1.
    const byte = (y: number, x: number, c: number) => {
      const i = (y * 6 + x) * 3 + c;
      return (3 * 37 + i * i * 11 + i * 5) % 256;
    };
    const middle = [0, 1, 2, 3].flatMap((y) => [1, 2, 3, 4].flatMap((x) => [0, 1, 2].map((c) => byte(y, x, c))));
    const floats = await rowOf("image", 'column("png") | decode | center_crop(4) | to_float(0, 255)', null);
    expect(floats).toEqual(middle);
    const normal = await rowOf("image", 'column("png") | decode | center_crop(4) | to_float(0, 255) | normalize((0, 10, 20), 2)', null);
    if (normal instanceof BrokenSample) throw normal;
    normal.forEach((x, i) => expect(x).toBeCloseTo(((middle[i] ?? 0) - (i % 3) * 10) / 2, 4));
  });

  test.each([
    [
      "image",
      'column("png") | decode | to_float',
      null,
      "SIG6312",
      "the picture is 4 by 6 high and wide; image is declared f32[n, 4, 4, 3] (p.sig:4)",
    ],
    ["ids", `column("txt") | ${TOKENS})`, null, "SIG6310", 'there is no "txt"'],
    ["ids", `column("txt") | ${TOKENS})`, ["a", "b"], "SIG6311", '"txt" is a list of 2; ids takes text from it (p.sig:4)'],
    ["ids", `column("txt") | pick(first) | ${TOKENS})`, [], "SIG6311", "a list of 0"],
    ["ids", `column("txt") | pick(first) | ${TOKENS})`, ["a", 3], "SIG6311", "a list of 2"],
    ["ids", `column("txt") | lower | ${TOKENS})`, 3, "SIG6311", '"txt" is 3; ids takes text'],
    ["label", 'column("cls") | to_int', 2.5, "SIG6311", "takes a whole number of 32 bits"],
    ["label", 'column("cls") | to_int', 2 ** 31, "SIG6311", "takes a whole number of 32 bits"],
    ["label", 'column("cls") | to_int', " ", "SIG6311", 'is the text " "'],
    ["label", 'column("cls") | to_int', new Map([["a", 1]]), "SIG6311", "is an object"],
    ["weight", 'column("w") | number', "NaN", "SIG6311", "takes a finite number"],
    ["weight", 'column("w") | number', true, "SIG6311", '"w" is true'],
  ] as const)("%s = %s of %j is a broken sample", async (input, pipe, value, code, says) => {
    const broken = await rowOf(input, pipe, value);
    expect(broken).toBeInstanceOf(BrokenSample);
    expect(broken).toMatchObject({ code, message: expect.stringContaining(says) });
    expect(broken).toMatchObject({ message: expect.stringContaining("s.tar, key k") });
  });

  test("a token that the tokenizer lacks is told before the first sample is read", async () => {
    await expect(rowOf("ids", `column("txt") | ${TOKENS}, end: "<eos>")`, "red")).rejects.toMatchObject({ code: "SIG6273" });
  });
});
