import { type BatchId, evaluateSize } from "../../compiler/graph/size.js";
import type { IndexBound } from "../../compiler/plan/plan.js";
import { type HostArray, unravel, valueAt } from "../data/host-array.js";
import { userError } from "../user-error.js";
import { indexInFile } from "./fit-array.js";
import { feedMessages } from "./messages.js";
import type { PlaceOf } from "./place.js";

/** Refuses an index outside its table before the run: an engine would read a zero, and nobody would notice. */
export function checkIndexBounds(
  bounds: readonly IndexBound[],
  dims: Readonly<Record<BatchId, number>>,
  arrays: ReadonlyMap<string, HostArray>,
  originOf: (name: string) => string,
  placeOf: PlaceOf,
  rows?: Int32Array,
): void {
  for (const { input, below: size, span } of bounds) {
    const array = arrays.get(input);
    if (array === undefined) continue;
    const below = evaluateSize(size, dims);
    const at = array.data.findIndex((value: number) => value < 0 || value >= below);
    if (at === -1) continue;
    throw userError(feedMessages.indexBound, {
      origin: originOf(input),
      name: input,
      below,
      last: below - 1,
      value: valueAt(array, at),
      index: indexInFile(unravel(at, array.shape), rows),
      place: placeOf(span),
    });
  }
}
