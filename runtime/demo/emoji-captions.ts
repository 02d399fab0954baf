import { randomWords } from "../../compiler/kernel/philox.js";
import type { EmojiConcept } from "./emoji-concepts.js";

/** What is trained on for one picture: half of them the name, three with keywords behind it, two of keywords alone. */
const NAMES = 5;
const NAMES_AND_KEYWORDS = 3;
const KEYWORDS = 2;
const MOST_KEYWORDS = 3;

/**
 * Captions of one picture, drawn once for it: artists' drawings of one concept have different ones. `picture` numbers the drawing
 * among all; equal numbers give equal captions.
 */
export function captionsOf({ name, keywords }: EmojiConcept, picture: number): readonly string[] {
  let drawn = 0;
  const below = (limit: number): number => randomWords({ seed: 0, step: drawn++, site: 0 }, picture)[0] % limit;
  const some = (): readonly string[] => {
    const left = keywords.filter((keyword) => keyword !== name);
    const count = Math.min(1 + below(MOST_KEYWORDS), left.length);
    return Array.from({ length: count }, () => left.splice(below(left.length), 1)[0] ?? name);
  };
  const keywordsAlone = (): string => some().join(", ") || name;
  return [
    ...Array.from({ length: NAMES }, () => name),
    ...Array.from({ length: NAMES_AND_KEYWORDS }, () => [name, ...some()].join(", ")),
    ...Array.from({ length: KEYWORDS }, keywordsAlone),
  ];
}
