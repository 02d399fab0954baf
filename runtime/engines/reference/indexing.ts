import { wrapTo } from "./integers.js";
import { type Call, operand } from "./rule.js";
import { elementCount, emptyValue, type Value } from "./value.js";

/** x seen as [outer, axis…, inner]: how gather and scatter_add walk. */
function around(shape: readonly number[], axis: number, count: number): { readonly outer: number; readonly inner: number } {
  return { outer: elementCount(shape.slice(0, axis)), inner: elementCount(shape.slice(axis + count)) };
}

/** An index out of range reads 0. */
export function gather({ ins, attrs, shape }: Call<"gather">): Value {
  const [x, index] = [operand(ins, 0), operand(ins, 1)];
  const { outer, inner } = around(x.shape, attrs.axis, 1);
  const extent = x.shape[attrs.axis] ?? 0;
  const result = emptyValue(shape);
  for (let o = 0; o < outer; o++)
    index.data.forEach((source, place) => {
      if (source < 0 || source >= extent) return;
      for (let i = 0; i < inner; i++)
        result.data[(o * index.data.length + place) * inner + i] = x.data[(o * extent + source) * inner + i] ?? 0;
    });
  return result;
}

/** An index out of range is dropped. Updates are added in their order. */
export function scatterAdd({ ins, attrs, shape, extent: extentOf, dtype }: Call<"scatter_add">): Value {
  const [updates, index] = [operand(ins, 0), operand(ins, 1)];
  const { outer, inner } = around(updates.shape, attrs.axis, index.shape.length);
  const extent = extentOf(attrs.size);
  const wrap = wrapTo(dtype);
  const result = emptyValue(shape);
  for (let o = 0; o < outer; o++)
    index.data.forEach((target, place) => {
      if (target < 0 || target >= extent) return;
      for (let i = 0; i < inner; i++) {
        const at = (o * extent + target) * inner + i;
        result.data[at] = wrap((result.data[at] ?? 0) + (updates.data[(o * index.data.length + place) * inner + i] ?? 0));
      }
    });
  return result;
}
