/**
 * Small pictures of the plainest kind: 8-bit RGB, not interlaced, in nothing but the chunks that every writer writes. A general decoder
 * takes ten times as long for one, nearly all of it to set itself up. https://www.w3.org/TR/png-3/
 */
import { constants, crc32, inflateSync } from "node:zlib";

/** RGB, 8 bits each, row by row. */
type Pixels = { readonly width: number; readonly height: number; readonly pixels: Uint8Array };

/** Beyond, the general decoder's own threads are worth their while. */
const MOST_PIXELS = 128 * 128;
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Of a chunk: its length and name before its data, its checksum behind. */
const BEFORE = 8;
const AFTER = 4;
const RGB = 3;

/** Null where it is another picture, or where anything about it is not right: the general decoder knows what to make of it. */
export function decodePlainPng(bytes: Uint8Array): Pixels | null {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) return null;
  const found = plainParts(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (found === null) return null;
  const { width, height, data } = found;
  const rows = inflated(data, height * (1 + width * RGB));
  return rows === null ? null : unfiltered(rows, width, height);
}

type Parts = { readonly width: number; readonly height: number; readonly data: Uint8Array };

function plainParts(file: Buffer): Parts | null {
  let size: { readonly width: number; readonly height: number } | null = null;
  const data: Uint8Array[] = [];
  for (let at = SIGNATURE.length; at + BEFORE + AFTER <= file.length; ) {
    const length = file.readUInt32BE(at);
    const end = at + BEFORE + length;
    if (end + AFTER > file.length || crc32(file.subarray(at + 4, end)) !== file.readUInt32BE(end)) return null;
    const name = file.toString("latin1", at + 4, at + BEFORE);
    const content = file.subarray(at + BEFORE, end);
    at = end + AFTER;
    if (size === null) {
      // 8 bits, RGB, and nothing but zeros: the one compression, the one set of filters, not interlaced.
      if (name !== "IHDR" || length !== 13 || content.readUIntBE(8, 5) !== 0x08_02_00_00_00) return null;
      size = { width: content.readUInt32BE(0), height: content.readUInt32BE(4) };
      if (size.width * size.height === 0 || size.width * size.height > MOST_PIXELS) return null;
    } else if (name === "IDAT") data.push(content);
    else if (name === "IEND") return at === file.length && length === 0 ? { ...size, data: joined(data) } : null;
    // The size of a dot on paper is for printers, and stands before the data.
    else if (name !== "pHYs" || length !== 9 || data.length > 0) return null;
  }
  return null;
}

const joined = (pieces: readonly Uint8Array[]): Uint8Array => (pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces));

/** Exactly so many bytes, and made of all that is there. */
function inflated(data: Uint8Array, size: number): Uint8Array | null {
  try {
    const options = { chunkSize: Math.max(size, constants.Z_MIN_CHUNK), maxOutputLength: size, info: true } as const;
    const { buffer, engine } = inflateSync(data, options) as unknown as Inflated;
    return buffer.length === size && engine.bytesWritten === data.length ? buffer : null;
  } catch {
    return null;
  }
}
/** What `info: true` asks for; its types do not know it. */
type Inflated = { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };

/** Each row says what was taken from its bytes: nothing, the pixel to the left, the row above, their mean, or the nearest of three. */
function unfiltered(rows: Uint8Array, width: number, height: number): Pixels | null {
  const stride = width * RGB;
  const pixels = new Uint8Array(stride * height);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const filtered = rows.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
    const row = pixels.subarray(y * stride, (y + 1) * stride);
    const undo = filters[rows[y * (stride + 1)] ?? 0];
    if (undo === undefined) return null;
    undo(filtered, row, above);
    above = row;
  }
  return { width, height, pixels };
}

type Undo = (filtered: Uint8Array, row: Uint8Array, above: Uint8Array) => void;

/** By number. A byte array keeps sums modulo 256; the first pixel's left neighbours are zeros, as is the row above the first. */
const filters: readonly Undo[] = [
  (filtered, row) => row.set(filtered),
  (filtered, row) => {
    row.set(filtered.subarray(0, RGB));
    for (let x = RGB; x < row.length; x++) row[x] = (filtered[x] ?? 0) + (row[x - RGB] ?? 0);
  },
  (filtered, row, above) => {
    for (let x = 0; x < row.length; x++) row[x] = (filtered[x] ?? 0) + (above[x] ?? 0);
  },
  (filtered, row, above) => {
    for (let x = 0; x < RGB; x++) row[x] = (filtered[x] ?? 0) + ((above[x] ?? 0) >> 1);
    for (let x = RGB; x < row.length; x++) row[x] = (filtered[x] ?? 0) + (((row[x - RGB] ?? 0) + (above[x] ?? 0)) >> 1);
  },
  (filtered, row, above) => {
    // Of three where two are zero, the nearest to their sum is the third.
    for (let x = 0; x < RGB; x++) row[x] = (filtered[x] ?? 0) + (above[x] ?? 0);
    for (let x = RGB; x < row.length; x++) row[x] = (filtered[x] ?? 0) + nearest(row[x - RGB] ?? 0, above[x] ?? 0, above[x - RGB] ?? 0);
  },
];

/** Paeth's: whichever is nearest to left + above - before; in a tie the first. */
function nearest(left: number, above: number, before: number): number {
  const toLeft = Math.abs(above - before);
  const toAbove = Math.abs(left - before);
  const toBefore = Math.abs(left + above - 2 * before);
  if (toLeft <= toAbove && toLeft <= toBefore) return left;
  return toAbove <= toBefore ? above : before;
}
