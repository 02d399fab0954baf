import type { Hash } from "node:crypto";
import { RandomAccessFile } from "../data/random-access-file.js";
import type { Reader } from "./file-window.js";
import type { IndexedFile } from "./indexed-file.js";
import { readLine } from "./line-sample.js";
import type { SampleTable } from "./sample-table.js";

const PIECE = 1 << 20;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/** Finds the lines of a manifest and adds those that are not blank to the table, each with its number as note. Lines are parsed when read. */
export function indexLines(path: string, table: SampleTable, hash: Hash): IndexedFile {
  const file = RandomAccessFile.open(path);
  try {
    const first = table.count;
    addLines(file, table, hash);
    return { path, size: file.size, first, damage: null, read: (place, reader) => readLine(path, place, reader) };
  } finally {
    file.close();
  }
}

function addLines(file: Reader, table: SampleTable, hash: Hash): void {
  const buffer = new Uint8Array(PIECE);
  let start = afterMark(file);
  let number = 1;
  let blank = true;
  const finish = (end: number) => {
    if (!blank) table.add(start, end, number);
    [start, number, blank] = [end + 1, number + 1, true];
  };
  for (let offset = start; offset < file.size; offset += PIECE) {
    const piece = buffer.subarray(0, Math.min(PIECE, file.size - offset));
    file.read(offset, piece);
    hash.update(piece);
    for (let at = 0; at < piece.length; ) {
      const newline = piece.indexOf(NEWLINE, at);
      const end = newline < 0 ? piece.length : newline;
      for (let i = at; blank && i < end; i++) blank = isBlank(piece[i] ?? 0);
      if (newline >= 0) finish(offset + newline);
      at = end + 1;
    }
  }
  finish(file.size);
  hash.update("\n");
}

function afterMark(file: Reader): number {
  const mark = new Uint8Array(Math.min(BYTE_ORDER_MARK.length, file.size));
  file.read(0, mark);
  return BYTE_ORDER_MARK.every((byte, i) => mark[i] === byte) ? BYTE_ORDER_MARK.length : 0;
}
