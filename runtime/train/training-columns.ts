/** Inputs that come as arrays: columns cut along their first axis, and arrays fed whole. */
import { asNumber, plainBatch } from "../../compiler/graph/size.js";
import { printType } from "../../compiler/graph/type.js";
import type { InputDecl } from "../../compiler/lower/program.js";
import { type ArraySource, type Column, openColumn, readArray } from "../data/column.js";
import type { HostArray } from "../data/host-array.js";
import { fitArray } from "../feed/fit-array.js";
import type { PlaceOf } from "../feed/place.js";
import { userError } from "../user-error.js";
import { trainMessages } from "./messages.js";

/** `origin`: for messages, `--data x=FILE.npy`. */
export type ColumnSource = ArraySource & { readonly decl: InputDecl; readonly origin: string };

export type TrainingColumns = {
  readonly columns: readonly (Column & { readonly origin: string })[];
  /** By input; the same at every step. */
  readonly whole: ReadonlyMap<string, HostArray>;
  /** The columns' rows at these indices. */
  readonly gather: (rows: Int32Array) => ReadonlyMap<string, HostArray>;
  readonly close: () => void;
};

/** Throws a `UserError` where an array does not fit its declaration. */
export function openTrainingColumns(sources: readonly ColumnSource[], precision: "f32" | "f64", placeOf: PlaceOf): TrainingColumns {
  const fit = ({ decl, origin }: ColumnSource, array: HostArray, rows?: Int32Array): HostArray =>
    fitArray(decl, array, origin, { precision, allowNonFinite: false, placeOf, ...(rows === undefined ? {} : { rows }) });
  const columns: { readonly source: ColumnSource; readonly column: Column }[] = [];
  const whole = new Map<string, HostArray>();
  const close = (): void => columns.forEach(({ column }) => column.close());
  try {
    for (const source of sources) {
      const { decl, origin, file, key } = source;
      const about = { origin, name: decl.name, declared: printType(decl.type), place: placeOf(decl.span) };
      const rowShape = rowShapeOf(decl);
      if (rowShape === "not a row") throw userError(trainMessages.batchAxis, about);
      if (rowShape === null) {
        const array = readArray(source);
        requireShape(
          decl.type.shape.map((size) => asNumber(size) ?? 0),
          array.shape,
          about,
        );
        whole.set(decl.name, fit(source, array));
        continue;
      }
      const column = openColumn({ name: decl.name, file, key });
      columns.push({ source, column });
      requireShape(rowShape, column.shape.slice(1), about);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    columns: columns.map(({ source, column }) => ({ ...column, origin: source.origin })),
    whole,
    gather: (rows) => new Map(columns.map(({ source, column }) => [source.decl.name, fit(source, column.gather(rows), rows)] as const)),
    close,
  };
}

/** The fixed sizes behind a first axis that is a batch; null where no axis is one. */
function rowShapeOf({ type: { shape } }: InputDecl): readonly number[] | null | "not a row" {
  const numbers = shape.map(asNumber);
  if (numbers.every((size) => size !== null)) return null;
  const [first, ...rest] = shape;
  const rowShape = rest.map(asNumber).filter((size) => size !== null);
  return first !== undefined && plainBatch(first) !== null && rowShape.length === rest.length ? rowShape : "not a row";
}

function requireShape(
  wanted: readonly number[],
  found: readonly number[],
  about: { readonly origin: string; readonly name: string; readonly declared: string; readonly place: string },
): void {
  if (wanted.length !== found.length || wanted.some((size, axis) => size !== found[axis]))
    throw userError(trainMessages.rowShape, { ...about, found: found.join(", ") });
}
