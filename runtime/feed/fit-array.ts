/** A file's array made into what a declaration asks for; exact or refused, never silently changed. */
import type { InputDecl } from "../../compiler/lower/program.js";
import { type DType, isFloat, printType } from "../../compiler/graph/type.js";
import { convert, firstNonFinite, type HostArray, unravel, valueAt } from "../data/host-array.js";
import { userError } from "../user-error.js";
import { feedMessages } from "./messages.js";
import type { PlaceOf } from "./place.js";

export type FitOptions = {
  /** What the engine computes f32 in: at f64 a float array keeps every bit that its file has. */
  readonly precision: "f32" | "f64";
  readonly allowNonFinite: boolean;
  readonly placeOf: PlaceOf;
  /** The rows of the file that make up a batch, so that a bad value is named by its place in the file. */
  readonly rows?: Int32Array;
};

/** The shape has been checked by `solveBatchSizes`. */
export function fitArray(decl: InputDecl, array: HostArray, origin: string, options: FitOptions): HostArray {
  const { dtype } = decl.type;
  const about = { origin, name: decl.name, declared: printType(decl.type), place: options.placeOf(decl.span) };
  if (isFloat(dtype) && isFloat(array.dtype)) {
    if (!options.allowNonFinite) refuseNonFinite(array, origin, options.rows);
    return to(array, floatStorage(dtype, options.precision));
  }
  if (dtype === array.dtype) return array;
  if ((dtype === "i32" || dtype === "u32") && (array.dtype === "i32" || array.dtype === "u32")) {
    const at = array.data.findIndex((value: number) => value < 0 || value > 0x7fffffff);
    if (at !== -1)
      throw userError(feedMessages.range, {
        origin,
        name: decl.name,
        place: about.place,
        dtype,
        value: valueAt(array, at),
        index: indexInFile(unravel(at, array.shape), options.rows),
      });
    return convert(array, dtype);
  }
  throw userError(feedMessages.dtype, { ...about, found: array.dtype, fix: `x.astype("${numpyNames[dtype]}")` });
}

/** `12, 3`: the first axis counts the rows of a batch, and `rows` says which rows of the file they are. */
export const indexInFile = (index: readonly number[], rows: Int32Array | undefined): string =>
  index.map((i, axis) => (axis === 0 && rows !== undefined ? (rows[i] ?? i) : i)).join(", ");

function refuseNonFinite(array: HostArray, origin: string, rows: Int32Array | undefined): void {
  if (!isFloat(array.dtype)) return;
  const found = firstNonFinite(array);
  if (found !== null)
    throw userError(feedMessages.nonFinite, { origin, value: String(found.value), index: indexInFile(found.index, rows) });
}

/** How a declared float travels to an engine: f64 where it computes in f64, else f32; 16-bit floats as declared. */
export const floatStorage = (declared: DType, precision: "f32" | "f64"): DType =>
  declared === "f32" || declared === "f64" ? precision : declared;

const to = (array: HostArray, dtype: DType): HostArray => (array.dtype === dtype ? array : convert(array, dtype));

const numpyNames = {
  bool: "bool",
  i32: "int32",
  u32: "uint32",
  bf16: "float32",
  f16: "float16",
  f32: "float32",
  f64: "float64",
} as const satisfies Record<DType, string>;
