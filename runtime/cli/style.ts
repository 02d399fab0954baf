import type { Part } from "../../grammar/code-frame.js";

/** Colours by meaning; plain text where the stream shows none. */
const paint =
  (open: number, close: number) =>
  (text: string, colour: boolean): string =>
    colour ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export const bold = paint(1, 22);
export const red = paint(31, 39);
const dim = paint(2, 22);
const green = paint(32, 39);
const yellow = paint(33, 39);
const blue = paint(34, 39);

/** The parts of a diagnostic. */
export const diagnosticPaint = {
  place: bold,
  error: red,
  warning: yellow,
  note: blue,
  message: bold,
  gutter: dim,
  mark: red,
  help: green,
} as const satisfies Record<Part, typeof bold>;
