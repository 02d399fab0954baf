/**
 * A diagnostic as text, for people:
 *
 *   siglip.sig:14:24 error SIG3012: `w` has one batch axis and meets `logits`, …
 *     14 |   loss = sum[i, j](w * logits[i, j])
 *        |                    ^
 *   siglip.sig:9:3 note: `w` is defined here
 *      9 |   w = weight * 2
 *        |   ^
 *   help: write `w[i]` or `w[j]`
 */
import type { Diagnostic } from "./diagnostic.js";
import { type Cell, cells } from "./display-width.js";
import type { SourceFile } from "./source-file.js";
import type { Span } from "./span.js";

export type Part = "place" | "error" | "warning" | "note" | "message" | "gutter" | "mark" | "help";
/** Colours a part of the text; it must not change what is seen otherwise. */
export type Style = (part: Part, text: string) => string;

const plain: Style = (_, text) => text;

/** Columns of source text in a frame; a longer line is cut around what is marked. */
const MAX_WIDTH = 120;
const TAB = 4;
/** UTF-16 units looked at on either side of the mark, so that a line of a megabyte costs nothing. */
const REACH = 4 * MAX_WIDTH;

export function codeFrame(diagnostic: Diagnostic, sourceOf: (file: string) => SourceFile | undefined, style: Style = plain): string {
  const { severity, code, message, span, related, help } = diagnostic;
  const places = [span, ...related.map((place) => place.span)];
  const lastLines = places.map((place) => sourceOf(place.file)?.position(Math.max(place.start, place.end)).line ?? 0);
  const gutter = Math.max(4, ...lastLines.map((line) => String(line).length));
  const frame = (place: Span) => frameOf(place, sourceOf(place.file), gutter, style);
  return [
    `${style("place", placeOf(span, sourceOf))} ${style(severity, `${severity} ${code}:`)} ${style("message", visible(message))}`,
    ...frame(span),
    ...related.flatMap((place) => [
      `${style("place", placeOf(place.span, sourceOf))} ${style("note", "note:")} ${visible(place.message)}`,
      ...frame(place.span),
    ]),
    ...help.map((text) => `${style("help", "help:")} ${visible(text)}`),
  ].join("\n");
}

function placeOf(span: Span, sourceOf: (file: string) => SourceFile | undefined): string {
  const position = sourceOf(span.file)?.position(span.start);
  return visible(position === undefined ? span.file : `${span.file}:${position.line}:${position.column}`);
}

/** The first line of the span, marked, and its last line where that is another one. */
function frameOf(span: Span, source: SourceFile | undefined, gutter: number, style: Style): string[] {
  if (source === undefined) return [];
  const from = source.position(span.start);
  const to = source.position(Math.max(span.start, span.end));
  const numbered = (line: number, text: string) =>
    `${style("gutter", `${String(line).padStart(gutter)} |`)}${text === "" ? "" : ` ${text}`}`;
  const marked = (line: number, start: number, end: number): string[] => {
    const { text, indent, length } = excerpt(source.line(line), start, end);
    const mark = `${" ".repeat(indent)}${style("mark", "^".repeat(length))}`;
    return [numbered(line, text), `${style("gutter", `${" ".repeat(gutter)} |`)} ${mark}`];
  };
  if (to.line === from.line) return marked(from.line, from.column - 1, to.column - 1);
  const last = source.line(to.line);
  // A span that ends where a line begins ends with the line before.
  if (last.slice(0, to.column - 1).trim() === "") return marked(from.line, from.column - 1, source.line(from.line).length);
  const gap = to.line > from.line + 1 ? [style("gutter", `${" ".repeat(gutter)} …`)] : [];
  return [
    ...marked(from.line, from.column - 1, source.line(from.line).length),
    ...gap,
    ...marked(to.line, last.length - last.trimStart().length, to.column - 1),
  ];
}

/** What is shown of a line, and where the mark stands under it, in columns. `start` and `end` are UTF-16 offsets. */
function excerpt(line: string, start: number, end: number): { text: string; indent: number; length: number } {
  const low = Math.max(0, start - REACH);
  const shown = untabbed(cells(line.slice(low, start + REACH)));
  const before = shown.filter((cell) => cell.offset + low < start);
  const inside = shown.filter((cell) => cell.offset + low >= start && cell.offset + low < end);
  const indent = width(before);
  const total = width(shown);
  if (total <= MAX_WIDTH && low === 0 && line.length <= start + REACH) {
    return { text: textOf(shown).trimEnd(), indent, length: Math.max(1, width(inside)) };
  }
  // Keep a third of the room for what comes before the mark.
  const cutLeft = Math.max(0, Math.min(indent - Math.floor(MAX_WIDTH / 3), total - MAX_WIDTH));
  const kept: Cell[] = [];
  let column = 0;
  let keptFrom = -1;
  for (const cell of shown) {
    if (column >= cutLeft && column + cell.width <= cutLeft + MAX_WIDTH) {
      if (keptFrom < 0) keptFrom = column;
      kept.push(cell);
    }
    column += cell.width;
  }
  const left = keptFrom > 0 || low > 0 ? "…" : "";
  const right = keptFrom + width(kept) < total || line.length > start + REACH ? "…" : "";
  const room = keptFrom + width(kept) - indent;
  return {
    text: `${left}${textOf(kept)}${right}`,
    indent: indent - Math.max(0, keptFrom) + left.length,
    length: Math.max(1, Math.min(width(inside), room)),
  };
}

const width = (all: readonly Cell[]): number => all.reduce((sum, cell) => sum + cell.width, 0);
const textOf = (all: readonly Cell[]): string => all.map((cell) => cell.text).join("");

function untabbed(all: readonly Cell[]): Cell[] {
  let column = 0;
  return all.map((cell) => {
    const text = cell.text === "\t" ? " ".repeat(TAB - (column % TAB)) : visible(cell.text);
    const shown = { ...cell, text, width: text === cell.text ? cell.width : text.length };
    column += shown.width;
    return shown;
  });
}

/** A program may hold bytes that move a terminal's cursor or turn its text around: those are shown, not sent. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "\ufffd");
}
