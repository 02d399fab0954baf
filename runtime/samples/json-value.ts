import { JsonError, parseStrictJson } from "../data/strict-json.js";
import { brokenSample } from "./broken-sample.js";
import { sampleMessages } from "./messages.js";
import type { JsonValue } from "./sample.js";
import { decodeUtf8 } from "./tar-header.js";

/** Captions by language and style are three deep. */
const DEEPEST = 64;

/** Text without the byte order mark that some editors put first; null where it is not UTF-8. */
export const textOf = (bytes: Uint8Array): string | null => decodeUtf8(bytes)?.replace(/^\uFEFF/, "") ?? null;

export function parseJson(text: string, origin: string, what: string): JsonValue {
  try {
    return parseStrictJson(text, DEEPEST);
  } catch (error) {
    if (error instanceof JsonError) throw brokenSample(sampleMessages.badJson, { origin, what, reason: error.message });
    throw error;
  }
}

/** The value at `captions.en`. A key that has dots itself is found where it stands whole. Null where there is nothing. */
export function valueAtPath(json: JsonValue, path: string): JsonValue | null {
  if (path === "") return json;
  if (!(json instanceof Map)) return null;
  const object: ReadonlyMap<string, JsonValue> = json;
  const whole = object.get(path);
  if (whole !== undefined) return whole;
  const dot = path.indexOf(".");
  const next = dot < 0 ? undefined : object.get(path.slice(0, dot));
  return next === undefined ? null : valueAtPath(next, path.slice(dot + 1));
}
