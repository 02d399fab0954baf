import { describe, expect, test } from "vitest";
import { readConcepts } from "../../../runtime/demo/emoji-concepts.js";
import { agreedNames, drawingsOf } from "../../../runtime/demo/emoji-pictures.js";

const concepts = readConcepts(
  [
    { label: "red heart", hexcode: "2764-FE0F", tags: ["love"], group: 0 },
    { label: "o’clock", hexcode: "1F550", group: 5 },
    { label: "man running", hexcode: "1F3C3-200D-2642-FE0F", group: 1 },
    { label: "person running", hexcode: "1F3C3", group: 1 },
    { label: "flag: Korea", hexcode: "1F1F0-1F1F7", group: 9 },
    { label: "light skin tone", hexcode: "1F3FB", group: 2 },
    { label: "regional indicator A", hexcode: "1F1E6" },
  ],
  [{ "2764-FE0F": ["heart", "love_heart"], "1F3C3": "runner", "1F3C3-200D-2642-FE0F": "runner" }],
);
const bodies = (set: Parameters<typeof drawingsOf>[0], codes: Record<string, string>, names: ReadonlyMap<string, number> = new Map()) =>
  drawingsOf(set, codes, concepts, names).map(({ concept, svg }) => [concept, /<svg[^>]*>(.*)<\/svg>/.exec(svg)?.[1]]);

describe("concepts", () => {
  test("flags, components and parts are left out; ids count up; the variation selector is no part of a key", () => {
    expect(concepts.map(({ id, key }) => [id, key])).toEqual([
      [0, "2764"],
      [1, "1f550"],
      [2, "1f3c3-200d-2642"],
      [3, "1f3c3"],
    ]);
  });
});

describe("drawings", () => {
  test("are found by code points, with or without the variation selector", () => {
    expect(bodies({ icons: { h: { body: "H" } } }, { "2764-fe0f": "h" })).toEqual([[0, "H"]]);
    expect(bodies({ icons: { h: { body: "H" } } }, { "2764": "h" })).toEqual([[0, "H"]]);
  });

  test("are found by exact name before a name that only has the same letters", () => {
    const set = { icons: { "love-heart": { body: "loose" }, heart2: { body: "exact" } } };
    expect(bodies(set, {})).toEqual([[0, "loose"]]);
    expect(bodies(set, {}, new Map([["heart2", 0]]))).toEqual([[0, "exact"]]);
  });

  test("a name that two concepts claim belongs to neither", () => {
    expect(bodies({ icons: { runner: { body: "R" } } }, {})).toEqual([]);
    expect([...agreedNames([{ "2764": "x" }, { "1f550": "x" }, { "1f3c3": "run" }], concepts)]).toEqual([["run", 3]]);
  });

  test("an alias is followed, a turned or mirrored one is dropped: it is the same drawing again", () => {
    const aliases = { same: { parent: "h" }, turned: { parent: "h", rotate: 1 }, mirrored: { parent: "h", hFlip: true } };
    const set = { icons: { h: { body: "H" } }, aliases };
    expect(bodies(set, { "2764": "same", "1f550": "turned", "1f3c3": "mirrored" })).toEqual([[0, "H"]]);
  });

  test("the box of an icon goes before that of its set", () => {
    const [drawing] = drawingsOf(
      { width: 36, height: 36, icons: { h: { body: "", height: 40, top: -2 } } },
      { "2764": "h" },
      concepts,
      new Map(),
    );
    expect(drawing?.svg).toContain('viewBox="0 -2 36 40"');
  });
});
