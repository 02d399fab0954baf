/** One transform of the data block, applied to one example. */
import type { Transform } from "../../compiler/lower/data-spec.js";
import type { Picture } from "../pictures/picture.js";
import { affine, centerCrop, colorJitter, flip, normalize, randomCrop, resize, toFloat } from "../pictures/transforms.js";
import { type Tokenizer, tokenize } from "../text/tokenizer.js";
import type { Draw } from "./draws.js";
import type { Held } from "./held-values.js";

/** Sources are read by `columnReader`, together with the first transform, which says what a column must hold. */
type Applied = Exclude<Transform, { readonly kind: "decode" | "to_int" | "number" }>;
export type Apply = (held: Held, draw: Draw) => Held;

/** The checker has held each transform to what comes before it. */
export function transformer(transform: Applied, tokenizerOf: (file: string) => Tokenizer): Apply {
  switch (transform.kind) {
    case "resize":
      return onPicture((picture) => resize(picture, transform.side));
    case "center_crop":
      return onPicture((picture) => centerCrop(picture, transform.side));
    case "random_crop":
      return onPicture((picture, draw) => randomCrop(picture, transform.side, transform, draw));
    case "affine":
      return onPicture((picture, draw) => affine(picture, transform, draw));
    case "flip":
      return onPicture((picture, draw) => flip(picture, transform.chance, draw));
    case "color_jitter":
      return onPicture((picture, draw) => colorJitter(picture, transform, draw));
    case "to_float":
      return (held) => {
        const picture = pictureOf(held);
        const { width, height } = picture;
        return { kind: "floats", values: toFloat(picture, transform.low, transform.high), width, height };
      };
    case "normalize":
      return (held) =>
        held.kind === "floats" ? { ...held, values: normalize(held.values, transform.mean, transform.std) } : fault("floats", held);
    case "pick":
      return (held, draw) => {
        if (held.kind !== "texts") return fault("texts", held);
        const { texts } = held;
        // One text is no choice, and takes no draw.
        const at = transform.which === "first" || texts.length === 1 ? 0 : Math.floor(draw() * texts.length);
        return { kind: "text", text: texts[at] ?? "" };
      };
    case "lower":
      return (held) => ({ kind: "text", text: textOf(held).toLowerCase() });
    case "tokenize": {
      const tokenizer = tokenizerOf(transform.file);
      const { length, begin, end, pad, too_long: tooLong } = transform;
      const rules = { length, lower: false, begin, end, pad, whenTooLong: tooLong === "keep_end" ? "cut-keep-end" : "cut" } as const;
      // A token that is not there is told now, and not at the first text.
      tokenize(tokenizer, "", rules);
      return (held) => ({ kind: "ids", ids: tokenize(tokenizer, textOf(held), rules) });
    }
  }
}

const onPicture =
  (change: (picture: Picture, draw: Draw) => Picture): Apply =>
  (held, draw) => ({ kind: "picture", picture: change(pictureOf(held), draw) });

const pictureOf = (held: Held): Picture => (held.kind === "picture" ? held.picture : fault("a picture", held));
const textOf = (held: Held): string => (held.kind === "text" ? held.text : fault("a text", held));

function fault(wanted: string, found: Held): never {
  throw new Error(`a transform takes ${wanted} and gets ${found.kind}`);
}
