/** Batches without end, in the order of the shuffle, each full: what is broken is passed over and the next takes its place. */
import type { HostArray } from "../data/host-array.js";
import { dataMessages } from "../data/messages.js";
import { permutation, type Position } from "../data/shuffle.js";
import { BrokenSample } from "../samples/broken-sample.js";
import { userError } from "../user-error.js";
import type { BrokenSamples } from "./broken-samples.js";
import { boundedly } from "./boundedly.js";
import type { SampleRow, SampleRows } from "./sample-rows.js";

export type BrokenRow = { readonly row: number; readonly sample: BrokenSample };

export type TrainingBatch = {
  /** The inputs of one step. */
  readonly inputs: ReadonlyMap<string, HostArray>;
  /** Which rows they are. */
  readonly rows: Int32Array;
  /** Where the next batch begins. */
  readonly next: Position;
  /** Broken samples found on the way to this batch, and in no batch before. */
  readonly broken: readonly BrokenRow[];
};

export type BatchParts = {
  readonly rows: number;
  readonly samples: SampleRows | null;
  /** The inputs that are columns, or whole. */
  readonly gather: (rows: Int32Array) => ReadonlyMap<string, HostArray>;
  readonly broken: BrokenSamples;
};

/**
 * Begun at a batch's `next`, it goes on with the batch after, in the same bits: a position counts the rows that were looked at,
 * broken ones too. Rows at the end of an epoch that fill no batch are left out of it.
 */
export async function* trainingBatches(parts: BatchParts, batch: number, start: Position): AsyncGenerator<TrainingBatch, never> {
  const { rows, samples, gather } = parts;
  if (batch > rows) throw userError(dataMessages.batchTooLarge, { batch, rows });
  let found: BrokenRow[] = [];
  for (let position = start; ; position = { ...position, epoch: position.epoch + 1, row: 0 }) {
    const order = permutation(rows, position.seed, position.epoch);
    let at = position.row;
    while (rows - at >= batch) {
      const taken = await takeBatch(parts, order, at, batch, position, found);
      if (taken.rows.length < batch) {
        // Every epoch would end like this one.
        if (at === 0) throw userError(dataMessages.batchTooLarge, { batch, rows: taken.rows.length });
        break;
      }
      at = taken.end;
      const inputs = new Map([...gather(taken.rows), ...(samples?.join(taken.samples, taken.rows) ?? [])]);
      const next = rows - at < batch ? { ...position, epoch: position.epoch + 1, row: 0 } : { ...position, row: at };
      yield { inputs, rows: taken.rows, next, broken: found };
      found = [];
    }
  }
}

type Taken = { readonly rows: Int32Array; readonly samples: readonly SampleRow[]; readonly end: number };

/** `batch` good rows of the order from a place on, or as many as there are. */
async function takeBatch(
  { rows: count, samples, broken }: BatchParts,
  order: Int32Array,
  from: number,
  batch: number,
  pass: Position,
  found: BrokenRow[],
): Promise<Taken> {
  if (samples === null) return { rows: order.slice(from, from + batch), samples: [], end: from + batch };
  const good: { readonly row: number; readonly sample: SampleRow }[] = [];
  let at = from;
  // Exactly as many as are missing, so that the position lies behind the last row that was needed.
  while (good.length < batch && at < count) {
    const wanted = order.subarray(at, Math.min(at + batch - good.length, count));
    at += wanted.length;
    const fresh = [...wanted].filter((row) => !broken.has(row));
    const loaded = await boundedly(fresh, (row) => samples.row(row, pass));
    loaded.forEach((sample, k) => {
      const row = fresh[k] ?? 0;
      if (!(sample instanceof BrokenSample)) return good.push({ row, sample });
      found.push({ row, sample });
      return broken.add(row, sample);
    });
  }
  return { rows: Int32Array.from(good, ({ row }) => row), samples: good.map(({ sample }) => sample), end: at };
}
