/** The sizes of the batches, found from the arrays that are given; every disagreement names both origins. */
import type { InputDecl } from "../../compiler/lower/program.js";
import { asNumber, type BatchId, constant, evaluateSize, printSize, type Size } from "../../compiler/graph/size.js";
import { printType } from "../../compiler/graph/type.js";
import { userError } from "../user-error.js";
import { feedMessages } from "./messages.js";
import type { PlaceOf } from "./place.js";

/** An array that is offered for a declaration. `origin` says where it comes from: `--input image=x.npy`. */
export type Offer = { readonly decl: InputDecl; readonly shape: readonly number[]; readonly origin: string };

type Known = { readonly value: number; readonly origin: string };

/** Throws a `UserError` where an array does not fit, two disagree, or a wanted batch stays unknown. */
export function solveBatchSizes(
  wanted: readonly BatchId[],
  given: ReadonlyMap<BatchId, number>,
  offers: readonly Offer[],
  placeOf: PlaceOf,
): Readonly<Record<BatchId, number>> {
  const known = new Map<BatchId, Known>([...given].map(([id, value]) => [id, { value, origin: `--set ${id}=${value}` }]));
  for (const offer of offers) {
    const { decl, shape, origin } = offer;
    const about = { origin, name: decl.name, declared: printType(decl.type), place: placeOf(decl.span) };
    if (shape.length !== decl.type.shape.length)
      throw userError(feedMessages.rank, { ...about, found: `[${shape.join(", ")}]`, rank: decl.type.shape.length });
    decl.type.shape.forEach((size, axis) => {
      const found = shape[axis] ?? 0;
      const fixed = asNumber(size);
      if (fixed !== null) {
        if (fixed !== found) throw userError(feedMessages.size, { ...about, axis, found, wanted: fixed });
        return;
      }
      const linear = multipleOfBatch(size);
      if (linear === null) return;
      if (found % linear.factor !== 0) throw userError(feedMessages.multiple, { ...about, axis, found, factor: linear.factor });
      learn(known, linear.batch, { value: found / linear.factor, origin });
    });
  }
  const unknown = wanted.filter((batch) => !known.has(batch));
  if (unknown.length > 0)
    throw userError(feedMessages.batchUnknown, {
      batches: unknown.join(", "),
      flags: unknown.map((batch) => `--set ${batch}=1024`).join(" "),
    });
  const dims = Object.fromEntries([...known].map(([id, { value }]) => [id, value]));
  for (const { decl, shape, origin } of offers) checkSizes(decl, shape, origin, dims, placeOf);
  return dims;
}

function learn(known: Map<BatchId, Known>, batch: BatchId, next: Known): void {
  if (next.value === 0) throw userError(feedMessages.batchEmpty, { batch, origin: next.origin });
  const before = known.get(batch);
  if (before === undefined) known.set(batch, next);
  else if (before.value !== next.value)
    throw userError(feedMessages.batchConflict, {
      batch,
      first: before.value,
      firstOrigin: before.origin,
      second: next.value,
      secondOrigin: next.origin,
    });
}

/** `n` and `2*n`, from which the batch can be read off; null for `n + 1` and `n*m`, which are only held against the rest. */
function multipleOfBatch(size: Size): { readonly batch: BatchId; readonly factor: number } | null {
  const [term, more] = size;
  const [power, another] = Object.entries(term?.pow ?? {});
  if (term === undefined || more !== undefined || power === undefined || another !== undefined || power[1] !== 1) return null;
  return { batch: power[0], factor: term.coef };
}

function checkSizes(
  decl: InputDecl,
  shape: readonly number[],
  origin: string,
  dims: Readonly<Record<BatchId, number>>,
  placeOf: PlaceOf,
): void {
  decl.type.shape.forEach((size, axis) => {
    const found = shape[axis] ?? 0;
    const wanted = evaluateSize(size, dims);
    if (wanted === found) return;
    throw userError(feedMessages.size, {
      origin,
      name: decl.name,
      declared: printType(decl.type),
      place: placeOf(decl.span),
      axis,
      found,
      wanted: `${printSize(size)} = ${printSize(constant(wanted))}`,
    });
  });
}
