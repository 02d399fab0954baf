import type { FileWindow } from "./file-window.js";
import { readPax } from "./tar-extension.js";
import { BLOCK, readTarHeader, type TarName, tarName, untilZero } from "./tar-header.js";

/** One member, found by its headers; its content has not been touched. */
export type Member = {
  /** Where its first header is, with those that only carry its name or size. */
  readonly start: number;
  /** Where its content is. */
  readonly data: number;
  readonly size: number;
  /** Where the next member begins. */
  readonly end: number;
  readonly name: string;
  /** Why it cannot be used: `is a symbolic link, which is never followed`. */
  readonly fault: string | null;
};

/** Why a walk ended: at its limit, at the end mark, or where nothing more can be found. */
export type Ending = {
  readonly kind: "limit" | "mark" | "cut" | "damaged";
  readonly at: number;
  readonly reason: string;
  /** The member whose content is cut off. */
  readonly member: string | null;
};

/** Names and pax records longer than this are an attack: the longest path of Linux has 4,096 bytes. */
const LARGEST_EXTENSION = 64 << 10;
const LONGEST_NAME = 4096;

/** What the letters stand for that are never a sample's content. */
const strangers: Readonly<Record<string, string>> = {
  "1": "is a hard link, which is never followed",
  "2": "is a symbolic link, which is never followed",
  "3": "is a device",
  "4": "is a device",
  "6": "is a pipe",
  S: "is a sparse file, whose holes are not stored",
};
const withoutContent = new Set(["1", "2", "3", "4", "5", "6"]);
const FOLDER = "5";
const files = new Set(["0", "7"]);

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

/** The members between two offsets, folders left out, in bounded memory whatever the file holds. */
export function* walkTar(window: FileWindow, from: number, limit: number): Generator<Member, Ending> {
  let at = from;
  let start = from;
  let longName: TarName | null = null;
  let pax: ReturnType<typeof readPax> = null;
  const ending = (kind: Ending["kind"], reason: string, member: string | null = null): Ending => ({ kind, at, reason, member });

  while (at < limit) {
    const block = window.view(at, BLOCK);
    if (block === null) return ending("cut", `${window.size - at} bytes are left, less than a header`);
    const read = readTarHeader(block);
    if (read.kind === "zeros") return ending("mark", "");
    if (read.kind === "wrong") return ending("damaged", read.reason);
    const { header } = read;
    const data = at + BLOCK;

    if (header.type === "L" || header.type === "K" || header.type === "x" || header.type === "g") {
      if (header.size > LARGEST_EXTENSION) return ending("damaged", `a header says that a name or record of ${header.size} bytes follows`);
      const content = window.view(data, header.size);
      if (content === null) return ending("cut", "the name or record after a header is not whole");
      if (header.type === "L") longName = tarName(untilZero(content));
      if (header.type === "x" || header.type === "g") {
        const fields = readPax(content);
        if (fields === null) return ending("damaged", "the records of a pax header cannot be read");
        if (header.type === "x") pax = fields;
        // It would rename or resize every member that follows.
        else if (fields.path !== null || fields.size !== null || fields.sparse)
          return ending("damaged", "a global pax header sets names or sizes");
      }
      at = data + padded(header.size);
      continue;
    }

    const written = pax === null || pax.path === null ? (longName ?? header.name) : { text: pax.path, isUtf8: true };
    const name = written.text;
    const size = withoutContent.has(header.type) ? 0 : (pax?.size ?? header.size);
    if (header.extended) return ending("damaged", `"${name}" is a sparse file whose map runs on`);
    if (data + size > window.size)
      return ending("cut", `"${name}" has ${size} bytes by its header, and ${window.size - data} are left`, name);
    const end = data + padded(size);
    // Old tars mark a folder by its name alone.
    const folder = header.type === FOLDER || (header.type === "0" && size === 0 && name.endsWith("/"));
    const sparse = pax?.sparse === true ? (strangers["S"] ?? null) : null;
    if (!folder) yield { start, data, size, end, name, fault: faultOf(header.type) ?? sparse ?? nameFault(written) };
    [longName, pax] = [null, null];
    start = at = end;
  }
  return ending("limit", "");
}

const faultOf = (type: string): string | null =>
  files.has(type) ? null : Object.hasOwn(strangers, type) ? (strangers[type] ?? null) : `is of the unknown type ${JSON.stringify(type)}`;

function nameFault({ text: name, isUtf8 }: TarName): string | null {
  if (!isUtf8) return "has a name that is not UTF-8";
  if (name.length > LONGEST_NAME) return `has a name of more than ${LONGEST_NAME} characters`;
  if (name === "" || name.endsWith("/")) return "has no name";
  if (/^[\\/]|^[A-Za-z]:[\\/]/.test(name)) return "has an absolute name";
  if (name.split(/[\\/]/).includes("..")) return 'has ".." in its name';
  if (name.includes("\0")) return "has a zero in its name";
  return null;
}
