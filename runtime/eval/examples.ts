/** Where the examples that are measured come from, each once, in their order. */
import type { InputDecl } from "../../compiler/lower/program.js";
import type { HostArray } from "../data/host-array.js";
import type { Sample } from "../samples/sample.js";

export type ExampleBatch = {
  /** Every input that was asked for, with a row for each example along its batch axes. */
  readonly inputs: ReadonlyMap<string, HostArray>;
  /** What the source calls each example: a sample's key, a row's number. */
  readonly keys: readonly string[];
  /** One a row, where examples are samples and not rows of arrays. */
  readonly samples: readonly Sample[] | null;
  /** The examples' places in their source. Broken ones are left out. */
  readonly rows: Int32Array;
};

export type ExampleRows = {
  /** As far as headers tell: broken ones are counted too. */
  readonly count: number;
  /** In batches of at most so many. Begun again, it begins with the first example. */
  readonly batches: (most: number) => AsyncIterable<ExampleBatch>;
  /** For messages: `--data x=FILE.npy`. */
  readonly originOf: (input: string) => string;
  readonly close: () => void;
};

export type Examples = {
  /**
   * Are all inputs parts of the same samples? Then they are read together, and what is broken is missing on both sides.
   * Columns of two sides may differ in length.
   */
  readonly together: boolean;
  readonly open: (inputs: readonly InputDecl[]) => Promise<ExampleRows>;
  /** These inputs made of captions that are in no data set. Throws a `UserError` where the program does not say how. */
  readonly ofTexts: (inputs: readonly InputDecl[], texts: readonly string[]) => Promise<ReadonlyMap<string, HostArray>>;
  /** The same of the content of a picture's file. `origin`: for messages. */
  readonly ofPicture: (
    inputs: readonly InputDecl[],
    picture: { readonly bytes: Uint8Array; readonly origin: string },
  ) => Promise<ReadonlyMap<string, HostArray>>;
};
