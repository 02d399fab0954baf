import type { BrokenSample } from "./broken-sample.js";
import type { Reader } from "./file-window.js";
import type { Sample } from "./sample.js";
import type { Place } from "./sample-table.js";

/** A file whose samples are in the table from `first` on. */
export type IndexedFile = {
  readonly path: string;
  /** bytes */
  readonly size: number;
  readonly first: number;
  /** Why the rest of the file is lost. Its place in the table throws the same. */
  readonly damage: BrokenSample | null;
  /** Throws a `BrokenSample`. */
  readonly read: (place: Place, reader: Reader) => Sample;
};
