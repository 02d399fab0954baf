/** JSON with duplicate keys and deep nesting refused. Objects are maps, so that no key of a file can meet a prototype. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

export const isObject = (json: Json | undefined): json is JsonObject => json instanceof Map;

export class JsonError extends Error {
  constructor(reason: string, at: number) {
    super(`${reason} at character ${at}`);
    this.name = "JsonError";
  }
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** Reads one document. Throws a `JsonError`. `maxDepth` counts nested brackets. */
export function parseStrictJson(text: string, maxDepth: number): Json {
  let at = 0;
  const fail = (reason: string) => new JsonError(reason, at);
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text)?.[0] ?? null;
    if (match !== null) at += match.length;
    return match;
  };
  const skip = (character: string): boolean => {
    take(SPACE);
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const string = (): string => {
    if (!skip('"')) throw fail("a string was expected");
    // By hand: a regular expression of alternatives overflows its stack on a string of millions of characters.
    let end = text.indexOf('"', at);
    while (end !== -1 && isEscaped(text, end, at)) end = text.indexOf('"', end + 1);
    if (end === -1) throw fail("a string does not end");
    try {
      const content = JSON.parse(text.slice(at - 1, end + 1)) as string;
      at = end + 1;
      return content;
    } catch {
      throw fail("a string holds a bad escape or a control character");
    }
  };

  const value = (depth: number): Json => {
    take(SPACE);
    const bracket = text[at];
    if (bracket === "{" || bracket === "[") {
      if (depth === maxDepth) throw fail(`nesting deeper than ${maxDepth}`);
      at++;
      return bracket === "{" ? object(depth + 1) : array(depth + 1);
    }
    if (bracket === '"') return string();
    const word = take(WORD);
    if (word !== null) return word === "null" ? null : word === "true";
    const number = take(NUMBER);
    if (number === null || number === "") throw fail("a value was expected");
    return Number(number);
  };
  const object = (depth: number): JsonObject => {
    const entries = new Map<string, Json>();
    if (skip("}")) return entries;
    do {
      const key = string();
      if (entries.has(key)) throw fail(`the key ${JSON.stringify(key)} appears twice`);
      if (!skip(":")) throw fail("a colon was expected");
      entries.set(key, value(depth));
    } while (skip(","));
    if (!skip("}")) throw fail("a comma or } was expected");
    return entries;
  };
  const array = (depth: number): Json => {
    const items: Json[] = [];
    if (skip("]")) return items;
    do items.push(value(depth));
    while (skip(","));
    if (!skip("]")) throw fail("a comma or ] was expected");
    return items;
  };

  const document = value(0);
  take(SPACE);
  if (at !== text.length) throw fail("something follows the document");
  return document;
}

/** Whether an odd number of backslashes stands before `end`. */
function isEscaped(text: string, end: number, start: number): boolean {
  let slashes = 0;
  while (end - slashes > start && text[end - slashes - 1] === "\\") slashes++;
  return slashes % 2 === 1;
}
