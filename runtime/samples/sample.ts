import type { Json } from "../data/strict-json.js";

/** As `parseStrictJson` gives it: objects are maps. */
export type JsonValue = Json;

/** One example as it lies in a shard or manifest. */
export type Sample = {
  /** The name of its files up to the first dot, or the line's "key", or the line's number. */
  readonly key: string;
  /** For messages: `shard-000.tar, key 1f600` or `manifest.jsonl:12`. */
  readonly origin: string;
  /**
   * In a shard the content of a member by its ending: "jpg", "png". In a manifest the content of the file that a field names, by the
   * field's dotted path: "image". Null where there is no such member or field. Rejects with a `BrokenSample`.
   */
  bytes(column: string): Promise<Uint8Array | null>;
  /**
   * In a shard "txt" is the text of the member without its last line break, "json" the parsed member, "json.captions.en" the value at that path in it. In a manifest
   * "captions.en" is the value at that path in the line. Null where there is none. Rejects with a `BrokenSample`.
   */
  value(column: string): Promise<JsonValue | null>;
};

/** The most bytes of a picture or other binary member. */
export const LARGEST_MEMBER = 256 << 20;
/** The most bytes of a manifest's line, and of a text or JSON member. */
export const LARGEST_TEXT = 1 << 20;
