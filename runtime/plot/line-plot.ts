/** Curves over steps as SVG: a line of means, and behind it the band between the least and the greatest of the steps that a point stands for. */
import { colourOf, dashed, dot, line, polygon, polyline, svgDocument, text } from "./svg.js";

export type Point = { readonly x: number; readonly low: number; readonly mean: number; readonly high: number };
type Curve = { readonly name: string; readonly points: readonly Point[] };
export type LinePlot = {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** The axis goes from 0 to here. */
  readonly until: number;
  /** The values' axis begins at 0, where differences matter less than shares. */
  readonly fromZero: boolean;
  /** A value to compare with, such as a bound. */
  readonly mark: { readonly name: string; readonly value: number } | null;
};

const WIDTH = 480;
const HEIGHT = 236;
const LEFT = 60;
const RIGHT = 12;
const TOP = 46;
const BOTTOM = 26;

export function linePlot({ title, curves, until, fromZero, mark }: LinePlot): string {
  const points = curves.flatMap((curve) => curve.points);
  const seen = [...points.flatMap(({ low, high }) => [low, high]), ...(mark === null ? [] : [mark.value]), ...(fromZero ? [0] : [])];
  const rows = ticks(least(seen), greatest(seen), 4);
  const columns = ticks(0, Math.max(1, until), 5).filter((value) => value <= until);
  const [bottom, top] = [rows[0] ?? 0, rows.at(-1) ?? 1];
  const x = (value: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * value) / Math.max(1, until);
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - bottom) / (top - bottom));
  const last = curves.length === 1 ? curves[0]?.points.at(-1) : undefined;
  return svgDocument(WIDTH, HEIGHT, title, [
    ...rows.map((tick) => line(LEFT, y(tick), WIDTH - RIGHT, y(tick), 'stroke-opacity="0.35"')),
    ...rows.map((tick) => text(LEFT - 6, y(tick) + 4, tickLabel(tick, rows), "end")),
    ...columns.map((tick) => text(x(tick), HEIGHT - BOTTOM + 18, tickLabel(tick, columns), "middle")),
    text(LEFT, 16, title, "start", 'font-weight="600"'),
    ...(last === undefined ? [] : [text(WIDTH - RIGHT, 16, Number(last.mean.toPrecision(4)).toString(), "end")]),
    ...legend(curves, mark),
    ...(mark === null ? [] : [dashed(LEFT, y(mark.value), WIDTH - RIGHT, y(mark.value))]),
    ...curves.flatMap(({ points: own }, k) => drawn(own, colourOf(curves.length === 1 ? 1 : k), x, y)),
  ]);
}

function drawn(points: readonly Point[], colour: string, x: (v: number) => number, y: (v: number) => number): readonly string[] {
  const [only] = points;
  if (only === undefined) return [];
  if (points.length === 1) return [dot(x(only.x), y(only.mean), colour)];
  const upper = points.map((point) => [x(point.x), y(point.high)] as const);
  const lower = points.map((point) => [x(point.x), y(point.low)] as const).reverse();
  const means = points.map((point) => [x(point.x), y(point.mean)] as const);
  const isBand = points.some(({ low, high }) => low < high);
  return [...(isBand ? [polygon([...upper, ...lower], colour)] : []), polyline(means, colour)];
}

/** One row under the title; a single curve needs no name beside it. */
function legend(curves: readonly Curve[], mark: LinePlot["mark"]): readonly string[] {
  const several = curves.length > 1;
  let x = LEFT;
  const entry = (name: string, sign: (at: number) => string): string[] => {
    const at = x;
    x += 30 + 6.8 * name.length;
    return x > WIDTH ? [] : [sign(at), text(at + 20, 34, name, "start")];
  };
  return [
    ...(several
      ? curves.flatMap(({ name }, k) => entry(name, (at) => polyline([[at, 30] as const, [at + 16, 30] as const], colourOf(k))))
      : []),
    ...(mark === null ? [] : entry(mark.name, (at) => dashed(at, 30, at + 16, 30))),
  ];
}

// By reduce: a spread of many arguments overflows the stack.
const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const greatest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);

/** About `count` steps of 1, 2 or 5 times a power of ten that take in both ends. */
export function ticks(low: number, high: number, count: number): readonly number[] {
  if (!(low <= high)) return [0, 1];
  // What differs by rounding alone is one value, and gets room around it.
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const room = high - low > 1e-9 * largest ? 0 : largest / 2 || 1;
  const [from, to] = [low - room, high + room];
  // One by one: the difference of two huge ends would be infinite.
  const step = niceStep(to / count - from / count);
  if (!(step > 0) || !Number.isFinite(step)) return [0, 1];
  const [first, last] = [Math.floor(from / step + 1e-9), Math.ceil(to / step - 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, k) => (first + k) * step);
}

/** The least of 1, 2, 5 times a power of ten that is not below. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((factor) => factor * power >= value * (1 - 1e-9)) ?? 10);
}

/** As many digits as tell a tick from its neighbour; powers of ten where zeros would be all that one reads. */
export function tickLabel(value: number, all: readonly number[]): string {
  const step = (all[1] ?? 1) - (all[0] ?? 0);
  if (Math.abs(value) < step / 2) return "0";
  const digits = -Math.floor(Math.log10(step) + 1e-9);
  if (digits <= 3 && Math.abs(value) < 1e6) return value.toFixed(Math.max(0, digits));
  return value
    .toExponential(Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) + digits))
    .replace(/(\.\d*?)0+e/, "$1e")
    .replace(".e", "e")
    .replace("e+", "e");
}
