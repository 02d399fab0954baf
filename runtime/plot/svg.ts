/** The few marks that plots are made of, as SVG text. */

/** Okabe and Ito's colours, told apart by most eyes and, by lightness, in print; all stand out from white and from near black. */
const colours = ["#d55e00", "#0072b2", "#56b4e9", "#009e73", "#b8860b", "#cc79a7", "#8c6bb1"] as const;
/** Read on white and on near black alike, where the viewer's theme is not told to an image. */
export const INK = "#7d8590";

export const colourOf = (k: number): string => colours[k % colours.length] ?? INK;

export const rounded = (value: number): string => String(Math.round(value * 10) / 10);

/** Text as content or as an attribute in double quotes, of XML and of HTML. */
export const escapeMarkup = (content: string): string => content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

export type Anchor = "start" | "middle" | "end";
export const line = (x1: number, y1: number, x2: number, y2: number, more: string): string =>
  `<line x1="${rounded(x1)}" y1="${rounded(y1)}" x2="${rounded(x2)}" y2="${rounded(y2)}" stroke="${INK}" ${more}/>`;
export const dashed = (x1: number, y1: number, x2: number, y2: number): string =>
  line(x1, y1, x2, y2, 'stroke-width="2" stroke-dasharray="5 3"');
export const text = (x: number, y: number, content: string, anchor: Anchor, more = ""): string =>
  `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}"${more === "" ? "" : ` ${more}`}>${escapeMarkup(content)}</text>`;
export const rectangle = (x: number, y: number, width: number, height: number, colour: string, title: string): string =>
  `<rect x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width)}" height="${rounded(height)}" fill="${colour}"><title>${escapeMarkup(title)}</title></rect>`;

type Spot = readonly [x: number, y: number];
const spots = (points: readonly Spot[]): string => points.map(([x, y]) => `${rounded(x)},${rounded(y)}`).join(" ");
export const polyline = (points: readonly Spot[], colour: string): string =>
  `<polyline points="${spots(points)}" fill="none" stroke="${colour}" stroke-width="1.5" stroke-linejoin="round"/>`;
export const polygon = (points: readonly Spot[], colour: string): string =>
  `<polygon points="${spots(points)}" fill="${colour}" fill-opacity="0.25"/>`;
export const dot = (x: number, y: number, colour: string): string =>
  `<circle cx="${rounded(x)}" cy="${rounded(y)}" r="2" fill="${colour}"/>`;

export const svgDocument = (width: number, height: number, label: string, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeMarkup(label)}" font-family="system-ui, sans-serif" font-size="12" fill="${INK}" stroke="none">\n${parts.join("\n")}\n</svg>\n`;
