import type { Hash } from "node:crypto";
import { RandomAccessFile } from "../data/random-access-file.js";
import { userError } from "../user-error.js";
import { type BrokenSample, brokenSample } from "./broken-sample.js";
import { FileWindow, type Reader } from "./file-window.js";
import { sampleMessages, sourceMessages } from "./messages.js";
import type { IndexedFile } from "./indexed-file.js";
import type { Sample } from "./sample.js";
import type { Place, SampleTable } from "./sample-table.js";
import { keyOf, readTarSample, tarOrigin } from "./tar-sample.js";
import { BLOCK } from "./tar-header.js";
import { type Ending, type Member, walkTar } from "./tar-walk.js";

/** The note of a place: a sample, a sample whose key was used before, or what the shard has lost. */
const WHOLE = 0;
const KEY_TWICE = 1;
const LOST = 2;

/** Finding keys that come twice takes about 50 bytes a sample while a shard is counted. */
const MOST_SAMPLES = 1 << 22;
/** While counting: a header and the small members after it. */
const AHEAD = 4 << 10;
const HASH_PIECE = 64 << 10;
/** tar fills its output up to a multiple of this or less. */
const LARGEST_FILL = 1 << 20;

/** Finds the samples of a shard by its headers and adds them to the table; what cannot be used gets a place of its own. */
export function indexShard(path: string, table: SampleTable, hash: Hash, mostSamples = MOST_SAMPLES): IndexedFile {
  const file = RandomAccessFile.open(path);
  try {
    const first = table.count;
    const lost = addSamples(path, file, table, hash, mostSamples);
    return { path, size: file.size, first, damage: lost, read: (place, reader) => readPlace(path, lost, place, reader) };
  } finally {
    file.close();
  }
}

function readPlace(path: string, lost: BrokenSample | null, place: Place, reader: Reader): Sample {
  if (place.note === LOST && lost !== null) throw lost;
  const sample = readTarSample(path, reader, place);
  if (place.note === KEY_TWICE) throw brokenSample(sampleMessages.keyTwice, { origin: sample.origin });
  return sample;
}

type Current = { readonly key: string; readonly start: number; end: number };

/** Turns members that follow each other under one key into places. */
class SampleCounter {
  /** The key of the last sample that has a place. */
  last: string | null = null;
  readonly #path: string;
  readonly #file: Reader;
  readonly #table: SampleTable;
  readonly #first: number;
  readonly #most: number;
  readonly #seen = new Map<number, number>();
  #current: Current | null = null;

  constructor(path: string, file: Reader, table: SampleTable, most: number) {
    this.#most = most;
    this.#path = path;
    this.#file = file;
    this.#table = table;
    this.#first = table.count;
  }

  add(key: string, { start, end }: Member): void {
    if (this.#current?.key === key) this.#current.end = end;
    else {
      this.finish();
      this.#current = { key, start, end };
    }
  }

  finish(): void {
    if (this.#current === null) return;
    const { key, start, end } = this.#current;
    if (this.#table.count - this.#first === this.#most)
      throw userError(sourceMessages.tooMany, { what: this.#path, limit: this.#most, things: "samples" });
    const short = shortHash(key);
    const earlier = this.#seen.get(short);
    // A short hash may be shared by chance: the name decides.
    const twice = earlier !== undefined && keyAt(this.#file, this.#table.at(earlier)) === key;
    if (earlier === undefined) this.#seen.set(short, this.#table.count);
    this.#table.add(start, end, twice ? KEY_TWICE : WHOLE);
    this.last = key;
    this.#current = null;
  }

  /** The sample in progress lacks a file and gets no place. */
  abandon(key: string): void {
    if (this.#current?.key === key) this.#current = null;
  }
}

function addSamples(path: string, file: Reader, table: SampleTable, hash: Hash, mostSamples: number): BrokenSample | null {
  const window = new FileWindow(file, AHEAD);
  const counter = new SampleCounter(path, file, table, mostSamples);
  const walk = walkTar(window, 0, file.size);
  let step = walk.next();
  let pending = "";
  for (; step.done !== true; step = walk.next()) {
    const { name, size, fault } = step.value;
    pending += `${name}\0${size}\0${fault ?? ""}\n`;
    // Hashing by the piece costs a third of hashing by the name.
    if (pending.length > HASH_PIECE) {
      hash.update(pending);
      pending = "";
    }
    const key = keyOf(step.value);
    if (key !== null) counter.add(key, step.value);
  }

  const ending = unlessWhole(window, step.value);
  hash.update(`${pending}${ending?.kind ?? "whole"}\n`);
  if (ending?.at === 0 && ending.member === null) throw notTar(path, window, ending);
  const cutKey = ending === null || ending.member === null ? null : keyOf({ ...nowhere, name: ending.member });
  if (cutKey !== null) counter.abandon(cutKey);
  counter.finish();
  if (ending === null) return null;
  table.add(ending.at, ending.at, LOST);
  const { kind, at, reason } = ending;
  const origin = cutKey === null ? path : tarOrigin(path, cutKey);
  const last = counter.last === null ? "no sample before it is whole" : `the last sample before it is "${counter.last}"`;
  return brokenSample(kind === "cut" ? sampleMessages.cutOff : sampleMessages.damaged, { origin, at, reason, last });
}

const nowhere = { start: 0, data: 0, size: 0, end: 0, fault: null };

/** An end mark with nothing but zeros after it is a whole shard. */
function unlessWhole(window: FileWindow, ending: Ending): Ending | null {
  if (ending.kind === "limit") return { ...ending, kind: "cut", reason: "the mark of two empty blocks that ends a shard is not there" };
  if (ending.kind !== "mark") return ending;
  const stop = Math.min(window.size, ending.at + LARGEST_FILL);
  for (let at = ending.at; at < stop; at += BLOCK) {
    const rest = window.view(at, Math.min(BLOCK, window.size - at));
    if (rest?.some((byte) => byte !== 0) === true)
      return { ...ending, at, kind: "damaged", reason: "something follows the mark that ends the shard" };
  }
  return null;
}

function notTar(path: string, window: FileWindow, ending: Ending): Error {
  const magic = window.view(0, 2);
  if (magic?.[0] === 0x1f && magic[1] === 0x8b) return userError(sourceMessages.compressed, { file: path });
  return userError(sourceMessages.notTar, { file: path, reason: window.size === 0 ? "it is empty" : ending.reason });
}

/** 52 bits: two of Fowler, Noll and Vo's hashes over UTF-16 units, which take a tenth of the time of a safe one. */
function shortHash(key: string): number {
  let [low, high] = [0x811c9dc5, 0x050c5d1f];
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x01000193) ^ (high >>> 15);
  }
  return (high >>> 12) * 2 ** 32 + (low >>> 0);
}

function keyAt(file: Reader, { start, end }: Place): string | null {
  for (const member of walkTar(new FileWindow(file, BLOCK), start, end)) return keyOf(member);
  return null;
}
