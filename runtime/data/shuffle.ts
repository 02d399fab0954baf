import { randomWords } from "../../compiler/kernel/philox.js";
import { userError } from "../user-error.js";
import { dataMessages } from "./messages.js";

/** How far training has come in its data: enough to go on exactly there. */
export type Position = {
  readonly seed: number;
  readonly epoch: number;
  /** Rows of this epoch already used. */
  readonly row: number;
};

export type Batch = { readonly indices: Int32Array; readonly next: Position };
/** `keep` gives a last batch that is smaller; `drop` leaves those rows out of this epoch. */
export type PartialBatch = "drop" | "keep";

// Keeps the draws of the shuffle apart from those of the program, whose sites count up from 0.
const SHUFFLE_SITE = 0xffffffff;

/** A permutation of 0 .. rows - 1 that depends on seed and epoch only (Fisher and Yates with stateless draws). Four bytes a row. */
export function permutation(rows: number, seed: number, epoch: number): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  const key = { seed, step: epoch, site: SHUFFLE_SITE };
  for (let last = rows - 1; last > 0; last--) {
    const [a, b] = randomWords(key, last);
    // 53 random bits, so the bias towards any place is below 2^-22 of its chance even at 2^31 rows.
    const unit = ((a >>> 5) * 2 ** 26 + (b >>> 6)) * 2 ** -53;
    const other = Math.floor(unit * (last + 1));
    const moved = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}

/** The batches of one epoch from a row on. */
export function* epochBatches(rows: number, batch: number, start: Position, partial: PartialBatch = "drop"): Generator<Batch, void> {
  const order = permutation(rows, start.seed, start.epoch);
  for (let row = start.row; row < rows; row += batch) {
    const end = Math.min(row + batch, rows);
    if (end - row < batch && partial === "drop") return;
    const left = rows - end;
    const over = left === 0 || (partial === "drop" && left < batch);
    const next = over ? { ...start, epoch: start.epoch + 1, row: 0 } : { ...start, row: end };
    yield { indices: order.slice(row, end), next };
  }
}

/** Batches without end, epoch after epoch. Begun at a batch's `next`, it goes on with the batch after. */
export function* batches(rows: number, batch: number, start: Position, partial: PartialBatch = "drop"): Generator<Batch, never> {
  if (rows === 0 || (partial === "drop" && batch > rows)) throw userError(dataMessages.batchTooLarge, { batch, rows });
  for (let position = start; ; position = { ...start, epoch: position.epoch + 1, row: 0 })
    yield* epochBatches(rows, batch, position, partial);
}
