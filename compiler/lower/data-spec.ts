/** What the `data` and `eval` blocks say: for each input, where an example's value comes from and what is done to it, in order. */
import type { Span } from "../../grammar/span.js";

export type Range = readonly [low: number, high: number];
/** Red, green, blue. */
export type Channels = readonly [number, number, number];

export type DataSource =
  /** A member of each sample, by its extension, or a field of its line. */
  | { readonly kind: "column"; readonly name: string }
  /** Rows that a frozen tower has computed, in the order of the samples. `key` is null for a `.npy` file. */
  | { readonly kind: "embeddings"; readonly file: string; readonly key: string | null };

export type Transform =
  | { readonly kind: "decode" }
  | { readonly kind: "resize"; readonly side: number }
  | { readonly kind: "center_crop"; readonly side: number }
  /** `scale`: the part's area as a share of the picture's; `ratio`: its width over its height. */
  | { readonly kind: "random_crop"; readonly side: number; readonly scale: Range; readonly ratio: Range }
  /** Turned by up to ±`degrees`, shifted by up to ±`shift` of the side, scaled by a factor within `scale`. */
  | { readonly kind: "affine"; readonly degrees: number; readonly shift: number; readonly scale: Range }
  | { readonly kind: "flip"; readonly chance: number }
  | { readonly kind: "color_jitter"; readonly brightness: number; readonly contrast: number; readonly saturation: number }
  /** 0 becomes `low`, 255 `high`. */
  | { readonly kind: "to_float"; readonly low: number; readonly high: number }
  | { readonly kind: "normalize"; readonly mean: Channels; readonly std: Channels }
  /** One of several texts. */
  | { readonly kind: "pick"; readonly which: "first" | "random" }
  | { readonly kind: "lower" }
  | {
      readonly kind: "tokenize";
      /** As written: relative to the folder of the `.sig` file. */
      readonly file: string;
      readonly length: number;
      /** Tokens that stand before and after the text; null: none. */
      readonly begin: string | null;
      readonly end: string | null;
      /** What fills up a short text: a token, or its number. */
      readonly pad: string | number;
      /** Where a text is too long: the first ids are kept, or all but the last place, which is the end token's. */
      readonly too_long: "cut" | "keep_end";
    }
  | { readonly kind: "to_int" }
  | { readonly kind: "number" };

export type DataEntry = {
  readonly input: string;
  readonly source: DataSource;
  readonly transforms: readonly Transform[];
  readonly span: Span;
};
/** At most one entry an input. */
export type DataSpec = { readonly entries: readonly DataEntry[]; readonly span: Span };

/** Transforms whose result depends on a draw, and not only on the sample. */
export function isRandom(transform: Transform): boolean {
  switch (transform.kind) {
    case "random_crop":
    case "affine":
    case "flip":
    case "color_jitter":
      return true;
    case "pick":
      return transform.which === "random";
    case "decode":
    case "resize":
    case "center_crop":
    case "to_float":
    case "normalize":
    case "lower":
    case "tokenize":
    case "to_int":
    case "number":
      break;
  }
  return false;
}

/**
 * An entry in one line, every setting spelt out, so that two entries that do the same print the same. A tokenizer's file is
 * left out: it may move, and what is in it counts by its hash.
 */
export function printEntry({ source, transforms }: DataEntry): string {
  const from = source.kind === "column" ? `column(${JSON.stringify(source.name)})` : `embeddings(${JSON.stringify(source.key ?? "")})`;
  return [from, ...transforms.map(printTransform)].join(" | ");
}

function printTransform(transform: Transform): string {
  const settings = Object.entries(transform).filter(([name]) => name !== "kind" && name !== "file");
  const text = settings.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ");
  return text === "" ? transform.kind : `${transform.kind}(${text})`;
}
