import type { DType } from "../../compiler/graph/type.js";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "./half.js";

/** What holds the elements of each dtype in memory. `bf16` and `f16` are kept as bits. */
export type HostData = {
  bool: Uint8Array;
  i32: Int32Array;
  u32: Uint32Array;
  bf16: Uint16Array;
  f16: Uint16Array;
  f32: Float32Array;
  f64: Float64Array;
};

/** An array in this process's memory, in row-major order. */
export type HostArray<D extends DType = DType> = {
  [K in D]: { readonly dtype: K; readonly shape: readonly number[]; readonly data: HostData[K] };
}[D];

/** Element access by value: numbers in, numbers out, whatever the storage. */
const access = {
  bool: { create: (count) => new Uint8Array(count), decode: (x) => x, encode: (x) => (x === 0 ? 0 : 1) },
  i32: { create: (count) => new Int32Array(count), decode: (x) => x, encode: (x) => x },
  u32: { create: (count) => new Uint32Array(count), decode: (x) => x, encode: (x) => x },
  bf16: { create: (count) => new Uint16Array(count), decode: bf16ToF32, encode: f32ToBf16 },
  f16: { create: (count) => new Uint16Array(count), decode: f16ToF32, encode: f32ToF16 },
  f32: { create: (count) => new Float32Array(count), decode: (x) => x, encode: (x) => x },
  f64: { create: (count) => new Float64Array(count), decode: (x) => x, encode: (x) => x },
} as const satisfies {
  readonly [K in DType]: {
    readonly create: (count: number) => HostData[K];
    /** From the storage number to the value. */
    readonly decode: (stored: number) => number;
    readonly encode: (value: number) => number;
  };
};

export const elementCount = (shape: readonly number[]): number => shape.reduce((count, size) => count * size, 1);

/** Joins storage and shape. Throws where they disagree: callers check files before. */
export function hostArray<D extends DType>(dtype: D, shape: readonly number[], data: HostData[D]): HostArray<D> {
  if (data.length !== elementCount(shape)) throw new Error(`${data.length} elements do not fill [${shape.join(", ")}]`);
  // The pair (dtype, data) fits by this function's own signature; TypeScript cannot follow the union.
  return { dtype, shape, data } as HostArray<D>;
}

export function zeros<D extends DType>(dtype: D, shape: readonly number[]): HostArray<D> {
  return hostArray(dtype, shape, access[dtype].create(elementCount(shape)) as HostData[D]);
}

/** Every element from its flat position. Floats round as in `convert`. */
export function filled<D extends DType>(dtype: D, shape: readonly number[], valueAt: (index: number) => number): HostArray<D> {
  const result = zeros(dtype, shape);
  const { encode } = access[dtype];
  for (let i = 0; i < result.data.length; i++) result.data[i] = encode(valueAt(i));
  return result;
}

/** The elements as values: 16-bit floats widened, the rest as stored. */
export function* values(array: HostArray): Generator<number, void> {
  const { decode } = access[array.dtype];
  for (const stored of array.data) yield decode(stored);
}

/** The value at a flat position. */
export function valueAt(array: HostArray, index: number): number {
  const stored = array.data[index];
  if (stored === undefined) throw new Error(`element ${index} of ${array.data.length}`);
  return access[array.dtype].decode(stored);
}

/** A copy in another dtype. Floats round to nearest even; from f64 to 16 bits by way of f32. Integers wrap. */
export function convert<D extends DType>(array: HostArray, dtype: D): HostArray<D> {
  const { decode } = access[array.dtype];
  return filled(dtype, array.shape, (i) => decode(array.data[i] as number));
}

/** The array's memory as bytes; a view, not a copy. */
export const bytesOf = ({ data }: HostArray): Uint8Array<ArrayBufferLike> => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The first NaN or infinity with its index along every axis, so that a caller can refuse it by place. */
export function firstNonFinite(array: HostArray): { readonly index: readonly number[]; readonly value: number } | null {
  const at = nonFiniteAt(array);
  return at === -1 ? null : { index: unravel(at, array.shape), value: valueAt(array, at) };
}

/** Plain loops: every batch and every checkpoint is looked through, and a callback for each element takes five times as long. */
function nonFiniteAt({ dtype, data }: HostArray): number {
  switch (dtype) {
    case "f32":
    case "f64":
      // Only of what is finite the difference with itself is 0.
      for (let i = 0; i < data.length; i++) if ((data[i] as number) - (data[i] as number) !== 0) return i;
      return -1;
    case "bf16":
    case "f16": {
      const exponent = dtype === "bf16" ? 0x7f80 : 0x7c00;
      for (let i = 0; i < data.length; i++) if (((data[i] as number) & exponent) === exponent) return i;
      return -1;
    }
    case "bool":
    case "i32":
    case "u32":
      return -1;
  }
}

/** `[2, 1]` for flat position 7 in `[4, 3]`. */
export function unravel(flat: number, shape: readonly number[]): readonly number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
