/** Colours by meaning; plain text where the stream shows none. */
const paint =
  (open: number, close: number) =>
  (text: string, colour: boolean): string =>
    colour ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export const bold = paint(1, 22);
export const dim = paint(2, 22);
export const red = paint(31, 39);
export const green = paint(32, 39);
