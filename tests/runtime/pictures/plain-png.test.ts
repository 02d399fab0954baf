/** The short way for small PNGs: what it reads, a general decoder reads alike, and what it is not sure of it leaves alone. */
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodePlainPng } from "../../../runtime/pictures/plain-png.js";
import { randomFrom } from "../../support/random.js";
import { chunk, png, pngHeader, SIGNATURE } from "./png-bytes.js";

const RGB8 = { depth: 8, type: 2 } as const;
const noise = (seed: number, length: number): Uint8Array => {
  const random = randomFrom(seed);
  return Uint8Array.from({ length }, () => random.below(256));
};
const general = (bytes: Uint8Array): Promise<Buffer> => sharp(bytes, { failOn: "error" }).raw().toBuffer();
/** Rows of noise, each under the filter that its number chooses. */
function filtered(seed: number, width: number, height: number, filterOf: (row: number) => number): Uint8Array {
  const rows = noise(seed, height * (1 + width * 3));
  for (let y = 0; y < height; y++) rows[y * (1 + width * 3)] = filterOf(y);
  return rows;
}

describe("a plain PNG", () => {
  test.each([0, 1, 2, 3, 4])("filter %d on every row, as a general decoder reads it", async (filter) => {
    for (const [width, height] of [
      [1, 1],
      [1, 5],
      [2, 3],
      [33, 17],
    ] as const) {
      const bytes = png(
        width,
        height,
        RGB8,
        filtered(width + filter, width, height, () => filter),
      );
      const picture = decodePlainPng(bytes);
      expect([picture?.width, picture?.height]).toEqual([width, height]);
      expect(Buffer.from(picture?.pixels ?? [])).toEqual(await general(bytes));
    }
  });

  test("another filter on each row, the data in many chunks, the size of a dot told", async () => {
    const rows = filtered(3, 21, 40, (y) => (y * 3) % 5);
    const data = deflateSync(rows);
    const pieces = Array.from({ length: Math.ceil(data.length / 100) }, (_, k) => chunk("IDAT", data.subarray(k * 100, k * 100 + 100)));
    const dot = chunk("pHYs", Uint8Array.of(0, 0, 11, 19, 0, 0, 11, 19, 1));
    const bytes = Buffer.concat([SIGNATURE, pngHeader(21, 40, RGB8), dot, ...pieces, chunk("IEND", new Uint8Array(0))]);
    expect(Buffer.from(decodePlainPng(bytes)?.pixels ?? [])).toEqual(await general(bytes));
  });

  test("what writers write", async () => {
    const values = noise(5, 128 * 128 * 3);
    const picture = sharp(values, { raw: { width: 128, height: 128, channels: 3 } });
    for (const options of [{}, { adaptiveFiltering: true }, { compressionLevel: 0 }])
      expect(Buffer.from(decodePlainPng(await picture.png(options).toBuffer())?.pixels ?? [])).toEqual(Buffer.from(values));
  });
});

describe("left to the general decoder", () => {
  const rows = filtered(9, 6, 4, (y) => y);
  const good = png(6, 4, RGB8, rows);
  const end = chunk("IEND", new Uint8Array(0));
  const withData = (...parts: readonly Uint8Array[]) => Buffer.concat([SIGNATURE, pngHeader(6, 4, RGB8), ...parts, end]);
  const changed = (at: number): Uint8Array => good.map((byte, i) => (i === at ? byte ^ 1 : byte));

  test.each<readonly [string, Uint8Array]>([
    ["another format", Buffer.from("\xff\xd8\xff and so on", "latin1")],
    ["nothing", new Uint8Array(0)],
    ["a signature alone", SIGNATURE],
    ["16 bits", png(1, 1, { depth: 16, type: 2 }, new Uint8Array(7))],
    ["grey", png(1, 1, { depth: 8, type: 0 }, new Uint8Array(2))],
    ["transparent parts", png(1, 1, { depth: 8, type: 6 }, new Uint8Array(5))],
    ["a transparent colour", png(6, 4, RGB8, rows, [chunk("tRNS", new Uint8Array(6))])],
    ["a profile or the like", png(6, 4, RGB8, rows, [chunk("gAMA", Uint8Array.of(0, 0, 177, 143))])],
    ["more pixels than are quick", png(129, 128, RGB8, new Uint8Array(128 * 388))],
    ["no pixels", png(0, 4, RGB8, new Uint8Array(4))],
    [
      "a filter that is none",
      png(
        6,
        4,
        RGB8,
        filtered(9, 6, 4, () => 5),
      ),
    ],
    ["a row too few", png(6, 4, RGB8, rows.subarray(0, 57))],
    ["a byte too many", png(6, 4, RGB8, Buffer.concat([rows, Buffer.of(0)]))],
    ["bytes behind the compressed data", withData(chunk("IDAT", Buffer.concat([deflateSync(rows), Buffer.of(0)])))],
    ["no data", withData()],
    ["bytes behind the end", Buffer.concat([good, Buffer.of(0)])],
    ["no end", good.subarray(0, good.length - end.length)],
    ["a wrong checksum", changed(good.length - end.length - 1)],
    ["a changed byte of the data", changed(good.length - end.length - 10)],
    ["a length beyond the file", changed(8)],
  ])("%s", (_, bytes) => {
    expect(decodePlainPng(good)).not.toBeNull();
    expect(decodePlainPng(bytes)).toBeNull();
  });

  test("a file cut off anywhere, and a bomb", () => {
    for (let length = 0; length < good.length; length++) expect(decodePlainPng(good.subarray(0, length))).toBeNull();
    expect(decodePlainPng(png(100, 100, RGB8, new Uint8Array(1 << 24)))).toBeNull();
  });

  test("whatever is changed in a file, its pixels are those of a general decoder or none", async () => {
    const body = good.length - 12;
    const change = fc.tuple(fc.nat(body - 9), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), async (changes, repaired) => {
        const data = Buffer.from(deflateSync(rows));
        const bytes = Buffer.from(good);
        for (const [at, byte] of changes) {
          data[at % data.length] = byte;
          bytes[8 + at] = byte;
        }
        // With checksums made anew, so that what is changed comes as far as the decompressor.
        const file = repaired ? withData(chunk("IDAT", data)) : bytes;
        const picture = decodePlainPng(file);
        if (picture !== null) expect(Buffer.from(picture.pixels)).toEqual(await general(file));
      }),
      { numRuns: 200 },
    );
  });
});
