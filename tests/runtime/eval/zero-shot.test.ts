import { describe, expect, test } from "vitest";
import { hostArray, values } from "../../../runtime/data/host-array.js";
import { openEngine } from "../../../runtime/engines/registry.js";
import { captionsOf, ClassVectors, zeroShot } from "../../../runtime/eval/zero-shot.js";

const planref = { engine: await openEngine("planref", "f64", () => undefined), precision: "f64" } as const;
const f32 = (rows: readonly (readonly number[])[]) => hostArray("f32", [rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat()));

describe("captionsOf", () => {
  test("puts each class in each template, class by class; what a name holds is no pattern", () => {
    expect(captionsOf(["cat", "$& dog"], ["a {}", "{} or {}"])).toEqual(["a cat", "cat or cat", "a $& dog", "$& dog or $& dog"]);
  });
});

describe("ClassVectors", () => {
  test("averages captions of length 1 and makes the mean of length 1, in pieces of any size", () => {
    const captions = [
      [3, 4],
      [0, 2],
      [-1, 0],
      [0, -5],
    ];
    const whole = new ClassVectors(2, 2, 2);
    whole.add(f32(captions));
    const pieces = new ClassVectors(2, 2, 2);
    for (const row of captions) pieces.add(f32([row]));
    // (0.6, 0.8) and (0, 1): their sum is (0.6, 1.8). (-1, 0) and (0, -1): (-1, -1).
    const [a, b] = [Math.hypot(0.6, 1.8), Math.SQRT2];
    const wanted = [0.6 / a, 1.8 / a, -1 / b, -1 / b];
    for (const made of [whole, pieces]) [...values(made.finish())].forEach((x, k) => expect(x).toBeCloseTo(wanted[k] ?? NaN, 7));
  });

  test("captions that are too many or too few are our own mistake", () => {
    const vectors = new ClassVectors(1, 2, 2);
    expect(() => vectors.finish()).toThrow(/0 captions of 2/);
    expect(() =>
      vectors.add(
        f32([
          [1, 0],
          [1, 0],
          [1, 0],
        ]),
      ),
    ).toThrow(/not the captions/);
  });
});

describe("zeroShot", () => {
  const classes = f32([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
  test("counts the first and the first two places, by class, and leaves out labels that are no class", async () => {
    const vectors = f32([
      [0.9, 0.1, 0],
      [0.2, 0.5, 0.6],
      [1, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
    ]);
    const found = await zeroShot({ vectors, ids: new Int32Array([0, 1, 0, 7, -1]) }, classes, [1, 2], planref);
    expect(found).toEqual({
      pictures: 3,
      unlabelled: 2,
      at: { 1: expect.closeTo(2 / 3, 12), 2: 1 },
      perClass: [
        { pictures: 2, top1: 1 },
        { pictures: 1, top1: 0 },
        { pictures: 0, top1: null },
      ],
    });
  });

  test("a class with the same score goes first, and a broken class is never found", async () => {
    const same = f32([
      [1, 0],
      [1, 0],
      [NaN, 0],
    ]);
    const vectors = f32([
      [1, 0],
      [1, 0],
    ]);
    const found = await zeroShot({ vectors, ids: new Int32Array([0, 2]) }, same, [1, 2, 3], planref);
    // The broken class and the tie stand before class 0.
    expect(found.at).toEqual({ 1: 0, 2: 0, 3: 1 });
  });
});
