/** Grouped bars as SVG: one group per size, one bar per contestant, a line for what the machine does at most. */

export type Group = {
  readonly label: string;
  /** By contestant; null where it was not timed. */
  readonly bars: readonly (number | null)[];
  readonly most: number | null;
};
export type Plot = {
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

/** Okabe and Ito's colours, told apart by most eyes and, by lightness, in print; all stand out from white and from near black. */
const colours = ["#d55e00", "#0072b2", "#56b4e9", "#009e73", "#b8860b", "#cc79a7", "#8c6bb1"] as const;
/** Read on white and on near black alike, where the viewer's theme is not told to an image. */
const INK = "#7d8590";

export function plotSvg({ title, unit, contestants, groups }: Plot): string {
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
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escape(title)}" font-family="system-ui, sans-serif" font-size="12" fill="${INK}" stroke="none">\n${parts.join("\n")}\n</svg>\n`;
}

const colourOf = (contestant: number): string => colours[contestant % colours.length] ?? INK;

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

const rounded = (value: number): string => String(Math.round(value * 10) / 10);
const line = (x1: number, y1: number, x2: number, y2: number, more: string): string =>
  `<line x1="${rounded(x1)}" y1="${rounded(y1)}" x2="${rounded(x2)}" y2="${rounded(y2)}" stroke="${INK}" ${more}/>`;
const dashed = (x1: number, y1: number, x2: number, y2: number): string => line(x1, y1, x2, y2, 'stroke-width="2" stroke-dasharray="5 3"');
const text = (x: number, y: number, content: string, anchor: "start" | "middle" | "end", more = ""): string =>
  `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}"${more === "" ? "" : ` ${more}`}>${escape(content)}</text>`;
const rectangle = (x: number, y: number, width: number, height: number, colour: string, title: string): string =>
  `<rect x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width)}" height="${rounded(height)}" fill="${colour}"><title>${escape(title)}</title></rect>`;
const escape = (content: string): string => content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
