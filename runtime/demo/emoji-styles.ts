/** The artists of the demo set. Each draws the same concepts; the unseen style is for the test alone. */
export type EmojiStyle = {
  readonly name: string;
  /** The npm package with the drawings, a development dependency: nothing is redistributed. */
  readonly package: string;
  readonly licence: string;
  readonly author: string;
  readonly split: "train" | "test";
};

export const emojiStyles: readonly EmojiStyle[] = [
  { name: "noto", package: "@iconify-json/noto", licence: "Apache-2.0", author: "Google Inc.", split: "train" },
  { name: "noto-v1", package: "@iconify-json/noto-v1", licence: "Apache-2.0", author: "Google Inc.", split: "train" },
  {
    name: "twemoji",
    package: "@iconify-json/twemoji",
    licence: "CC-BY-4.0",
    author: "Twitter, Inc. and other contributors",
    split: "train",
  },
  {
    name: "emojione",
    package: "@iconify-json/emojione",
    licence: "CC-BY-4.0",
    author: "EmojiOne and EmojiTwo contributors",
    split: "train",
  },
  { name: "fxemoji", package: "@iconify-json/fxemoji", licence: "Apache-2.0", author: "Mozilla", split: "train" },
  { name: "fluent-emoji-flat", package: "@iconify-json/fluent-emoji-flat", licence: "MIT", author: "Microsoft Corporation", split: "test" },
];

/** Names and keywords. */
export const captionSource = {
  package: "emojibase-data",
  licence: "MIT; names and keywords from Unicode CLDR under Unicode-3.0",
  author: "Miles Johnson; Unicode, Inc.",
} as const;

/** Of the names, as emojibase calls them. */
export const languages = ["en", "de", "es", "fr", "it", "ja", "ko", "pt", "ru", "zh"] as const;
