/** Small samples for tests: pictures, captions, shards and a tokenizer, none of it made by what is tested. */
import sharp from "sharp";
import { pack } from "tar-stream";

/** A PNG whose pixels depend on `seed`, no two alike. */
export async function pngOf(seed: number, width: number, height = width): Promise<Uint8Array> {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (seed * 37 + i * i * 11 + i * 5) % 256);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

export type Member = readonly [name: string, content: Uint8Array | string];

export async function tarOf(members: readonly Member[]): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, content] of members) tar.entry({ name, mtime: new Date(0) }, Buffer.from(content));
  tar.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of tar) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}

/** A `tokenizer.json` that knows these words and splits at white space; number 0 stands for every other word. */
export const wordTokenizer = (words: readonly string[]): string =>
  JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [{ id: 0, content: "[UNK]", single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }],
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab: Object.fromEntries(["[UNK]", ...words].map((word, id) => [word, id])), unk_token: "[UNK]" },
  });
