/** Columns of a terminal. Line breaks, tabs and controls are the caller's to replace first. */
let segmenter: Intl.Segmenter | null = null;
/** Made when first needed: it loads tables of Unicode, which takes longer than to compile a small program. */
const graphemes = (text: string): Iterable<Intl.SegmentData> =>
  (segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" })).segment(text);

/** East Asian wide and full-width forms, and emoji that are drawn as pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

export type Cell = { readonly text: string; readonly offset: number; readonly width: number };

/** The characters as a reader counts them, each with its UTF-16 offset and its columns. */
export function cells(text: string): Cell[] {
  const simple = /^[\u0020-\u007e]*$/.test(text);
  if (simple) return Array.from(text, (character, offset) => ({ text: character, offset, width: 1 }));
  return Array.from(graphemes(text), ({ segment, index }) => ({ text: segment, offset: index, width: widthOf(segment) }));
}

function widthOf(grapheme: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
