import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ExampleBatch, openExamples } from "../../../runtime/loader/examples.js";
import { lowerText } from "../../support/compile-text.js";
import { pngOf, tarOf, wordTokenizer } from "../../support/sample-files.js";

const folder = mkdtempSync(join(tmpdir(), "sig-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const shard = join(folder, "test.tar");

beforeAll(async () => {
  writeFileSync(join(folder, "words.json"), wordTokenizer(["red", "dog"]));
  const members = await Promise.all(
    Array.from({ length: 7 }, async (_, k) => [
      [`k${k}.png`, k === 3 ? "no picture" : await pngOf(k, 4)] as const,
      [`k${k}.json`, JSON.stringify({ captions: ["red dog", `dog ${k}`] })] as const,
    ]),
  );
  writeFileSync(shard, await tarOf(members.flat()));
});

const program = lowerText(`pipeline p {
  batch n
  input image : f32[n, 4, 4, 3]
  input tokens : i32[n, 2]
  loss = mean(image) + sum(float(tokens))
  data { image = column("png") | decode | random_crop(4, scale: (0.1, 0.2)) | to_float
         tokens = column("json.captions") | pick(first) | tokenize("words.json", length: 2) }
  eval { image = column("png") | decode | to_float(0, 255) }
}`);
const open = (inputs: readonly string[], broken?: number) =>
  openExamples([shard], {
    program,
    inputs,
    folder,
    precision: "f32",
    placeOf: () => "p.sig:7",
    ...(broken === undefined ? {} : { broken }),
  });

async function all(inputs: readonly string[], batch: number, broken?: number): Promise<readonly ExampleBatch[]> {
  const examples = await open(inputs, broken);
  const batches: ExampleBatch[] = [];
  try {
    for await (const made of examples.batches(batch)) batches.push(made);
  } finally {
    examples.close();
  }
  return batches;
}

describe("examples for evaluation", () => {
  test("all good samples in order, prepared as the eval block says, with their keys and captions at hand", async () => {
    const batches = await all(["image", "tokens"], 4);
    expect(batches.map(({ rows }) => [...rows])).toEqual([
      [0, 1, 2],
      [4, 5, 6],
    ]);
    expect(batches.flatMap(({ samples }) => samples.map(({ key }) => key))).toEqual(["k0", "k1", "k2", "k4", "k5", "k6"]);
    expect(await batches[1]?.samples[0]?.value("json.captions")).toEqual(["red dog", "dog 4"]);
    expect(batches[0]?.broken.map(({ origin }) => origin)).toEqual([expect.stringContaining("key k3")]);
    const [first] = batches;
    expect(first?.inputs.get("image")?.shape).toEqual([3, 4, 4, 3]);
    // The whole picture as the test drew it: pixel i of sample 1 is (37 + 11 i² + 5 i) mod 256.
    const drawn = Array.from({ length: 48 }, (_, i) => (37 + i * i * 11 + i * 5) % 256);
    expect([...(first?.inputs.get("image")?.data ?? [])].slice(48, 96)).toEqual(drawn);
    expect([...(first?.inputs.get("tokens")?.data ?? [])]).toEqual([1, 2, 1, 2, 1, 2]);
  });

  test("the batch size changes nothing, and one input can be read alone", async () => {
    const joined = (batches: readonly ExampleBatch[]) => batches.flatMap(({ inputs }) => [...(inputs.get("image")?.data ?? [])]);
    expect(joined(await all(["image"], 1))).toEqual(joined(await all(["image", "tokens"], 7)));
    expect([...((await all(["image"], 7))[0]?.inputs.keys() ?? [])]).toEqual(["image"]);
  });

  test("says what a checkpoint is held to, and how many there are", async () => {
    const examples = await open(["image", "tokens"]);
    examples.close();
    expect(examples.count).toBe(7);
    expect(Object.keys(examples.fixed)).toEqual(["eval.image", "eval.tokens", "the tokenizer of eval.tokens"]);
  });

  test("an input without an entry is refused, and too many broken samples are", async () => {
    const bare = lowerText("pipeline q { batch n\n input x : f32[n]\n loss = sum(x) }");
    await expect(
      openExamples([shard], { program: bare, inputs: ["x"], folder, precision: "f32", placeOf: () => "q.sig:1" }),
    ).rejects.toMatchObject({
      code: "SIG6305",
    });
    await expect(all(["image"], 2, 0)).rejects.toMatchObject({ code: "SIG6304" });
  });
});
