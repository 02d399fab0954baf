import type sharp from "sharp";
import { brokenSample } from "../samples/broken-sample.js";
import { pictureMessages } from "./messages.js";
import { decodePlainPng } from "./plain-png.js";

export type Picture = {
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits each, sRGB, row by row: width * height * 3 bytes. */
  readonly pixels: Uint8Array;
};

/** Holds a decompression bomb to 192 MiB of pixels, and to twice that where a file must be decoded as a whole with 16 bits. */
const MOST_PIXELS = 64 << 20;
/** JPEG and WebP have no longer sides; a PNG of one column and 64 million rows would cost more to resize than to store. */
const LONGEST_SIDE = 65_535;

/**
 * Decodes a PNG, JPEG or WebP: turned as its EXIF orientation says, colours by its profile to sRGB, transparent parts on white. Of an
 * animation the first picture. Any other format is refused by its first bytes, before a decoder sees it. Throws a `BrokenSample`.
 */
export async function decodePicture(bytes: Uint8Array, origin: string): Promise<Picture> {
  const format = formatOf(bytes);
  if (format === null) throw brokenSample(pictureMessages.format, { origin, found: describe(bytes) });
  const plain = format === "png" ? decodePlainPng(bytes) : null;
  if (plain !== null) return plain;
  const tooLarge = (limit: string) => brokenSample(pictureMessages.tooLarge, { origin, limit });
  if (format === "png" && longestPngSide(bytes) > LONGEST_SIDE) throw tooLarge(`${LONGEST_SIDE} pixels a side`);
  const open = await loadSharp();
  try {
    // "error" lets pass what every viewer shows, such as stray bytes in a JPEG; a picture that is cut off is an error.
    const { data, info } = await open(bytes, { failOn: "error", limitInputPixels: MOST_PIXELS })
      .autoOrient()
      // White first: without it, transparent pixels read as black.
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels`);
    return { width: info.width, height: info.height, pixels: data };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason.includes("pixel limit")) throw tooLarge(`${MOST_PIXELS} pixels`);
    throw brokenSample(pictureMessages.damaged, { origin, reason: reason.trim().replaceAll(/\s*\n\s*/g, "; ") });
  }
}

type Sharp = typeof sharp;
let loaded: Promise<Sharp> | null = null;

/** Loaded with the first picture: its libraries take as long as all of a small run. */
const loadSharp = (): Promise<Sharp> =>
  (loaded ??= import("sharp").then(({ default: open }) => {
    // It would keep results of operations on buffers that never come again.
    open.cache(false);
    return open;
  }));

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

function formatOf(bytes: Uint8Array): "png" | "jpeg" | "webp" | null {
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (ascii(bytes, 0, 3) === "\xff\xd8\xff") return "jpeg";
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") return "webp";
  return null;
}

/** For the message only. */
function describe(bytes: Uint8Array): string {
  if (bytes.length === 0) return "empty";
  const start = ascii(bytes, 0, 256).trimStart();
  if (start.startsWith("GIF8")) return "a GIF";
  if (/^(?:II\*\0|MM\0\*)/.test(start)) return "a TIFF";
  if (start.startsWith("BM")) return "a BMP";
  if (/^....ftyp/s.test(ascii(bytes, 0, 12))) return "an AVIF or HEIF";
  if (/^<(?:svg|\?xml|!--|!DOCTYPE svg)/i.test(start)) return "an SVG, which may name other files";
  return "of an unknown format";
}

/** The header of a PNG is always its first chunk. 0 where it is not whole: the decoder says so. */
function longestPngSide(bytes: Uint8Array): number {
  if (bytes.length < 24) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 24);
  return Math.max(view.getUint32(16), view.getUint32(20));
}
