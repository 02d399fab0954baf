/** A half-open range of UTF-16 offsets in one source file. `file` is the name given to `SourceFile`. */
export type Span = { readonly file: string; readonly start: number; readonly end: number };

/** The smallest span that covers both; they must come from one file. */
export function cover(a: Span, b: Span): Span {
  return { file: a.file, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}
