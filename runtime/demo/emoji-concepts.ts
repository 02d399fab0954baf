/** What an emoji depicts: the meeting point of the drawings and of the names. */
export type EmojiConcept = {
  /** Its place in the list; the id by which a picture and a caption are a pair. */
  readonly id: number;
  /** Lower-case code points joined by "-", without the variation selector. */
  readonly key: string;
  readonly name: string;
  readonly keywords: readonly string[];
  /** Every short name that a chat system gives it; styles without a code-point table are matched by them. */
  readonly aliases: readonly string[];
};

/** An entry of emojibase's `data.json`, as far as it matters here. */
export type EmojibaseEntry = {
  readonly label: string;
  readonly hexcode: string;
  readonly tags?: readonly string[];
  readonly group?: number;
};
/** Short names by hexcode. */
export type Shortcodes = Readonly<Record<string, string | readonly string[]>>;

// Skin tones and hair alone, and flags: no pictures of things.
const COMPONENTS = 2;
const FLAGS = 9;

export const conceptKey = (hexcode: string): string =>
  hexcode
    .toLowerCase()
    .split("-")
    .filter((code) => code !== "fe0f")
    .join("-");

/** Concepts in the order of emojibase. Skin tones are left out: five near-copies of one picture under one name. */
export function readConcepts(entries: readonly EmojibaseEntry[], shortcodes: readonly Shortcodes[]): readonly EmojiConcept[] {
  return entries
    .filter(({ group }) => group !== undefined && group !== COMPONENTS && group !== FLAGS)
    .map(({ label, hexcode, tags = [] }, id) => ({
      id,
      key: conceptKey(hexcode),
      name: label.normalize("NFKC"),
      keywords: tags.map((tag) => tag.normalize("NFKC")),
      aliases: shortcodes.flatMap((table) => table[hexcode] ?? []),
    }));
}
