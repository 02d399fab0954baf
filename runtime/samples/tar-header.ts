/**
 * One header of a tar file: 512 bytes as in POSIX.1-2001 (ustar) and in GNU tar's older form.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html, https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export const BLOCK = 512;

/** A name; where it is not UTF-8, with marks for what cannot be read. */
export type TarName = { readonly text: string; readonly isUtf8: boolean };

export type TarHeader = {
  readonly name: TarName;
  /** Bytes of content that follow, before they are filled up to whole blocks. */
  readonly size: number;
  /** One character: "0" is an ordinary file. */
  readonly type: string;
  /** GNU sparse files: more header blocks follow this one. */
  readonly extended: boolean;
};

/** A header, the end mark, or why the block is neither. */
export type ReadHeader =
  | { readonly kind: "header"; readonly header: TarHeader }
  | { readonly kind: "zeros" }
  | { readonly kind: "wrong"; readonly reason: string };

const NAME = [0, 100] as const;
const SIZE = [124, 136] as const;
const CHECKSUM = [148, 156] as const;
const TYPE = 156;
const MAGIC = 257;
const USTAR = Buffer.from("ustar\0");
const PREFIX = [345, 500] as const;
const IS_EXTENDED = 482;
const SPACE = 0x20;
const ZERO = 0x30;
const SLASH = Buffer.from("/");

export function readTarHeader(block: Uint8Array): ReadHeader {
  const sum = checksumOf(block);
  // A block of zeros sums up to its own checksum field, read as spaces.
  if (sum === (CHECKSUM[1] - CHECKSUM[0]) * SPACE && block.every((byte) => byte === 0)) return { kind: "zeros" };
  const wrong = (reason: string): ReadHeader => ({ kind: "wrong", reason });
  if (readNumber(block.subarray(...CHECKSUM)) !== sum) return wrong("a header does not agree with its checksum");
  const size = readNumber(block.subarray(...SIZE));
  if (size === null) return wrong("the size in a header is no number from 0 to 2^53");

  const type = block[TYPE] === 0 ? "0" : String.fromCharCode(block[TYPE] ?? 0);
  let name = untilZero(block.subarray(...NAME));
  // GNU's older form ("ustar" and a space) keeps times where ustar has the front of a long name.
  if (block[PREFIX[0]] !== 0 && USTAR.every((byte, i) => block[MAGIC + i] === byte))
    name = Buffer.concat([untilZero(block.subarray(...PREFIX)), SLASH, name]);
  return { kind: "header", header: { name: tarName(name), size, type, extended: type === "S" && block[IS_EXTENDED] !== 0 } };
}

/** The sum of all bytes, with the checksum's own field read as spaces. */
function checksumOf(block: Uint8Array): number {
  let sum = (CHECKSUM[1] - CHECKSUM[0]) * SPACE;
  for (let i = 0; i < CHECKSUM[0]; i++) sum += block[i] ?? 0;
  for (let i = CHECKSUM[1]; i < BLOCK; i++) sum += block[i] ?? 0;
  return sum;
}

/** Octal digits between spaces, ended by a zero, a space or the field; or, after a first byte of 0x80, a big-endian number (GNU). */
function readNumber(field: Uint8Array): number | null {
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) {
    // 0xff begins a negative number; 0x81 … one of more than 88 bits.
    if (first !== 0x80) return null;
    let value = 0;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return Number.isSafeInteger(value) ? value : null;
  }
  let at = 0;
  while (field[at] === SPACE) at++;
  let value = 0;
  for (; at < field.length; at++) {
    const digit = (field[at] ?? 0) - ZERO;
    if (!(digit >= 0 && digit < 8)) break;
    value = value * 8 + digit;
  }
  for (; at < field.length; at++) if (field[at] !== SPACE && field[at] !== 0) return null;
  return value;
}

export function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

export function tarName(bytes: Uint8Array): TarName {
  const text = decodeUtf8(bytes);
  return text === null ? { text: lenient.decode(bytes), isUtf8: false } : { text, isUtf8: true };
}
