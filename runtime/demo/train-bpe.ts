/**
 * Byte-pair encoding (Sennrich et al. 2016) over bytes, as GPT-2 has it, trained on a few thousand short texts and written in the
 * form of Hugging Face's `tokenizer.json`. Equal texts give equal bytes: of pairs that come as often, the one that did so first is joined first.
 */
export type BpeFile = {
  readonly version: "1.0";
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly {
    readonly id: number;
    readonly content: string;
    readonly single_word: false;
    readonly lstrip: false;
    readonly rstrip: false;
    readonly normalized: false;
    readonly special: true;
  }[];
  readonly normalizer: { readonly type: "Sequence"; readonly normalizers: readonly { readonly type: "NFKC" | "Lowercase" }[] };
  readonly pre_tokenizer: {
    readonly type: "ByteLevel";
    readonly add_prefix_space: true;
    readonly trim_offsets: true;
    readonly use_regex: true;
  };
  readonly post_processor: null;
  readonly decoder: { readonly type: "ByteLevel"; readonly add_prefix_space: true; readonly trim_offsets: true; readonly use_regex: true };
  readonly model: {
    readonly type: "BPE";
    readonly dropout: null;
    readonly unk_token: null;
    readonly continuing_subword_prefix: null;
    readonly end_of_word_suffix: null;
    readonly fuse_unk: false;
    readonly byte_fallback: false;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly string[];
  };
};

/** GPT-2's cut into words: a word keeps the space before it. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

type Word = { symbols: string[]; readonly count: number };

/** `size` counts special tokens, the 256 bytes and the merges; fewer where the texts have no more pairs that come twice. */
export function trainBpe(texts: readonly string[], size: number, special: readonly string[]): BpeFile {
  const letters = byteLetters();
  const alphabet = [...letters].sort();
  const words = wordsOf(texts, letters);
  const merges = mergesOf(words, size - special.length - alphabet.length);
  const tokens = [...special, ...alphabet, ...merges.map(([left, right]) => left + right)];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: "Sequence", normalizers: [{ type: "NFKC" }, { type: "Lowercase" }] },
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.join(" ")),
    },
  };
}

/** A printing character for each byte: itself where it prints, else the next free one from U+0100 on (GPT-2's table). */
function byteLetters(): readonly string[] {
  const prints = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  let free = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(prints(byte) ? byte : free++));
}

function wordsOf(texts: readonly string[], letters: readonly string[]): readonly Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const normal = text.normalize("NFKC").toLowerCase();
    const spaced = normal.startsWith(" ") ? normal : ` ${normal}`;
    for (const word of spaced.match(WORDS) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const encoder = new TextEncoder();
  return [...counts].map(([word, count]) => ({ symbols: [...encoder.encode(word)].map((byte) => letters[byte] ?? ""), count }));
}

function mergesOf(words: readonly Word[], most: number): readonly (readonly [string, string])[] {
  const pairs = new Pairs();
  for (const word of words) pairs.add(word, 1);
  const merges: (readonly [string, string])[] = [];
  while (merges.length < most) {
    const best = pairs.mostFrequent();
    if (best === null) break;
    const [left = "", right = ""] = best.split(" ");
    merges.push([left, right]);
    for (const word of pairs.wordsWith(best)) {
      pairs.add(word, -1);
      word.symbols = joined(word.symbols, left, right);
      pairs.add(word, 1);
    }
  }
  return merges;
}

/** Neighbouring symbols, `left right`, with how often they come: by pair, and by count to find the most frequent without a search. */
class Pairs {
  readonly #entries = new Map<string, { count: number; readonly words: Set<Word> }>();
  readonly #byCount: Set<string>[] = [];

  add(word: Word, sign: 1 | -1): void {
    const { symbols, count } = word;
    for (let k = 0; k + 1 < symbols.length; k++) {
      const pair = `${symbols[k]} ${symbols[k + 1]}`;
      const entry = this.#entries.get(pair) ?? { count: 0, words: new Set() };
      this.#entries.set(pair, entry);
      entry.words.add(word);
      this.#byCount[entry.count]?.delete(pair);
      entry.count += sign * count;
      (this.#byCount[entry.count] ??= new Set()).add(pair);
    }
  }

  /** The pair that reached its count first, of those that come most often; null where none comes twice. */
  mostFrequent(): string | null {
    while (this.#byCount.length > 2 && (this.#byCount.at(-1)?.size ?? 0) === 0) this.#byCount.pop();
    const [first] = this.#byCount.length > 2 ? (this.#byCount.at(-1) ?? []) : [];
    return first ?? null;
  }

  /** Words that have the pair, or had it once. */
  wordsWith(pair: string): readonly Word[] {
    return [...(this.#entries.get(pair)?.words ?? [])];
  }
}

function joined(symbols: readonly string[], left: string, right: string): string[] {
  const result: string[] = [];
  for (let k = 0; k < symbols.length; k++) {
    const here = symbols[k] ?? "";
    const pair = here === left && symbols[k + 1] === right;
    result.push(pair ? left + right : here);
    if (pair) k++;
  }
  return result;
}
