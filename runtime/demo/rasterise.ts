import sharp from "sharp";
import { type Box, fitSquare } from "./fit-square.js";

/** Pixels a side of a prepared picture. */
export const PICTURE_SIZE = 64;

// A channel this far from white is part of the drawing; less is the soft edge of a shadow.
const INK = 20;

/**
 * A drawing on white, cut to what is drawn, so that artists' margins do not matter, and fitted into a square.
 * The bytes of a PNG; null where nothing but white is drawn.
 */
export async function rasterise(svg: string): Promise<Uint8Array | null> {
  // White first: without it, transparent pixels read as black.
  const image = sharp(Buffer.from(svg)).flatten({ background: "#ffffff" }).toColourspace("srgb").raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${info.channels} channels after flattening`);
  const box = inkBox(data, info.width, info.height);
  if (box === null) return null;
  const raw = { width: PICTURE_SIZE, height: PICTURE_SIZE, channels: 3 } as const;
  return sharp(fitSquare(data, info.width, box, PICTURE_SIZE), { raw })
    .png()
    .toBuffer();
}

/** The smallest box around everything that is not white. */
function inkBox(rgb: Uint8Array, width: number, height: number): Box | null {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      if (Math.min(rgb[at] ?? 255, rgb[at + 1] ?? 255, rgb[at + 2] ?? 255) >= 255 - INK) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}
