import type { EmojiConcept } from "./emoji-concepts.js";
import { conceptKey } from "./emoji-concepts.js";

/** The part of an icon set's `icons.json` that matters here. */
export type IconSet = {
  readonly width?: number;
  readonly height?: number;
  readonly icons: Readonly<Record<string, Icon>>;
  readonly aliases?: Readonly<
    Record<string, { readonly parent: string; readonly hFlip?: boolean; readonly vFlip?: boolean; readonly rotate?: number }>
  >;
};
export type Icon = {
  readonly body: string;
  readonly width?: number;
  readonly height?: number;
  readonly left?: number;
  readonly top?: number;
};
/** Code points to icon name; empty for sets that do not know theirs. */
export type CodePoints = Readonly<Record<string, string>>;

export type Drawing = { readonly concept: number; readonly svg: string };

const RASTER = 128;

/** Finds the drawing of each concept in one set: by code point, else by name. `names` comes from the sets that have code points. */
export function drawingsOf(
  set: IconSet,
  codePoints: CodePoints,
  concepts: readonly EmojiConcept[],
  names: ReadonlyMap<string, number>,
): readonly Drawing[] {
  const byConcept = Object.keys(codePoints).length > 0 ? byCodePoint(codePoints, concepts) : byName(set, concepts, names);
  return [...byConcept]
    .sort(([a], [b]) => a - b)
    .flatMap(([concept, name]) => {
      const icon = iconNamed(set, name);
      return icon === null ? [] : [{ concept, svg: svgOf(set, icon) }];
    });
}

/** Icon names that sets with code points agree on, by concept; a name that two concepts claim is dropped. */
export function agreedNames(tables: readonly CodePoints[], concepts: readonly EmojiConcept[]): ReadonlyMap<string, number> {
  return unambiguous(tables.flatMap((table) => [...byCodePoint(table, concepts)].map(([concept, name]) => [name, concept] as const)));
}

function byCodePoint(table: CodePoints, concepts: readonly EmojiConcept[]): ReadonlyMap<number, string> {
  const names = new Map(Object.entries(table).map(([codes, name]) => [conceptKey(codes), name]));
  return new Map(concepts.flatMap(({ id, key }) => (names.has(key) ? [[id, names.get(key) ?? ""] as const] : [])));
}

/** By the exact name, then by its letters and digits against every name of a concept. The first icon of a concept is taken. */
function byName(set: IconSet, concepts: readonly EmojiConcept[], names: ReadonlyMap<string, number>): ReadonlyMap<number, string> {
  const loose = unambiguous(concepts.flatMap(({ id, name, aliases }) => [name, ...aliases].map((each) => [lettersOf(each), id] as const)));
  const exact = new Map<number, string>();
  const approximate = new Map<number, string>();
  for (const icon of [...Object.keys(set.icons), ...Object.keys(set.aliases ?? {})].sort()) {
    const certain = names.get(icon);
    if (certain !== undefined) {
      if (!exact.has(certain)) exact.set(certain, icon);
      continue;
    }
    const likely = loose.get(lettersOf(icon));
    if (likely !== undefined && !approximate.has(likely)) approximate.set(likely, icon);
  }
  return new Map([...approximate, ...exact]);
}

const lettersOf = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

function unambiguous(claims: readonly (readonly [name: string, concept: number])[]): ReadonlyMap<string, number> {
  const found = new Map<string, number | null>();
  for (const [name, concept] of claims) {
    const before = found.get(name);
    found.set(name, before === undefined || before === concept ? concept : null);
  }
  return new Map([...found].flatMap(([name, concept]) => (concept === null ? [] : [[name, concept] as const])));
}

/** Null for what is not there, and for aliases that turn or mirror another drawing. */
function iconNamed(set: IconSet, name: string): Icon | null {
  const icon = set.icons[name];
  if (icon !== undefined) return icon;
  const alias = set.aliases?.[name];
  if (alias === undefined || alias.hFlip || alias.vFlip || alias.rotate) return null;
  return iconNamed(set, alias.parent);
}

function svgOf(set: IconSet, icon: Icon): string {
  const { left = 0, top = 0, width = set.width ?? 16, height = set.height ?? 16, body } = icon;
  const box = `${left} ${top} ${width} ${height}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${box}" width="${RASTER}" height="${RASTER}">${body}</svg>`;
}
