import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodePicture, type Picture } from "../../../runtime/pictures/picture.js";
import { BrokenSample } from "../../../runtime/samples/open-samples.js";
import { randomFrom } from "../../support/random.js";
import { brokenBy } from "../samples/refusals.js";
import { chunk, png } from "./png-bytes.js";

const decode = (bytes: Uint8Array): Promise<Picture> => decodePicture(bytes, "here");
const raw = (values: Uint8Array | Uint16Array, width: number, height: number) =>
  sharp(values, { raw: { width, height, channels: (values.length / width / height) as 1 | 2 | 3 | 4 } });
const pixel = ({ width, pixels }: Picture, x: number, y: number): readonly number[] => [
  ...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];
const plain = (background: string, width = 8, height = 8) => sharp({ create: { width, height, channels: 3, background } });

describe("what is read right", () => {
  test("an 8-bit PNG, to the bit", async () => {
    const random = randomFrom(1);
    const values = Uint8Array.from({ length: 7 * 5 * 3 }, () => random.below(256));
    const picture = await decode(await raw(values, 7, 5).png().toBuffer());
    expect([picture.width, picture.height]).toEqual([7, 5]);
    expect([...picture.pixels]).toEqual([...values]);
  });

  test("16 bits a channel: the upper eight", async () => {
    const rows = Uint8Array.of(0, 0x12, 0x34, 0x80, 0x80, 0xff, 0xff, 0, 0, 0x7f, 0xff, 0x40, 0);
    expect([...(await decode(png(2, 1, { depth: 16, type: 2 }, rows))).pixels]).toEqual([0x12, 0x80, 0xff, 0, 0x7f, 0x40]);
  });

  test("grey of 1, 8 and 16 bits", async () => {
    expect([...(await decode(png(2, 1, { depth: 1, type: 0 }, Uint8Array.of(0, 0b01000000)))).pixels]).toEqual([0, 0, 0, 255, 255, 255]);
    expect([...(await decode(png(2, 1, { depth: 8, type: 0 }, Uint8Array.of(0, 10, 200)))).pixels]).toEqual([10, 10, 10, 200, 200, 200]);
    expect([...(await decode(png(1, 1, { depth: 16, type: 0 }, Uint8Array.of(0, 0x80, 0x01)))).pixels]).toEqual([0x80, 0x80, 0x80]);
  });

  test("grey and alpha, on white", async () => {
    const rows = Uint8Array.of(0, 10, 255, 10, 0, 100, 128);
    const picture = await decode(png(3, 1, { depth: 8, type: 4 }, rows));
    expect([pixel(picture, 0, 0), pixel(picture, 1, 0)]).toEqual([
      [10, 10, 10],
      [255, 255, 255],
    ]);
    // 100 and 255 by 128 / 255
    for (const value of pixel(picture, 2, 0)) expect(Math.abs(value - 177)).toBeLessThanOrEqual(1);
  });

  test("a palette, one of its colours transparent", async () => {
    const palette = chunk("PLTE", Uint8Array.of(1, 2, 3, 200, 100, 50));
    const alpha = chunk("tRNS", Uint8Array.of(255, 0));
    const picture = await decode(png(2, 1, { depth: 8, type: 3 }, Uint8Array.of(0, 0, 1), [palette, alpha]));
    expect([...picture.pixels]).toEqual([1, 2, 3, 255, 255, 255]);
  });

  test("RGBA of 8 and 16 bits, on white", async () => {
    const { pixels } = await decode(png(2, 1, { depth: 8, type: 6 }, Uint8Array.of(0, 9, 8, 7, 255, 9, 8, 7, 0)));
    expect([...pixels]).toEqual([9, 8, 7, 255, 255, 255]);
    const deep = Uint8Array.of(0, 0x12, 0x34, 0x80, 0x80, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0);
    expect([...(await decode(png(2, 1, { depth: 16, type: 6 }, deep))).pixels]).toEqual([0x12, 0x80, 0xff, 255, 255, 255]);
  });

  test.each(["jpeg", "webp"] as const)("a %s, nearly", async (format) => {
    const picture = await decode(await plain("#c08020").toFormat(format, { quality: 100 }).toBuffer());
    [0xc0, 0x80, 0x20].forEach((value, c) => expect(Math.abs((pixel(picture, 3, 3)[c] ?? 0) - value)).toBeLessThanOrEqual(4));
  });

  test("grey and CMYK JPEGs", async () => {
    const grey = await decode(await plain("#808080").toColourspace("b-w").jpeg().toBuffer());
    expect(pixel(grey, 0, 0)).toEqual([128, 128, 128]);
    const bytes = await plain("#e02020").toColourspace("cmyk").jpeg().toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(4);
    const [red = 0, green = 0, blue = 0] = pixel(await decode(bytes), 4, 4);
    expect(red).toBeGreaterThan(200);
    expect(Math.max(green, blue)).toBeLessThan(70);
  });

  test("colours by their profile", async () => {
    const bytes = await plain("#c83232").withIccProfile("p3").png().toBuffer();
    const { data: stored } = await sharp(bytes).keepIccProfile().raw().toBuffer({ resolveWithObject: true });
    // Display P3 reaches further, so that the same red is a smaller number in it.
    expect(stored[0]).toBeLessThan(195);
    const picture = await decode(bytes);
    [0xc8, 0x32, 0x32].forEach((value, c) => expect(Math.abs((pixel(picture, 2, 2)[c] ?? 0) - value)).toBeLessThanOrEqual(2));
  });

  test("a JPEG that EXIF turns", async () => {
    const values = new Uint8Array(16 * 8 * 3).fill(255);
    // Black on the left of what is stored; turned clockwise by a quarter it is at the top.
    for (let y = 0; y < 8; y++) values.fill(0, y * 48, y * 48 + 24);
    const picture = await decode(await raw(values, 16, 8).jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toBuffer());
    expect([picture.width, picture.height]).toEqual([8, 16]);
    expect(pixel(picture, 4, 1)[0]).toBeLessThan(10);
    expect(pixel(picture, 4, 14)[0]).toBeGreaterThan(245);
  });
});

describe("what is refused", () => {
  test("a decompression bomb, before its memory is taken", async () => {
    const before = process.memoryUsage().rss;
    const error = await brokenBy(() => decode(png(50_000, 50_000, { depth: 8, type: 2 }, new Uint8Array(50_000))));
    expect(error.code).toBe("SIG6251");
    expect(error.message).toBe("here: the picture has more than 67108864 pixels.");
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  });

  test("a side that is too long", async () => {
    expect((await brokenBy(() => decode(png(1, 1 << 20, { depth: 8, type: 0 }, new Uint8Array(8))))).message).toMatch(
      /65535 pixels a side/,
    );
  });

  test.each([
    ["an SVG", '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><image href="file:///etc/passwd"/></svg>', /an SVG/],
    ["an SVG after a declaration", ' <?xml version="1.0"?><svg/>', /an SVG/],
    ["a GIF", "GIF89a", /a GIF/],
    ["a TIFF", "II*\0", /a TIFF/],
    ["text", "hello", /unknown format/],
    ["nothing", "", /is empty/],
  ])("%s", async (_, bytes, message) => {
    const error = await brokenBy(() => decode(Buffer.from(bytes)));
    expect(error.code).toBe("SIG6250");
    expect(error.message).toMatch(message);
  });

  test("real files of other formats", async () => {
    for (const format of ["gif", "tiff", "avif"] as const)
      expect((await brokenBy(async () => decode(await plain("#123456", 16, 16).toFormat(format).toBuffer()))).code).toBe("SIG6250");
  });

  test.each(["png", "jpeg", "webp"] as const)("a %s that is cut off", async (format) => {
    const random = randomFrom(2);
    const values = Uint8Array.from({ length: 64 * 64 * 3 }, () => random.below(256));
    const bytes = await raw(values, 64, 64).toFormat(format).toBuffer();
    for (const share of [0.02, 0.5, 0.9]) {
      const error = await brokenBy(() => decode(bytes.subarray(0, Math.floor(bytes.length * share))));
      expect(error.code).toBe("SIG6252");
      expect(error.message).not.toContain("\n");
      expect(error.origin).toBe("here");
    }
  });

  test("damaged files are broken or read, never a crash", async () => {
    const values = Uint8Array.from({ length: 12 * 12 * 4 }, (_, i) => (i * 7) % 256);
    const good = await Promise.all((["png", "jpeg", "webp"] as const).map((format) => raw(values, 12, 12).toFormat(format).toBuffer()));
    const change = fc.tuple(fc.nat(), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...good), fc.array(change, { minLength: 1, maxLength: 8 }), async (source, changes) => {
        const bytes = Buffer.from(source);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        try {
          const { width, height, pixels } = await decode(bytes);
          expect(pixels).toHaveLength(width * height * 3);
        } catch (error) {
          if (!(error instanceof BrokenSample)) throw error;
        }
      }),
      { numRuns: 150 },
    );
  });
});
