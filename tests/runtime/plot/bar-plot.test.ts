import { expect, test } from "vitest";
import { barPlot, niceCeiling } from "../../../runtime/plot/bar-plot.js";

test("a plot escapes what it is told and leaves out what was not timed", () => {
  const svg = barPlot({
    title: "a < b",
    unit: "u",
    contestants: ["x", "y"],
    groups: [{ label: "n & m", bars: [3, null], most: null }],
  });
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain("n &amp; m");
  expect(svg.match(/<rect /g)).toHaveLength(3);
});

test("the axis ends at a number whose quarters are short", () => {
  expect([1, 3, 17, 163, 417, 900].map(niceCeiling)).toEqual([1, 4, 20, 200, 500, 1000]);
});
