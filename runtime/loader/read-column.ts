/** A sample's column, read as its first transform takes it. What the column holds instead makes the sample a broken one. */
import type { Transform } from "../../compiler/lower/data-spec.js";
import { decodePicture } from "../pictures/picture.js";
import { brokenSample } from "../samples/broken-sample.js";
import type { JsonValue, Sample } from "../samples/sample.js";
import type { Held } from "./held-values.js";
import { loaderMessages } from "./messages.js";

/** For messages: the input that is filled, and where the entry stands. */
export type About = { readonly input: string; readonly place: string };

/** The content of a column. `first` is the entry's first transform. */
export async function readColumn(sample: Sample, column: string, first: Transform, about: About): Promise<Held> {
  const { origin } = sample;
  const missing = () => brokenSample(loaderMessages.columnMissing, { origin, column, ...about });
  if (first.kind === "decode") {
    const bytes = await sample.bytes(column);
    if (bytes === null) throw missing();
    return { kind: "picture", picture: await decodePicture(bytes, origin) };
  }
  const value = await sample.value(column);
  if (value === null) throw missing();
  const wrong = (wanted: string, fix: string) =>
    brokenSample(loaderMessages.columnKind, { origin, column, found: kindOf(value), wanted, fix, ...about });
  switch (first.kind) {
    case "pick": {
      const texts = typeof value === "string" ? [value] : isTexts(value) ? value : null;
      if (texts === null || texts.length === 0)
        throw wrong("text, or a list of texts with at least one", "write a text or a list of texts");
      return { kind: "texts", texts };
    }
    case "to_int": {
      const number = numberIn(value);
      if (number === null || !Number.isInteger(number) || number < -(2 ** 31) || number >= 2 ** 31)
        throw wrong("a whole number of 32 bits", "number the classes from 0");
      return { kind: "number", value: number };
    }
    case "number": {
      const number = numberIn(value);
      if (number === null) throw wrong("a finite number", "write a number");
      return { kind: "number", value: number };
    }
    default:
      if (typeof value === "string") return { kind: "text", text: value };
      throw wrong("text", isTexts(value) ? "choose one of them: pick(first) or pick(random)" : "write text");
  }
}

const isTexts = (value: JsonValue): value is readonly string[] => Array.isArray(value) && value.every((item) => typeof item === "string");

/** A JSON number, or a text member such as `12`. */
function numberIn(value: JsonValue): number | null {
  const number = typeof value === "number" ? value : typeof value === "string" && /\S/.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

function kindOf(value: JsonValue): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null) return "null";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? `the text "${value.slice(0, 40)}"` : String(value);
}
