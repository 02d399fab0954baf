import { type Call, operand } from "./rule.js";
import { offsetsOf, others, pick, walksOf } from "./strides.js";
import type { Value } from "./value.js";

/** Every element sums its products in the order of the contracted axes, whatever the shape around it. */
export function dot({ ins, attrs, shape }: Call<"dot">): Value {
  const [x, y] = [operand(ins, 0), operand(ins, 1)];
  const side = (value: Value, which: 0 | 1) => {
    const walks = walksOf(value.shape);
    const [batch, contract] = [attrs.batch.map((pair) => pair[which]), attrs.contract.map((pair) => pair[which])];
    return {
      batch: offsetsOf(pick(walks, batch)),
      contract: offsetsOf(pick(walks, contract)),
      free: offsetsOf(pick(walks, others(value.shape.length, [...batch, ...contract]))),
    };
  };
  const [left, right] = [side(x, 0), side(y, 1)];
  const data = new Float64Array(left.batch.length * left.free.length * right.free.length);
  let position = 0;
  for (let b = 0; b < left.batch.length; b++)
    for (let i = 0; i < left.free.length; i++)
      for (let j = 0; j < right.free.length; j++) {
        const [p, q] = [(left.batch[b] ?? 0) + (left.free[i] ?? 0), (right.batch[b] ?? 0) + (right.free[j] ?? 0)];
        let total = 0;
        for (let k = 0; k < left.contract.length; k++)
          total += (x.data[p + (left.contract[k] ?? 0)] ?? 0) * (y.data[q + (right.contract[k] ?? 0)] ?? 0);
        data[position++] = total;
      }
  return { shape, data };
}
