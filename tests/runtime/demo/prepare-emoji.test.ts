import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { extract } from "tar-stream";
import { afterAll, describe, expect, test } from "vitest";
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
    const { data, info } = await sharp(a ?? Buffer.alloc(0))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([64, 64, 3]);
    // Twice as wide as high: a quarter of white above and below.
    expect([data[0], data[32 * 64 * 3], data[63 * 64 * 3]]).toEqual([255, 0, 255]);
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
    expect(set).toEqual({ train: [join(first, "train-000.tar")], test: [], rows: { train: 581, test: 0, captions: 1644 }, fresh: false });
    expect((await prepareEmoji(first, { styles })).fresh).toBe(true);
    await prepareEmoji(second, { styles });
    const files = ["LICENSES.md", "captions.jsonl", "prepared.json", "tokenizer-ten.json", "tokenizer.json", "train-000.tar"];
    expect(readdirSync(second).sort()).toEqual(files);
    for (const name of files) expect(readFileSync(join(first, name)).equals(readFileSync(join(second, name))), name).toBe(true);

    // A picture, its name and its concept meet in one sample.
    const captions = lines(join(first, "captions.jsonl")) as readonly { readonly concept: number; readonly txt: string }[];
    expect(captions.map(({ concept }) => concept)).toEqual(Array.from({ length: 1644 }, (_, k) => k));
    const samples = await samplesOf(join(first, "train-000.tar"));
    expect(samples.size).toBe(581);
    for (const [key, members] of samples) {
      const known = JSON.parse(members.get("json")?.toString() ?? "") as { readonly concept: number; readonly captions: readonly string[] };
      const name = members.get("txt")?.toString() ?? "";
      expect(captions[known.concept]?.txt, key).toBe(name);
      expect(known.captions, key).toHaveLength(10);
      expect(known.captions.filter((caption) => caption === name).length, key).toBeGreaterThanOrEqual(5);
      expect(members.get("png")?.subarray(1, 4).toString(), key).toBe("PNG");
    }

    truncateSync(join(first, "train-000.tar"), 100);
    expect((await prepareEmoji(first, { styles })).fresh).toBe(false);
    expect(readFileSync(join(first, "train-000.tar")).equals(readFileSync(join(second, "train-000.tar")))).toBe(true);
  }, 240_000);
});

const lines = (path: string): readonly unknown[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

async function samplesOf(shard: string): Promise<ReadonlyMap<string, ReadonlyMap<string, Buffer>>> {
  const samples = new Map<string, Map<string, Buffer>>();
  const tar = extract();
  tar.end(readFileSync(shard));
  for await (const entry of tar) {
    const pieces: Uint8Array[] = [];
    for await (const piece of entry) pieces.push(piece as Uint8Array);
    const [key = "", extension = ""] = entry.header.name.split(".");
    const members = samples.get(key) ?? new Map<string, Buffer>();
    samples.set(key, members.set(extension, Buffer.concat(pieces)));
  }
  return samples;
}
