/** A concrete array: row-major, every dtype held exactly in float64 (bool as 0 and 1). */
export type Value = { readonly shape: readonly number[]; readonly data: Float64Array };

export const elementCount = (shape: readonly number[]): number => shape.reduce((count, extent) => count * extent, 1);

export const emptyValue = (shape: readonly number[], fill = 0): Value => ({
  shape,
  data: new Float64Array(elementCount(shape)).fill(fill),
});

export const scalarValue = (x: number): Value => ({ shape: [], data: Float64Array.of(x) });

export function valueOf(shape: readonly number[], data: ArrayLike<number>): Value {
  if (data.length !== elementCount(shape)) throw new Error(`${data.length} numbers do not fill [${shape.join(", ")}]`);
  return { shape, data: Float64Array.from(data) };
}
