/** Embeddings on their way into a program that compares them. */
import { convert, type HostArray, hostArray, zeros } from "../data/host-array.js";

export type Embeddings = {
  /** [rows, width] */
  readonly vectors: HostArray;
  /** [rows]: an answer is right if it bears the id of the query. Several may. */
  readonly ids: Int32Array;
};

export type Matrix = { readonly rows: number; readonly width: number };

export function matrixOf({ shape }: HostArray): Matrix {
  const [rows, width, ...more] = shape;
  if (rows === undefined || width === undefined || more.length > 0) throw new Error(`embeddings of shape [${shape.join(", ")}]`);
  return { rows, width };
}

/** Rows that hold NaN or infinity have no score: they travel as zeros, and `sound` says which they are. */
export type Sound = { readonly vectors: HostArray; readonly sound: HostArray<"bool"> };

export function separateUnsound(vectors: HostArray, precision: "f32" | "f64"): Sound {
  const { rows, width } = matrixOf(vectors);
  const converted = vectors.dtype === precision ? vectors : convert(vectors, precision);
  const sound = hostArray("bool", [rows], new Uint8Array(rows).fill(1));
  let copied: HostArray | null = null;
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    if (allFinite(converted.data, from, from + width)) continue;
    sound.data[row] = 0;
    copied ??= copyOf(converted);
    copied.data.fill(0, from, from + width);
  }
  return { vectors: copied ?? converted, sound };
}

function allFinite(data: HostArray["data"], from: number, to: number): boolean {
  for (let k = from; k < to; k++) if (!Number.isFinite(data[k])) return false;
  return true;
}

function copyOf(array: HostArray): HostArray {
  const copy = zeros(array.dtype, array.shape);
  copy.data.set(array.data);
  return copy;
}
