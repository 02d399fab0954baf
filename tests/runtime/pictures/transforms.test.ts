import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { Picture } from "../../../runtime/pictures/picture.js";
import {
  affine,
  centerCrop,
  colorJitter,
  type Draw,
  flip,
  normalize,
  randomCrop,
  resize,
  toFloat,
} from "../../../runtime/pictures/transforms.js";
import { randomFrom } from "../../support/random.js";

function noise(width: number, height: number, seed: number): Picture {
  const random = randomFrom(seed);
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, () => random.below(256)) };
}
/** Smooth, so that libraries with other ideas of edges agree on it. */
function waves(width: number, height: number): Picture {
  const value = (x: number, y: number, c: number) => 128 + 100 * Math.sin((x / width) * 5 + c) * Math.cos((y / height) * 4 - c);
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    value(Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3),
  );
  return { width, height, pixels };
}
const plain = (width: number, height: number, colour: readonly number[]): Picture => ({
  width,
  height,
  pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3] ?? 0),
});
const picture = fc
  .record({ width: fc.integer({ min: 1, max: 23 }), height: fc.integer({ min: 1, max: 23 }), seed: fc.nat(1000) })
  .map(({ width, height, seed }) => noise(width, height, seed));
const side = fc.integer({ min: 1, max: 20 });

/** Gives these draws, one after the other, and counts them. */
function draws(...values: readonly number[]): Draw & { readonly taken: () => number } {
  let at = 0;
  return Object.assign(() => values[at++] ?? 0.5, { taken: () => at });
}

/** One target pixel straight from the definition: every source pixel of the box, by the height of a tent above its middle. */
function tentMean(
  { width, pixels }: Picture,
  box: Box,
  side: { readonly x: number; readonly y: number },
  x: number,
  y: number,
  c: number,
): number {
  const stepX = box.width / side.x;
  const stepY = box.height / side.y;
  const tent = (distance: number, step: number) => Math.max(0, 1 - Math.abs(distance) / Math.max(step, 1));
  let [sum, weights] = [0, 0];
  for (let row = box.top; row < box.top + box.height; row++)
    for (let column = box.left; column < box.left + box.width; column++) {
      const weight = tent(column + 0.5 - box.left - (x + 0.5) * stepX, stepX) * tent(row + 0.5 - box.top - (y + 0.5) * stepY, stepY);
      sum += weight * (pixels[(row * width + column) * 3 + c] ?? NaN);
      weights += weight;
    }
  return sum / weights;
}
type Box = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
const all = ({ width, height }: Picture): Box => ({ left: 0, top: 0, width, height });

/** Every pixel is the definition's value, rounded. */
function expectTents(result: Picture, source: Picture, box: Box): void {
  const { width, height, pixels } = result;
  const far = [...pixels].filter((value, i) => {
    const place = Math.floor(i / 3);
    const exact = tentMean(source, box, { x: width, y: height }, place % width, Math.floor(place / width), i % 3);
    return !(Math.abs(value - exact) <= 0.5 + 1e-9);
  });
  expect(far).toEqual([]);
}
const meanDifference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? NaN)), 0) / a.length;
const asSharp = ({ width, height, pixels }: Picture) => sharp(pixels, { raw: { width, height, channels: 3 } });

describe("resize", () => {
  test("is the tent-weighted mean, for any sizes", () => {
    fc.assert(
      fc.property(picture, side, (source, side) => expectTents(resize(source, side), source, all(source))),
      { numRuns: 100 },
    );
  });

  test("halves come out by hand", () => {
    // Tents of half width 2 on 0 0 255 255: weights 1/4 3/4 3/4 1/4, the first cut off by the edge.
    const source: Picture = { width: 4, height: 1, pixels: Uint8Array.from([0, 0, 255, 255].flatMap((v) => [v, v, v])) };
    const row = [...resize(source, 2).pixels].filter((_, i) => i % 3 === 0);
    expect(row).toEqual([36, 219, 36, 219]);
  });

  test("is near what the image library gives where it shrinks", async () => {
    for (const [width, height, side] of [
      [64, 48, 32],
      [100, 130, 24],
    ] as const) {
      const source = waves(width, height);
      const theirs = await asSharp(source).resize(side, side, { fit: "fill", kernel: "linear" }).raw().toBuffer();
      expect(meanDifference(resize(source, side).pixels, theirs)).toBeLessThan(1);
    }
  });

  test("keeps a picture of that size and a plain colour", () => {
    const source = noise(9, 9, 1);
    expect(resize(source, 9)).toEqual(source);
    expect(resize(plain(37, 11, [1, 128, 254]), 13)).toEqual(plain(13, 13, [1, 128, 254]));
  });

  test("a picture of one long column takes little time and memory", () => {
    const column = plain(1, 65_535, [3, 4, 5]);
    expect(resize(column, 224)).toEqual(plain(224, 224, [3, 4, 5]));
  });
});

describe("centerCrop", () => {
  test("of a square is resize", () => {
    fc.assert(
      fc.property(fc.nat(20), side, (size, side) => {
        const source = noise(size + 1, size + 1, size);
        expect(centerCrop(source, side)).toEqual(resize(source, side));
      }),
    );
  });

  test("is the middle of the whole picture scaled", () => {
    // 12 × 6 to side 3: 6 × 3 scaled, and 3 - 1.5 → 2 (halves to even) columns are cut on the left.
    const source = noise(12, 6, 4);
    const { pixels } = centerCrop(source, 3);
    for (let x = 0; x < 3; x++)
      for (let y = 0; y < 3; y++)
        expect(Math.abs((pixels[(y * 3 + x) * 3] ?? 0) - tentMean(source, all(source), { x: 6, y: 3 }, x + 2, y, 0))).toBeLessThanOrEqual(
          0.5 + 1e-9,
        );
  });

  test("leaves out the ends of the longer side, whichever it is", () => {
    const wide = plain(30, 10, [9, 9, 9]);
    for (let y = 0; y < 10; y++) wide.pixels.fill(200, y * 90, y * 90 + 24);
    expect(centerCrop(wide, 5)).toEqual(plain(5, 5, [9, 9, 9]));
    const tall = plain(10, 30, [9, 9, 9]);
    tall.pixels.fill(200, 0, 8 * 30);
    expect(centerCrop(tall, 5)).toEqual(plain(5, 5, [9, 9, 9]));
  });
});

describe("randomCrop", () => {
  const options = { scale: [0.25, 1], ratio: [0.5, 2] } as const;

  test("cuts out the box that the draws say, and nothing outside has a say", () => {
    const source = noise(20, 16, 5);
    // scale 0.25, ratio 1 (the middle of its logarithm): √80 a side → 9; the last place across, the first down.
    const draw = draws(0, 0.5, 0.999, 0);
    const result = randomCrop(source, 6, options, draw);
    expect(draw.taken()).toBe(4);
    expectTents(result, source, { left: 11, top: 0, width: 9, height: 9 });
  });

  test("a box longer than the picture is cut to it", () => {
    const source = noise(20, 10, 6);
    // scale 1, ratio 0.5: 10 wide and 20 high
    expectTents(randomCrop(source, 4, options, draws(0.999999, 0, 0, 0)), source, { left: 0, top: 0, width: 10, height: 10 });
  });

  test("all draws give a picture, with the same number of draws", () => {
    fc.assert(
      fc.property(
        picture,
        side,
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (source, side, values) => {
          const draw = draws(...values);
          expect(randomCrop(source, side, options, draw).pixels).toHaveLength(side * side * 3);
          expect(draw.taken()).toBe(4);
        },
      ),
    );
  });
});

describe("affine", () => {
  const still = { degrees: 0, shift: 0, scale: [1, 1] } as const;

  test("nothing asked, nothing done, and four draws taken", () => {
    const source = noise(7, 5, 7);
    const draw = draws();
    expect(affine(source, still, draw)).toEqual(source);
    expect(draw.taken()).toBe(4);
  });

  test("a quarter turn moves every pixel of a square", () => {
    const source = noise(6, 6, 8);
    const turned = affine(source, { ...still, degrees: 90 }, draws(1, 0, 0.5, 0.5));
    for (let y = 0; y < 6; y++) for (let x = 0; x < 6; x++) expect(turned.pixels[(x * 6 + 5 - y) * 3]).toBe(source.pixels[(y * 6 + x) * 3]);
  });

  test("a shift by whole pixels brings white in", () => {
    const source = noise(4, 4, 9);
    // A quarter of four pixels to the right, and up.
    const { pixels } = affine(source, { ...still, shift: 0.25 }, draws(0.5, 0, 1, 0));
    for (let y = 0; y < 4; y++)
      for (let x = 0; x < 4; x++) {
        const inside = x >= 1 && y < 3;
        expect(pixels[(y * 4 + x) * 3 + 1]).toBe(inside ? source.pixels[((y + 1) * 4 + x - 1) * 3 + 1] : 255);
      }
  });

  test("half the size leaves a frame of white", () => {
    const { pixels } = affine(plain(8, 8, [0, 0, 0]), { ...still, scale: [0.5, 0.5] }, draws());
    const dark = [...pixels].filter((value) => value === 0).length / 3;
    expect(dark).toBe(16);
    expect(pixels[0]).toBe(255);
  });
});

describe("flip", () => {
  test("mirrors below its chance and takes one draw either way", () => {
    const source: Picture = { width: 2, height: 1, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const [yes, no] = [draws(0.29), draws(0.3)];
    expect([...flip(source, 0.3, yes).pixels]).toEqual([4, 5, 6, 1, 2, 3]);
    expect(flip(source, 0.3, no)).toEqual(source);
    expect([yes.taken(), no.taken()]).toEqual([1, 1]);
    const never = draws(0);
    expect(flip(source, 0, never)).toEqual(source);
    expect(never.taken()).toBe(1);
  });

  test("twice is nothing", () => {
    fc.assert(
      fc.property(picture, (source) => {
        expect(flip(flip(source, 1, draws()), 1, draws())).toEqual(source);
      }),
    );
  });
});

describe("colorJitter", () => {
  const off = { brightness: 0, contrast: 0, saturation: 0 };
  const source: Picture = { width: 2, height: 1, pixels: Uint8Array.of(100, 50, 200, 10, 20, 30) };

  test("nothing asked, nothing done, and three draws taken", () => {
    const draw = draws(0.9, 0.1, 0.7);
    expect(colorJitter(source, off, draw)).toEqual(source);
    expect(draw.taken()).toBe(3);
  });

  test("brightness is a factor and stops at white", () => {
    expect([...colorJitter(source, { ...off, brightness: 0.5 }, draws(1)).pixels]).toEqual([150, 75, 255, 15, 30, 45]);
  });

  test("no contrast is the mean grey, no saturation the own grey", () => {
    // 0.299, 0.587 and 0.114: 82.05 and 18.15
    expect([...colorJitter(source, { ...off, contrast: 1 }, draws(0.5, 0)).pixels]).toEqual([50, 50, 50, 50, 50, 50]);
    expect([...colorJitter(source, { ...off, saturation: 1 }, draws(0.5, 0.5, 0)).pixels]).toEqual([82, 82, 82, 18, 18, 18]);
  });
});

describe("numbers", () => {
  test("toFloat reaches both ends, in the order of the pixels", () => {
    const source: Picture = { width: 2, height: 1, pixels: Uint8Array.of(0, 255, 51, 102, 153, 204) };
    const values = toFloat(source, -1, 1);
    expect([values[0], values[1]]).toEqual([-1, 1]);
    [-1, 1, -0.6, -0.2, 0.2, 0.6].forEach((value, i) => expect(values[i]).toBeCloseTo(value, 6));
  });

  test("normalize goes by channel", () => {
    const values = normalize(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3], [1, 2, 0.5]);
    expect([...values]).toEqual([0, 0, 0, 3, 1.5, 6]);
  });
});
