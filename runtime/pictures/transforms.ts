/**
 * What a data block does with a picture. Pure: randomness comes in as draws, and every function takes the same number of them whatever
 * they say, so that a change to one step leaves the draws of the others as they were.
 */
import type { Picture } from "./picture.js";
import { resample, toBytes, wholeAxis } from "./resample.js";

/** A number in [0, 1). */
export type Draw = () => number;
export type Range = readonly [low: number, high: number];
export type Channels = readonly [red: number, green: number, blue: number];

const between = ([low, high]: Range, draw: Draw): number => low + (high - low) * draw();

/** The whole picture to a square, its proportions given up: what SigLIP's towers see. */
export function resize(picture: Picture, side: number): Picture {
  if (picture.width === side && picture.height === side) return picture;
  return resample(picture, wholeAxis(picture.width, side), wholeAxis(picture.height, side));
}

/** The shorter side to `side`, and the middle of the longer: CLIP's way, with torchvision's rounding of the longer side and of its cut. */
export function centerCrop(picture: Picture, side: number): Picture {
  const { width, height } = picture;
  const shorter = Math.min(width, height);
  const axis = (size: number) => {
    const scaled = Math.floor((side * size) / shorter);
    const step = size / scaled;
    return { count: side, start: roundHalfEven((scaled - side) / 2) * step, step, low: 0, high: size };
  };
  return resample(picture, axis(width), axis(height));
}

/** As Python's round. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + (floor % 2) : Math.round(x);
}

/**
 * A part of random size, proportions and place, to a square (Szegedy and others 2014, "Going deeper with convolutions"). `scale` is its
 * share of the area, `ratio` width over height, even in its logarithm. Where the part is longer than the picture it is cut to it: no second
 * try. Four draws.
 */
export function randomCrop(
  picture: Picture,
  side: number,
  { scale, ratio }: { readonly scale: Range; readonly ratio: Range },
  draw: Draw,
): Picture {
  const area = between(scale, draw) * picture.width * picture.height;
  const proportion = Math.exp(between([Math.log(ratio[0]), Math.log(ratio[1])], draw));
  const axis = (size: number, wanted: number) => {
    const length = Math.min(Math.max(Math.round(wanted), 1), size);
    const start = Math.floor(draw() * (size - length + 1));
    return { count: side, start, step: length / side, low: start, high: start + length };
  };
  const across = axis(picture.width, Math.sqrt(area * proportion));
  const down = axis(picture.height, Math.sqrt(area / proportion));
  return resample(picture, across, down);
}

/** Limits of a random affine map: degrees to either side, shift as a share of each side, scale as a factor. */
export type Affine = { readonly degrees: number; readonly shift: number; readonly scale: Range };

/**
 * Turned about its middle, scaled and shifted, at the same size; what comes in from outside is white. Bilinear, so it is meant for scales
 * not far from 1. Four draws.
 */
export function affine({ width, height, pixels }: Picture, { degrees, shift, scale }: Affine, draw: Draw): Picture {
  const angle = (between([-degrees, degrees], draw) * Math.PI) / 180;
  const factor = between(scale, draw);
  const [shiftX, shiftY] = [between([-shift, shift], draw) * width, between([-shift, shift], draw) * height];
  const [cos, sin] = [Math.cos(angle) / factor, Math.sin(angle) / factor];
  const offset = (x: number, y: number) => (x >= 0 && x < width && y >= 0 && y < height ? (y * width + x) * 3 : OUTSIDE);
  const values = new Float64Array(pixels.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      // From the middle of a target pixel back to where it comes from.
      const dx = x + 0.5 - width / 2 - shiftX;
      const dy = y + 0.5 - height / 2 - shiftY;
      const sourceX = cos * dx + sin * dy + width / 2 - 0.5;
      const sourceY = cos * dy - sin * dx + height / 2 - 0.5;
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const right = sourceX - left;
      const bottom = sourceY - top;
      addPixel(pixels, offset(left, top), (1 - right) * (1 - bottom), values, at);
      addPixel(pixels, offset(left + 1, top), right * (1 - bottom), values, at);
      addPixel(pixels, offset(left, top + 1), (1 - right) * bottom, values, at);
      addPixel(pixels, offset(left + 1, top + 1), right * bottom, values, at);
    }
  }
  return { width, height, pixels: toBytes(values) };
}

const OUTSIDE = -1;

function addPixel(pixels: Uint8Array, from: number, weight: number, values: Float64Array, at: number): void {
  for (let c = 0; c < 3; c++) values[at + c] = (values[at + c] ?? 0) + weight * (from === OUTSIDE ? WHITE : (pixels[from + c] ?? 0));
}

const WHITE = 255;

/** Mirrored left to right with this chance. One draw. */
export function flip(picture: Picture, chance: number, draw: Draw): Picture {
  if (!(draw() < chance)) return picture;
  const { width, height, pixels } = picture;
  const mirrored = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [from, to] = [(y * width + x) * 3, (y * width + width - 1 - x) * 3];
      for (let c = 0; c < 3; c++) mirrored[to + c] = pixels[from + c] ?? 0;
    }
  return { width, height, pixels: mirrored };
}

/** How far each factor may be from 1. */
export type Jitter = { readonly brightness: number; readonly contrast: number; readonly saturation: number };

/**
 * Brightness times a factor; then the distance from the picture's mean grey; then of each pixel from its own grey. Cut to 0 … 255 after each
 * and rounded once. The order is fixed. Three draws.
 */
export function colorJitter({ width, height, pixels }: Picture, { brightness, contrast, saturation }: Jitter, draw: Draw): Picture {
  const factor = (limit: number) => between([Math.max(1 - limit, 0), 1 + limit], draw);
  const [bright, contrasted, saturated] = [factor(brightness), factor(contrast), factor(saturation)];
  const values = new Float64Array(pixels.length);
  for (let i = 0; i < values.length; i++) values[i] = clamp((pixels[i] ?? 0) * bright);
  let mean = 0;
  for (let at = 0; at < values.length; at += 3) mean += grey(values, at);
  mean /= Math.max(width * height, 1);
  for (let i = 0; i < values.length; i++) values[i] = clamp(mean + ((values[i] ?? 0) - mean) * contrasted);
  for (let at = 0; at < values.length; at += 3) {
    const own = grey(values, at);
    for (let c = 0; c < 3; c++) values[at + c] = own + ((values[at + c] ?? 0) - own) * saturated;
  }
  return { width, height, pixels: toBytes(values) };
}

const clamp = (value: number): number => Math.min(Math.max(value, 0), 255);
/** ITU-R BT.601, as Pillow and torchvision weigh. */
const grey = (values: Float64Array, at: number): number =>
  0.299 * (values[at] ?? 0) + 0.587 * (values[at + 1] ?? 0) + 0.114 * (values[at + 2] ?? 0);

/** 0 … 255 to low … high, in the order of NHWC. */
export function toFloat({ pixels }: Picture, low: number, high: number): Float32Array {
  const scale = (high - low) / 255;
  const values = new Float32Array(pixels.length);
  for (let i = 0; i < values.length; i++) values[i] = (pixels[i] ?? 0) * scale + low;
  return values;
}

/** (value - mean) / std by channel. */
export function normalize(values: Float32Array, mean: Channels, std: Channels): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = ((values[i] ?? 0) - (mean[i % 3] ?? 0)) / (std[i % 3] ?? 1);
  return result;
}
