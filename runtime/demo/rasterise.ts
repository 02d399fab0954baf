import sharp from "sharp";

/** Pixels a side of a prepared picture. */
export const PICTURE_SIZE = 32;
export const PICTURE_VALUES = PICTURE_SIZE * PICTURE_SIZE * 3;

const WHITE = { r: 255, g: 255, b: 255 };
// A channel this far from white is part of the drawing; less is the soft edge of a shadow.
const INK = 20;

type Box = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

/**
 * A drawing on white, cut to what is drawn, so that artists' margins do not matter, and fitted into a square.
 * RGB in [-1, 1], NHWC without the N. Null where nothing but white is drawn.
 */
export async function rasterise(svg: string): Promise<Float32Array | null> {
  // White first: without it, transparent pixels read as black.
  const { data, info } = await sharp(Buffer.from(svg))
    .flatten({ background: WHITE })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${info.channels} channels after flattening`);
  const box = inkBox(data, info.width, info.height);
  if (box === null) return null;
  const pixels = await sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .extract(box)
    .resize(PICTURE_SIZE, PICTURE_SIZE, { fit: "contain", background: WHITE })
    .raw()
    .toBuffer();
  if (pixels.length !== PICTURE_VALUES) throw new Error(`${pixels.length} bytes in a picture`);
  return Float32Array.from(pixels, (value) => value / 127.5 - 1);
}

/** The smallest box around everything that is not white. */
function inkBox(rgb: Uint8Array, width: number, height: number): Box | null {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let at = 0; at < rgb.length; at++) {
    if ((rgb[at] ?? 255) >= 255 - INK) continue;
    const pixel = Math.floor(at / 3);
    const x = pixel % width;
    const y = (pixel - x) / width;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}
