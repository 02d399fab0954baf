/** Token ids run from 1 to `VOCABULARY - 1`; 0 fills up. */
export const VOCABULARY = 4096;
/** The longest English name of the set has 44 tokens. */
export const TOKEN_LENGTH = 48;

/** A text as ids, and the share of each in it: a tower that sums `weight * embedding` takes the mean of a text of any length. */
export type TokenRow = { readonly ids: Int32Array; readonly weights: Float32Array };

/**
 * Words and their letter trigrams, each once, hashed into a fixed vocabulary: nothing to train or to ship,
 * and words never seen still share trigrams with seen ones ("cats" with "cat").
 */
export function hashedTokens(text: string): TokenRow {
  const words =
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const pieces = new Set([...words, ...words.flatMap(trigrams)]);
  const ids = [...pieces].slice(0, TOKEN_LENGTH).map((piece) => 1 + (fnv1a(piece) % (VOCABULARY - 1)));
  return {
    ids: Int32Array.from({ length: TOKEN_LENGTH }, (_, i) => ids[i] ?? 0),
    weights: Float32Array.from({ length: TOKEN_LENGTH }, (_, i) => (i < ids.length ? 1 / ids.length : 0)),
  };
}

/** `^ca`, `cat`, `at$`: marked with `#`, so that the word "cat" and the trigram of "scatter" differ. */
function trigrams(word: string): readonly string[] {
  const letters = [..."^", ...word, ..."$"];
  return letters.slice(2).map((_, i) => `#${letters.slice(i, i + 3).join("")}`);
}

/** Fowler, Noll and Vo's hash over UTF-8, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
