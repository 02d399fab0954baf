/** Tar files byte by byte, so that a test can write what no archiver would. Knows nothing of the reader. */
export type Entry = {
  readonly name?: string;
  readonly content?: string | Uint8Array;
  readonly type?: string;
  /** The text of the size field, where it is not that of the content. */
  readonly size?: string | Uint8Array;
  readonly prefix?: string;
  readonly magic?: string;
  /** Added to the checksum. */
  readonly wrongBy?: number;
  /** Bytes put into the header before the checksum is made. */
  readonly patch?: readonly (readonly [at: number, bytes: readonly number[]])[];
};

export function entryBytes({
  name = "",
  content = "",
  type = "0",
  size,
  prefix = "",
  magic = "ustar\u000000",
  wrongBy = 0,
  patch = [],
}: Entry): Buffer {
  const body = Buffer.from(content as string);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write("0000644\0", 100);
  header.set(Buffer.from(size ?? (`${body.length.toString(8).padStart(11, "0")}\0` as never)), 124);
  header.write("00000000000\0", 136);
  header.fill(" ", 148, 156);
  header.write(type, 156, "latin1");
  header.write(magic, 257, "latin1");
  header.write(prefix, 345, 155);
  for (const [at, bytes] of patch) header.set(bytes, at);
  const sum = header.reduce((total, byte) => total + byte, 0) + wrongBy;
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

export const END = Buffer.alloc(1024);
export const tar = (...entries: readonly Entry[]): Buffer => Buffer.concat([...entries.map(entryBytes), END]);

/** `path=…` and the like as a pax header. */
export function pax(records: Readonly<Record<string, string>>, type = "x"): Entry {
  const content = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest) + 1;
    while (String(length).length + Buffer.byteLength(rest) !== length) length++;
    return `${length}${rest}`;
  });
  return { name: "PaxHeaders/x", type, content: content.join("") };
}
