/** Grouped bars as SVG: one group per size, one bar per contestant, a line for what the machine does at most. */
import { colourOf, dashed, line, rectangle, svgDocument, text } from "./svg.js";

type Group = {
  readonly label: string;
  /** By contestant; null where it was not timed. */
  readonly bars: readonly (number | null)[];
  readonly most: number | null;
};
export type BarPlot = {
  readonly title: string;
  readonly unit: string;
  readonly contestants: readonly string[];
  readonly groups: readonly Group[];
};

const WIDTH = 720;
const HEIGHT = 332;
const LEFT = 48;
const RIGHT = 8;
const TOP = 76;
const BOTTOM = 40;

export function barPlot({ title, unit, contestants, groups }: BarPlot): string {
  const top = niceCeiling(Math.max(1, ...groups.flatMap(({ bars, most }) => [...bars.map((bar) => bar ?? 0), most ?? 0])));
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  const y = (value: number): number => TOP + height * (1 - value / top);
  const slot = width / Math.max(1, groups.length);
  const bar = (slot * 0.84) / contestants.length;
  const ticks = [0, 1, 2, 3, 4].map((k) => (top * k) / 4);
  const parts = [
    ...ticks.map((tick) => line(LEFT, y(tick), WIDTH - RIGHT, y(tick), 'stroke-opacity="0.35"')),
    ...ticks.map((tick) => text(LEFT - 6, y(tick) + 4, String(tick), "end")),
    text(LEFT, 16, `${title}, ${unit}`, "start", 'font-weight="600"'),
    ...legend(contestants),
    ...groups.flatMap(({ label, bars, most }, g) => {
      const left = LEFT + slot * (g + 0.08);
      return [
        ...bars.flatMap((value, k) =>
          value === null
            ? []
            : [
                rectangle(
                  left + bar * k,
                  y(value),
                  bar * 0.9,
                  y(0) - y(value),
                  colourOf(k),
                  `${contestants[k]}, ${label}: ${value.toPrecision(3)}`,
                ),
              ],
        ),
        ...(most === null ? [] : [dashed(left, y(most), left + slot * 0.84, y(most))]),
        text(left + slot * 0.42, HEIGHT - BOTTOM + 18, label, "middle"),
      ];
    }),
  ];
  return svgDocument(WIDTH, HEIGHT, title, parts);
}

/** Entries side by side, in as many rows as they take; TOP leaves room for two. */
function legend(contestants: readonly string[]): readonly string[] {
  const names = [...contestants, "the machine's peak"];
  let [x, y] = [LEFT, 34];
  return names.flatMap((name, k) => {
    const width = 30 + 6.8 * name.length;
    if (x + width > WIDTH - RIGHT) [x, y] = [LEFT, y + 18];
    const at = x;
    x += width;
    const mark = k < contestants.length ? rectangle(at + 4, y - 5, 10, 10, colourOf(k), name) : dashed(at, y, at + 16, y);
    return [mark, text(at + 20, y + 4, name, "start")];
  });
}

/** The least of 1, 2, 4, 5, 8 times a power of ten that is not below: its quarters are short numbers. */
export function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 5, 8].find((factor) => factor * power >= value) ?? 10);
}
