/** The batches that training runs over: columns cut along their first axis, and arrays fed whole. */
import { asNumber, type BatchId, type Size } from "../../compiler/graph/size.js";
import { printType } from "../../compiler/graph/type.js";
import type { InputDecl } from "../../compiler/lower/program.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { type Column, commonRows, type NamedSource, openColumn, readArray } from "../data/column.js";
import type { HostArray } from "../data/host-array.js";
import { fitArray } from "../feed/fit-array.js";
import type { PlaceOf } from "../feed/place.js";
import { userError } from "../user-error.js";
import { trainMessages } from "./messages.js";

export type TrainingData = {
  /** Examples: the common length of all columns. */
  readonly rows: number;
  /** The inputs of one step. */
  readonly batch: (indices: Int32Array) => ReadonlyMap<string, HostArray>;
  readonly originOf: (input: string) => string;
  readonly close: () => void;
};

type Open = {
  readonly pipeline: string;
  readonly inputs: readonly InputDecl[];
  readonly precision: "f32" | "f64";
  readonly placeOf: PlaceOf;
};

/** Throws a `UserError` where a column is missing, unknown or does not fit its declaration. */
export function openTrainingData(sources: readonly NamedSource[], { pipeline, inputs, precision, placeOf }: Open): TrainingData {
  const declOf = new Map(inputs.map((decl) => [decl.name, decl]));
  const unknown = sources.find(({ name }) => !declOf.has(name));
  if (unknown !== undefined) {
    const near = didYouMean(unknown.name, declOf.keys());
    const help = near === null ? `its inputs are: ${[...declOf.keys()].join(", ")}` : `did you mean ${near}?`;
    throw userError(trainMessages.dataUnknown, { name: unknown.name, pipeline, help }, 2);
  }
  const missing = inputs.filter(({ name }) => !sources.some((source) => source.name === name));
  if (missing.length > 0) throw userError(trainMessages.dataMissing, { names: missing.map(({ name }) => name).join(", ") }, 2);

  const originOf = (name: string): string => {
    const source = sources.find((candidate) => candidate.name === name);
    const key = source?.key ?? null;
    return `--data ${name}=${source?.file}${key === null ? "" : `#${key}`}`;
  };
  const fit = (decl: InputDecl, array: HostArray, rows?: Int32Array): HostArray =>
    fitArray(decl, array, originOf(decl.name), { precision, allowNonFinite: false, placeOf, ...(rows === undefined ? {} : { rows }) });

  const columns: { readonly decl: InputDecl; readonly column: Column }[] = [];
  const whole = new Map<string, HostArray>();
  const close = (): void => columns.forEach(({ column }) => column.close());
  try {
    for (const source of sources) {
      const decl = declOf.get(source.name);
      if (decl === undefined) continue;
      const about = { origin: originOf(decl.name), name: decl.name, declared: printType(decl.type), place: placeOf(decl.span) };
      const rowShape = rowShapeOf(decl);
      if (rowShape === "not a row") throw userError(trainMessages.batchAxis, about);
      if (rowShape === null) {
        const array = readArray(source);
        requireShape(
          decl.type.shape.map((size) => asNumber(size) ?? 0),
          array.shape,
          about,
        );
        whole.set(decl.name, fit(decl, array));
        continue;
      }
      const column = openColumn(source);
      columns.push({ decl, column });
      requireShape(rowShape, column.shape.slice(1), about);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    rows: columns.length === 0 ? 1 : commonRows(columns.map(({ column }) => column)),
    batch: (indices) =>
      new Map([...whole, ...columns.map(({ decl, column }) => [decl.name, fit(decl, column.gather(indices), indices)] as const)]),
    originOf,
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

/** `n`, and not `2*n` or a number. */
function plainBatch(size: Size): BatchId | null {
  const [term, ...more] = size;
  const [power, ...others] = Object.entries(term?.pow ?? {});
  return term?.coef === 1 && more.length === 0 && others.length === 0 && power?.[1] === 1 ? power[0] : null;
}

function requireShape(
  wanted: readonly number[],
  found: readonly number[],
  about: { readonly origin: string; readonly name: string; readonly declared: string; readonly place: string },
): void {
  if (wanted.length !== found.length || wanted.some((size, axis) => size !== found[axis]))
    throw userError(trainMessages.rowShape, { ...about, found: found.join(", ") });
}
