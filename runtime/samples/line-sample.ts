import { Ajv, type ValidateFunction } from "ajv";
import { dirname } from "node:path";
import { type BrokenSample, brokenSample } from "./broken-sample.js";
import type { Reader } from "./file-window.js";
import { parseJson, valueAtPath } from "./json-value.js";
import { sampleMessages } from "./messages.js";
import { readNamedFile } from "./named-file.js";
import { type JsonValue, LARGEST_TEXT, type Sample } from "./sample.js";
import type { Place } from "./sample-table.js";
import { decodeUtf8 } from "./tar-header.js";

/** The JSON Schema of a manifest's line. Which fields there are is the program's affair. */
export const lineSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "A sample of a Sig manifest",
  type: "object",
  properties: { key: { type: ["string", "integer"] } },
} as const;

let compiled: ValidateFunction | null = null;
const ajv = new Ajv({ strict: true, allowUnionTypes: true });

/** Reads and parses one line. Throws a `BrokenSample`. */
export function readLine(path: string, { start, end, note: number }: Place, reader: Reader): Sample {
  const origin = `${path}:${number}`;
  if (end - start > LARGEST_TEXT) throw brokenSample(sampleMessages.longLine, { origin, bytes: end - start, limit: LARGEST_TEXT });
  const bytes = new Uint8Array(end - start);
  reader.read(start, bytes);
  const fail = (reason: string) => brokenSample(sampleMessages.badLine, { origin, reason });
  const text = decodeUtf8(bytes);
  if (text === null) throw fail("it is not UTF-8");
  const json = parseJson(text, origin, "the line");
  requireSample(json, fail);
  const key = valueAtPath(json, "key");
  return {
    key: String(typeof key === "string" || typeof key === "number" ? key : number),
    origin,
    bytes: async (column) => {
      const name = valueAtPath(json, column);
      if (name === null) return null;
      if (typeof name !== "string") throw brokenSample(sampleMessages.noFileName, { origin, column, found: kindOf(name) });
      return readNamedFile(dirname(path), name, origin, column);
    },
    value: async (column) => valueAtPath(json, column),
  };
}

function requireSample(json: JsonValue, fail: (reason: string) => BrokenSample): void {
  compiled ??= ajv.compile(lineSchema);
  const plain: unknown = json instanceof Map ? Object.fromEntries(json) : json;
  if (!compiled(plain)) throw fail(ajv.errorsText(compiled.errors, { dataVar: "the line" }));
}

function kindOf(value: JsonValue): string {
  if (value instanceof Map) return "an object";
  return Array.isArray(value) ? "a list" : `the ${typeof value} ${JSON.stringify(value)}`;
}
