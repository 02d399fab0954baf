import { describe, expect, test } from "vitest";
import { linePlot, tickLabel, ticks } from "../../../runtime/plot/line-plot.js";

const at = (x: number, mean: number, low = mean, high = mean) => ({ x, low, mean, high });

describe("the axis", () => {
  test.each([
    [0, 10, [0, 5, 10]],
    [2.1, 9.6, [2, 4, 6, 8, 10]],
    [0, 0.01, [0, 0.005, 0.01]],
    [-3.25, -2.71, [-3.4, -3.2, -3, -2.8, -2.6]],
  ])("from %s to %s has few and short numbers", (low, high, expected) => {
    const found = ticks(low, high, 4);
    expect(found.length).toBe(expected.length);
    expected.forEach((value, k) => expect(found[k]).toBeCloseTo(value, 12));
  });

  test("any two numbers give ticks that rise, take them in, and are few", () => {
    const values = [0, 5e-324, 1e-300, 1e-9, 0.3, 1, 1 + Number.EPSILON, 7e15, 1e16, 1.7e308];
    const all = [...values, ...values.map((value) => -value)];
    for (const a of all)
      for (const b of all.filter((value) => value >= a)) {
        const found = ticks(a, b, 4);
        expect(found.length, `${a} ${b}`).toBeLessThan(10);
        expect(
          found.every((tick, k) => k === 0 || tick > (found[k - 1] ?? Infinity)),
          `${a} ${b}: ${found.join()}`,
        ).toBe(true);
      }
    expect(ticks(Infinity, -Infinity, 4)).toEqual([0, 1]);
    expect(ticks(-10, -10, 4)[0]).toBeLessThan(-10);
  });

  test("labels tell neighbours apart", () => {
    const labels = (values: readonly number[]) => values.map((value) => tickLabel(value, values));
    expect(labels([0, 0.005, 0.01])).toEqual(["0", "0.005", "0.010"]);
    expect(labels([0, 5e-5, 1e-4, 1.5e-4])).toEqual(["0", "5e-5", "1e-4", "1.5e-4"]);
    expect(labels([0, 500_000, 1_000_000])).toEqual(["0", "500000", "1e6"]);
    expect(labels([9.998, 10, 10.002])).toEqual(["9.998", "10.000", "10.002"]);
  });
});

describe("a plot", () => {
  const plot = { title: "a < b", until: 10, fromZero: false, mark: null };
  test("escapes its title, draws a line through the means and a band where points stand for several steps", () => {
    const svg = linePlot({ ...plot, curves: [{ name: "x", points: [at(1, 0), at(6, 5, 4, 6), at(10, 10)] }] });
    expect(svg).toContain("a &lt; b");
    const [points = ""] = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, found]) => found);
    const spots = points.split(" ").map((spot) => spot.split(",").map(Number));
    // x from the left edge at 60 to the right one at 468, y from 210 up to 46.
    expect(spots).toEqual([
      [100.8, 210],
      [304.8, 128],
      [468, 46],
    ]);
    expect(svg.match(/<polygon /g)).toHaveLength(1);
    expect(linePlot({ ...plot, curves: [{ name: "x", points: [at(1, 0), at(2, 1)] }] })).not.toContain("<polygon");
  });
  test("of nothing, of one step, and of several curves with a mark is whole", () => {
    expect(linePlot({ ...plot, curves: [{ name: "x", points: [] }] })).not.toContain("NaN");
    expect(linePlot({ ...plot, curves: [{ name: "x", points: [at(1, 3)] }] })).toContain("<circle");
    const two = linePlot({
      ...plot,
      mark: { name: "bound", value: 20 },
      curves: ["img", "txt"].map((name) => ({ name, points: [at(1, 1), at(2, 2)] })),
    });
    for (const name of ["img", "txt", "bound"]) expect(two).toContain(`>${name}</text>`);
    expect(two).toContain(">20</text>");
  });
});
