/** In pixels; inside its image. */
export type Box = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

const WHITE = 255;

/**
 * The box of an RGB image, centred on a white square and scaled to `size` pixels a side: RGB again.
 * Each pixel is the mean over the area that it covers: for these sizes faster than a pipeline of the image library,
 * and the same bits on every machine.
 */
export function fitSquare(rgb: Uint8Array, imageWidth: number, box: Box, size: number): Uint8Array {
  const side = Math.max(box.width, box.height);
  const columns = spans(side, size, (side - box.width) / 2, box.width);
  const rows = spans(side, size, (side - box.height) / 2, box.height);
  const result = new Uint8Array(size * size * 3);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      // What the pixel covers outside the box is white.
      const sum = [WHITE * (1 - row.covered * column.covered), 0, 0];
      sum[1] = sum[2] = sum[0] ?? 0;
      row.parts.forEach((rowShare, dy) => {
        const line = (box.top + row.first + dy) * imageWidth + box.left + column.first;
        column.parts.forEach((columnShare, dx) => {
          const share = rowShare * columnShare;
          for (let c = 0; c < 3; c++) sum[c] = (sum[c] ?? 0) + share * (rgb[(line + dx) * 3 + c] ?? WHITE);
        });
      });
      result.set(sum.map(Math.round), (y * size + x) * 3);
    });
  });
  return result;
}

/** Which pixels of the box one target pixel covers along an axis, and with what shares of it. */
type Coverage = { readonly first: number; readonly parts: readonly number[]; readonly covered: number };

/** `side` source pixels become `size`; the box is `length` of them and starts at `offset`. */
function spans(side: number, size: number, offset: number, length: number): readonly Coverage[] {
  const step = side / size;
  return Array.from({ length: size }, (_, target) => {
    const from = Math.max(target * step - offset, 0);
    const to = Math.min((target + 1) * step - offset, length);
    if (to <= from) return { first: 0, parts: [], covered: 0 };
    const first = Math.floor(from);
    const parts = Array.from({ length: Math.ceil(to) - first }, (_, i) => {
      const overlap = Math.min(first + i + 1, to) - Math.max(first + i, from);
      return overlap / step;
    });
    return { first, parts, covered: (to - from) / step };
  });
}
