import type { Picture } from "./picture.js";

/** How the pixels along one axis of the target lie on those of the source. */
export type Axis = {
  /** Target pixels. */
  readonly count: number;
  /** Where the first of them begins, in source pixels. */
  readonly start: number;
  /** How many source pixels one of them spans. */
  readonly step: number;
  /** The source pixels that may be read: low ≤ p < high. */
  readonly low: number;
  readonly high: number;
};

/** All of an axis of `size` pixels. */
export const wholeAxis = (size: number, count: number): Axis => ({ count, start: 0, step: size / count, low: 0, high: size });

/** Which source pixels make a target pixel: weights[target * width + k] is for pixel first[target] + k, up to last[target]. */
type Taps = { readonly first: Int32Array; readonly last: Int32Array; readonly width: number; readonly weights: Float64Array };

/**
 * A triangle as wide as two target pixels, and never narrower than two source pixels: bilinear where it enlarges, antialiased where it
 * shrinks, as Pillow's BILINEAR. What it would read outside is left out and the rest weighs more.
 */
function taps({ count, start, step, low, high }: Axis): Taps {
  const reach = Math.max(step, 1);
  const width = Math.ceil(reach * 2) + 1;
  const first = new Int32Array(count);
  const last = new Int32Array(count);
  const weights = new Float64Array(count * width);
  for (let target = 0; target < count; target++) {
    const centre = start + (target + 0.5) * step;
    // Pixels whose own centre is within reach; a centre exactly at the end weighs nothing.
    const from = Math.max(Math.floor(centre - reach + 0.5), low);
    const to = Math.min(Math.ceil(centre + reach - 0.5), high);
    let sum = 0;
    for (let p = from; p < to; p++) {
      const weight = Math.max(1 - Math.abs(p + 0.5 - centre) / reach, 0);
      weights[target * width + p - from] = weight;
      sum += weight;
    }
    for (let k = 0; k < to - from; k++) weights[target * width + k] = (weights[target * width + k] ?? 0) / sum;
    first[target] = from;
    last[target] = to - 1;
  }
  return { first, last, width, weights };
}

/**
 * The picture on another grid. All in float64 and rounded once, so that every machine gives the same bits. One row of the source is in
 * work at a time: the memory is that of the target, whatever the source.
 */
export function resample({ width, pixels }: Picture, across: Axis, down: Axis): Picture {
  const columns = taps(across);
  const rows = taps(down);
  const rowLength = across.count * 3;
  const row = new Float64Array(rowLength);
  const sums = new Float64Array(down.count * rowLength);
  // Target rows that a source row adds to: both ends only move on.
  let [begin, end] = [0, 0];
  for (let y = rows.first[0] ?? 0; y <= (rows.last[down.count - 1] ?? -1); y++) {
    while (begin < down.count && (rows.last[begin] ?? 0) < y) begin++;
    while (end < down.count && (rows.first[end] ?? 0) <= y) end++;
    if (begin === end) continue;
    shrinkRow(pixels, y * width * 3, columns, row);
    for (let target = begin; target < end; target++) {
      const weight = rows.weights[target * rows.width + y - (rows.first[target] ?? 0)] ?? 0;
      for (let i = 0, at = target * rowLength; i < rowLength; i++, at++) sums[at] = (sums[at] ?? 0) + weight * (row[i] ?? 0);
    }
  }
  return { width: across.count, height: down.count, pixels: toBytes(sums) };
}

function shrinkRow(pixels: Uint8Array, start: number, { first, last, width, weights }: Taps, into: Float64Array): void {
  for (let target = 0, to = 0; target < first.length; target++, to += 3) {
    const from = first[target] ?? 0;
    const end = (last[target] ?? 0) + 1;
    let red = 0;
    let green = 0;
    let blue = 0;
    let at = start + from * 3;
    for (let k = target * width; k < target * width + end - from; k++) {
      const weight = weights[k] ?? 0;
      red += weight * (pixels[at] ?? 0);
      green += weight * (pixels[at + 1] ?? 0);
      blue += weight * (pixels[at + 2] ?? 0);
      at += 3;
    }
    into[to] = red;
    into[to + 1] = green;
    into[to + 2] = blue;
  }
}

/** To the nearest of 0 … 255, halves up. */
export function toBytes(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    // Storing cuts the fraction off.
    const value = values[i] ?? 0;
    bytes[i] = value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5;
  }
  return bytes;
}
