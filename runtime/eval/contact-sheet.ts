/** The pictures that queries found, side by side, each with its caption and score; a part for each query. */
import type sharp from "sharp";
import type { OverlayOptions } from "sharp";
import type { Picture } from "../pictures/picture.js";
import { escapeMarkup } from "../plot/svg.js";

export type SheetCell = { readonly picture: Picture; readonly caption: string; readonly score: number };

/** Pixels. */
const SIDE = 160;
const GAP = 12;
const LINE = 16;
const TITLE = 40;
const COLUMNS = 5;
/** Of a caption's two lines, in the width of a cell. */
const LETTERS = 24;

/** What one query found. */
export type SheetPart = { readonly title: string; readonly cells: readonly SheetCell[] };

export async function contactSheet(parts: readonly SheetPart[]): Promise<Uint8Array> {
  const { default: open } = await import("sharp");
  const columns = Math.max(1, ...parts.map(({ cells }) => Math.min(COLUMNS, cells.length)));
  const [width, step] = [columns * (SIDE + GAP) + GAP, SIDE + 3 * LINE + GAP];
  const heightOf = ({ cells }: SheetPart): number => TITLE + Math.max(1, Math.ceil(cells.length / columns)) * step + GAP;
  const layers: Promise<OverlayOptions>[] = [];
  const texts: string[] = [];
  let height = 0;
  for (const part of parts) {
    const top = height;
    height += heightOf(part);
    const title = escaped(short(part.title, Math.floor(width / 10)));
    texts.push(`<text x="${GAP}" y="${top + 26}" font-size="17" font-weight="bold">${title}</text>`);
    part.cells.forEach(({ picture, caption, score }, k) => {
      const left = GAP + (k % columns) * (SIDE + GAP);
      const y = top + TITLE + Math.floor(k / columns) * step;
      layers.push(fitted(open, picture).then((input) => ({ input, left, top: y })));
      const [first = "", second = ""] = linesOf(caption);
      texts.push(text(left, y + SIDE + LINE, first), text(left, y + SIDE + 2 * LINE, second));
      texts.push(text(left, y + SIDE + 3 * LINE, `${k + 1}.  ${score.toFixed(3)}`, "#777777"));
    });
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" fill="#222222">${texts.join("")}</svg>`;
  return open({ create: { width, height, channels: 3, background: "#ffffff" } })
    .composite([...(await Promise.all(layers)), { input: Buffer.from(svg), left: 0, top: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
}

/** Small drawings keep their pixels' edges. */
function fitted(open: typeof sharp, { width, height, pixels }: Picture): Promise<Buffer> {
  const kernel = Math.max(width, height) < SIDE / 2 ? "nearest" : "lanczos3";
  return open(pixels, { raw: { width, height, channels: 3 } })
    .resize(SIDE, SIDE, { fit: "contain", background: "#ffffff", kernel })
    .png()
    .toBuffer();
}

const text = (x: number, y: number, content: string, fill = "#222222"): string =>
  `<text x="${x}" y="${y}" font-size="12" fill="${fill}">${escaped(content)}</text>`;

/** Two lines, broken between words where that is possible. */
export function linesOf(caption: string): readonly string[] {
  const plain = caption.replaceAll(/\s+/g, " ").trim();
  if (length(plain) <= LETTERS) return [plain];
  const letters = [...plain];
  const space = letters.slice(0, LETTERS + 1).lastIndexOf(" ");
  const end = space > LETTERS / 2 ? space : LETTERS;
  return [letters.slice(0, end).join(""), short(letters.slice(end).join("").trim(), LETTERS)];
}

const length = (caption: string): number => [...caption].length;
const short = (caption: string, most: number): string =>
  length(caption) <= most ? caption : `${[...caption].slice(0, most - 1).join("")}…`;

/** What XML does not allow at all is left out. */
const escaped = (content: string): string => escapeMarkup(content.replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, ""));
