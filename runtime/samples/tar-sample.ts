import { shown } from "../user-error.js";
import { brokenSample } from "./broken-sample.js";
import { FileWindow, type Reader } from "./file-window.js";
import { parseJson, textOf, valueAtPath } from "./json-value.js";
import { sampleMessages } from "./messages.js";
import { type JsonValue, LARGEST_MEMBER, LARGEST_TEXT, type Sample } from "./sample.js";
import { memberName } from "./sample-key.js";
import type { Place } from "./sample-table.js";
import { type Member, walkTar } from "./tar-walk.js";

const MOST_MEMBERS = 256;
/** A small sample comes with one read. */
const LARGEST_AHEAD = 64 << 10;

/** The key of the sample that a member belongs to. Null for what is no sample's: a README, a hidden file. */
export function keyOf({ name, fault }: Member): string | null {
  const key = memberName(name)?.key ?? null;
  return key === null && fault !== null ? name : key;
}

export const tarOrigin = (shard: string, key: string): string => `${shard}, key ${shown(key)}`;

/** Reads the headers of one sample; contents are read when asked for. Throws a `BrokenSample`. */
export function readTarSample(shard: string, reader: Reader, { start, end }: Place): Sample {
  const window = new FileWindow(reader, Math.min(end - start, LARGEST_AHEAD));
  const members = new Map<string, Member>();
  let key: string | null = null;
  const walk = walkTar(window, start, end);
  let step = walk.next();
  for (; step.done !== true; step = walk.next()) {
    const member = step.value;
    const found = keyOf(member);
    key ??= found;
    if (key === null || found !== key) continue;
    const origin = tarOrigin(shard, key);
    const bad = (reason: string) => brokenSample(sampleMessages.badMember, { origin, member: member.name, reason });
    if (member.fault !== null) throw bad(member.fault);
    const { ending = "" } = memberName(member.name) ?? {};
    if (members.has(ending)) throw bad(`is the sample's second file with the ending "${ending}"`);
    if (members.size === MOST_MEMBERS) throw brokenSample(sampleMessages.tooManyMembers, { origin, limit: MOST_MEMBERS });
    members.set(ending, member);
  }
  if (key === null || step.value.kind !== "limit") {
    const reason = "the headers that were found there are gone";
    throw brokenSample(sampleMessages.damaged, { origin: shard, at: start, reason, last: "the file was changed while it was in use" });
  }
  return tarSample(key, tarOrigin(shard, key), members, window, reader);
}

function tarSample(key: string, origin: string, members: ReadonlyMap<string, Member>, window: FileWindow, reader: Reader): Sample {
  const content = ({ name, data, size }: Member, limit: number): Uint8Array => {
    if (size > limit) throw brokenSample(sampleMessages.memberTooLarge, { origin, member: name, bytes: size, limit });
    const near = size <= LARGEST_AHEAD ? window.view(data, size) : null;
    if (near !== null) return near.slice();
    const bytes = new Uint8Array(size);
    reader.read(data, bytes);
    return bytes;
  };
  const value = (column: string): JsonValue | null => {
    const [ending, member] = longestMatch(members, column);
    if (member === null) return null;
    const text = textOf(content(member, LARGEST_TEXT));
    if (text === null) throw brokenSample(sampleMessages.notUtf8, { origin, member: member.name });
    const path = column.slice(ending.length + 1);
    if (/(?:^|\.)json$/.test(ending)) return valueAtPath(parseJson(text, origin, member.name), path);
    // Text files end with a line break that is no part of a caption.
    return path === "" ? text.replace(/\r?\n$/, "") : null;
  };
  return {
    key,
    origin,
    bytes: async (column) => {
      const member = members.get(column);
      return member === undefined ? null : content(member, LARGEST_MEMBER);
    },
    value: async (column) => value(column),
  };
}

/** `meta.json.captions.en` is the path `captions.en` in the member `meta.json`. */
function longestMatch(members: ReadonlyMap<string, Member>, column: string): readonly [string, Member | null] {
  for (let end = column.length; end > 0; end = column.lastIndexOf(".", end - 1)) {
    const member = members.get(column.slice(0, end));
    if (member !== undefined) return [column.slice(0, end), member];
  }
  return ["", null];
}
