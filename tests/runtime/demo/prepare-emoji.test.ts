import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../../../runtime/data/safetensors.js";
import { emojiStyles } from "../../../runtime/demo/emoji-styles.js";
import { prepareEmoji } from "../../../runtime/demo/prepare-emoji.js";
import { rasterise } from "../../../runtime/demo/rasterise.js";

const base = mkdtempSync(join(tmpdir(), "sig-emoji-"));
afterAll(() => rmSync(base, { recursive: true }));

const square = (attributes: string) => `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128">${attributes}</svg>`;

describe("a picture", () => {
  test("does not depend on where in its frame it is drawn, and transparent is white", async () => {
    const [a, b] = await Promise.all([
      rasterise(square('<rect x="4" y="8" width="64" height="32"/>')),
      rasterise(square('<rect x="60" y="90" width="64" height="32"/>')),
    ]);
    expect(a).toEqual(b);
    // Twice as wide as high: a quarter of white above and below.
    expect([a?.[0], a?.[16 * 32 * 3], a?.[31 * 32 * 3]]).toEqual([1, -1, 1]);
  });

  test("white on white is no picture", async () => {
    expect(await rasterise(square('<rect width="50" height="50" fill="#fff"/>'))).toBeNull();
  });
});

describe("the set", () => {
  // The smallest style alone: all six take half a minute.
  const styles = emojiStyles.filter(({ name }) => name === "fxemoji");

  test("is the same bytes when built again, is not built twice, and is built again when a file is damaged", async () => {
    const [first, second] = [join(base, "first"), join(base, "second")];
    const set = await prepareEmoji(first, { styles });
    expect(set).toMatchObject({ rows: { train: 581, test: 0, captions: 1644 }, fresh: false });
    expect((await prepareEmoji(first, { styles })).fresh).toBe(true);
    await prepareEmoji(second, { styles });
    expect(readdirSync(second).sort()).toEqual([
      "LICENSES.md",
      "captions.safetensors",
      "manifest.jsonl",
      "prepared.json",
      "test.safetensors",
      "train.safetensors",
    ]);
    for (const name of readdirSync(second))
      expect(readFileSync(join(first, name)).equals(readFileSync(join(second, name))), name).toBe(true);

    const [train, test, captions] = [set.train, set.test, set.captions].map((path) => readSafetensors(path));
    const shapes = (tensors: typeof train) =>
      Object.fromEntries([...(tensors ?? [])].map(([name, { dtype, shape }]) => [name, `${dtype}[${shape.join(", ")}]`]));
    expect(shapes(train)).toEqual({
      image: "f32[581, 32, 32, 3]",
      tokens: "i32[581, 48]",
      token_weight: "f32[581, 48]",
      concept: "i32[581]",
    });
    expect(shapes(test)["image"]).toBe("f32[0, 32, 32, 3]");
    expect(shapes(captions)).toEqual({ tokens: "i32[1644, 48]", token_weight: "f32[1644, 48]", concept: "i32[1644]" });
    const concepts = [...(train?.get("concept")?.data ?? [])];
    expect(new Set(concepts).size).toBe(581);
    // A picture and the name of its concept meet in one row.
    const tokens = (tensors: typeof train, row: number) => [...(tensors?.get("tokens")?.data.subarray(row * 48, row * 48 + 48) ?? [])];
    for (const row of [0, 300, 580]) expect(tokens(train, row)).toEqual(tokens(captions, concepts[row] ?? -1));
    const manifest = readFileSync(join(first, "manifest.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(manifest.length).toBe(581);
    expect(manifest.map(({ concept }) => concept)).toEqual(concepts);

    truncateSync(set.train, 100);
    expect((await prepareEmoji(first, { styles })).fresh).toBe(false);
    expect(readFileSync(set.train).equals(readFileSync(join(second, "train.safetensors")))).toBe(true);
  });
});
