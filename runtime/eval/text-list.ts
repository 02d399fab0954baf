/** Files with a JSON list of texts: the names of classes, and templates. */
import { parseStrictJson, JsonError } from "../data/strict-json.js";
import { RandomAccessFile } from "../data/random-access-file.js";
import { userError } from "../user-error.js";
import { evalMessages } from "./messages.js";
import { PLACE } from "./zero-shot.js";

const LARGEST_LIST = 64 << 20;

export function readTextList(file: string): readonly string[] {
  const fail = (reason: string) => userError(evalMessages.listUnreadable, { file, reason });
  const open = RandomAccessFile.open(file);
  try {
    if (open.size > LARGEST_LIST) throw fail(`it has ${open.size} bytes`);
    const list = parseStrictJson(new TextDecoder("utf-8", { fatal: true }).decode(open.bytes(0, open.size) ?? undefined), 2);
    if (!Array.isArray(list) || list.length === 0) throw fail("it is not a list with at least one entry");
    const texts: readonly unknown[] = list;
    const other = texts.findIndex((text) => typeof text !== "string" || text.trim() === "");
    if (other !== -1) throw fail(`entry ${other}, counted from 0, is no text`);
    return texts.filter((text) => typeof text === "string");
  } catch (error) {
    if (error instanceof JsonError) throw fail(error.message);
    if (error instanceof TypeError) throw fail("it is not UTF-8");
    throw error;
  } finally {
    open.close();
  }
}

/** Each has a place for the name. */
export function readTemplates(file: string): readonly string[] {
  const templates = readTextList(file);
  const without = templates.find((template) => !template.includes(PLACE));
  if (without !== undefined) throw userError(evalMessages.noPlace, { file, template: without });
  return templates;
}
