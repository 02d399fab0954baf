import { describe, expect, test } from "vitest";
import { normal, philox4x32, type RandomKey, randomWords, truncatedNormal, uniform, type Words } from "../../../compiler/kernel/philox.js";

/** Random123, kat_vectors, philox4x32 10. */
const knownAnswers: readonly { counter: Words; key: readonly [number, number]; words: Words }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

const key: RandomKey = { seed: 7, step: 3, site: 11 };
const draw = (f: (key: RandomKey, index: number) => number, count: number) => Array.from({ length: count }, (_, i) => f(key, i));
const mean = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
const deviation = (xs: readonly number[]) => Math.sqrt(mean(xs.map((x) => (x - mean(xs)) ** 2)));

describe("Philox4x32-10", () => {
  test.each(knownAnswers)("agrees with the published vector for counter $counter", ({ counter, key, words }) => {
    expect(philox4x32(counter, key)).toEqual(words);
  });

  test("agrees with 64-bit integer arithmetic where the carries of the split product matter", () => {
    const oracle = (counter: Words, [k0, k1]: readonly [number, number]): Words => {
      const mask = 0xffffffffn;
      let c = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
      let k = [BigInt(k0), BigInt(k1)] as [bigint, bigint];
      for (let round = 0; round < 10; round++) {
        const p0 = 0xd2511f53n * c[0];
        const p1 = 0xcd9e8d57n * c[2];
        c = [(p1 >> 32n) ^ c[1] ^ k[0], p1 & mask, (p0 >> 32n) ^ c[3] ^ k[1], p0 & mask];
        k = [(k[0] + 0x9e3779b9n) & mask, (k[1] + 0xbb67ae85n) & mask];
      }
      return c.map(Number) as unknown as Words;
    };
    let words: Words = [1, 2, 3, 4];
    for (let i = 0; i < 2000; i++) {
      const next = philox4x32(words, [words[1], i]);
      expect(next).toEqual(oracle(words, [words[1], i]));
      words = next;
    }
  });
});

describe("draws", () => {
  test("seed, step, site and index each change the words, also beyond 32 bits", () => {
    const places = [
      randomWords(key, 0),
      randomWords(key, 1),
      randomWords(key, 2 ** 32),
      randomWords({ ...key, seed: 8 }, 0),
      randomWords({ ...key, seed: 7 + 2 ** 32 }, 0),
      randomWords({ ...key, step: 4 }, 0),
      randomWords({ ...key, site: 12 }, 0),
    ].map(String);
    expect(new Set(places).size).toBe(places.length);
  });

  test("uniform is exact in f32 and never 0 or 1", () => {
    for (const u of draw(uniform, 20_000)) {
      expect(Math.fround(u)).toBe(u);
      expect(u > 0 && u < 1).toBe(true);
    }
    // the largest draw: all bits set
    expect(Math.fround((2 ** 23 - 0.5) * 2 ** -23)).toBeLessThan(1);
  });

  test("moments are those of the distribution within five standard errors (20,000 draws, seed 7)", () => {
    expect(Math.abs(mean(draw(uniform, 20_000)) - 0.5)).toBeLessThan((5 * Math.sqrt(1 / 12)) / Math.sqrt(20_000));
    const normals = draw(normal, 20_000);
    expect(Math.abs(mean(normals))).toBeLessThan(5 / Math.sqrt(20_000));
    expect(Math.abs(deviation(normals) - 1)).toBeLessThan(5 / Math.sqrt(40_000));
    const fourth = mean(normals.map((x) => x ** 4));
    expect(Math.abs(fourth - 3)).toBeLessThan((5 * Math.sqrt(96)) / Math.sqrt(20_000));
    const truncated = draw(truncatedNormal, 20_000);
    expect(Math.max(...truncated.map(Math.abs))).toBeLessThanOrEqual(2);
    expect(deviation(truncated)).toBeCloseTo(0.8796, 2);
  });

  test("neighbouring elements are uncorrelated", () => {
    const normals = draw(normal, 20_000);
    const products = normals.slice(1).map((x, i) => x * (normals[i] ?? 0));
    expect(Math.abs(mean(products))).toBeLessThan(5 / Math.sqrt(20_000));
  });
});
