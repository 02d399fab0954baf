import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { userError } from "../user-error.js";
import type { BrokenSample } from "./broken-sample.js";
import type { IndexedFile } from "./indexed-file.js";
import { indexLines } from "./json-lines.js";
import { sourceMessages } from "./messages.js";
import { OpenFiles } from "./open-files.js";
import type { Sample } from "./sample.js";
import { SampleTable } from "./sample-table.js";
import { sourceFiles } from "./source-files.js";
import { indexShard } from "./tar-shard.js";

export { BrokenSample } from "./broken-sample.js";

/**
 * An index of all samples, made by reading headers and line ends only: 20 bytes a sample. Positions are stable: what cannot be used has
 * a position too, where `read` rejects with a `BrokenSample`.
 */
export type SampleIndex = {
  readonly count: number;
  /** SHA-256 over the names and sizes of members, and over the text of manifests, in order: what a checkpoint compares. */
  readonly fingerprint: string;
  /** Shards whose rest is lost, one each, to be told before the run begins; each is also at a position of its own. */
  readonly damage: readonly BrokenSample[];
  /** 0 ≤ i < count. */
  read(i: number): Promise<Sample>;
  close(): void;
};

/** Shuffles are permutations of 32-bit numbers. */
const MOST_SAMPLES = 2 ** 31 - 1;

/** `.tar` and `.jsonl` files, folders of either, and ranges such as `name-{000..012}.tar`, in the order given. Nothing is unpacked. */
export async function openSamples(paths: readonly string[]): Promise<SampleIndex> {
  const table = new SampleTable();
  const hash = createHash("sha256");
  const files: IndexedFile[] = [];
  for (const { path, kind } of sourceFiles(paths)) {
    files.push(kind === "tar" ? indexShard(path, table, hash) : indexLines(path, table, hash));
    if (table.count > MOST_SAMPLES) throw userError(sourceMessages.tooMany, { what: path, limit: MOST_SAMPLES, things: "samples" });
    // A large set takes a while to count, and others may have work meanwhile.
    await setImmediate();
  }
  if (table.count === 0) throw userError(sourceMessages.noSamples, { files: paths.join(", ") });
  table.trim();

  const open = new OpenFiles();
  return {
    count: table.count,
    fingerprint: hash.digest("hex"),
    damage: files.flatMap(({ damage }) => damage ?? []),
    read: async (i) => {
      const place = table.at(i);
      const file = fileOf(files, i);
      return file.read(place, open.reader(file.path, file.size));
    },
    close: () => open.close(),
  };
}

/** The last file that begins at or before sample i. */
function fileOf(files: readonly IndexedFile[], i: number): IndexedFile {
  let [low, high] = [0, files.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((files[middle]?.first ?? 0) <= i) low = middle;
    else high = middle;
  }
  const file = files[low];
  if (file === undefined) throw new Error("no files");
  return file;
}
