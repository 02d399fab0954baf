/** `dot` as one batched matMul: axes are brought into the order [batch, free, contracted], and back by a reshape alone. */
import type { AxisPairs } from "../../../compiler/graph/op-table.js";
import { slice } from "./heap-copies.js";
import type { Quirks } from "./quirks.js";
import { sum } from "./sums.js";
import { count, type Tensor, type TensorFlow } from "./tensorflow.js";

type Side = { readonly batch: readonly number[]; readonly free: readonly number[]; readonly contract: readonly number[] };
type Pairing = { readonly batch: AxisPairs; readonly contract: AxisPairs };

function sideOf({ batch, contract }: Pairing, rank: number, side: 0 | 1): Side {
  const [batches, contracted] = [batch.map((pair) => pair[side]), contract.map((pair) => pair[side])];
  const used = new Set([...batches, ...contracted]);
  return { batch: batches, contract: contracted, free: Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !used.has(axis)) };
}

const isIdentity = (perm: readonly number[]): boolean => perm.every((axis, k) => axis === k);
const extentsOf = (x: Tensor, axes: readonly number[]): readonly number[] => axes.map((axis) => x.shape[axis] ?? 1);

export function dot(tf: TensorFlow, quirks: Quirks, x: Tensor, y: Tensor, pairing: Pairing, shape: readonly number[]): Tensor {
  const [left, right] = [sideOf(pairing, x.rank, 0), sideOf(pairing, y.rank, 1)];
  const batches = count(extentsOf(x, left.batch));
  const [rows, inner, columns] = [count(extentsOf(x, left.free)), count(extentsOf(x, left.contract)), count(extentsOf(y, right.free))];
  if (rows === 1 && columns === 1 && batches > 1) return rowDots(tf, quirks, x, y, left, right, shape);
  const a = operandOf(tf, quirks, x, [left.batch, left.free, left.contract], [batches, rows, inner]);
  const b = operandOf(tf, quirks, y, [right.batch, right.contract, right.free], [batches, inner, columns]);
  const weights = quirks.matMulWeights === "cached" ? withDataOfItsShape(tf, quirks, b.matrix) : b.matrix;
  return tf.matMul(a.matrix, weights, a.transposed, b.transposed).reshape([...shape]);
}

/** The shape in which data first was the right operand of a matMul. */
const packedAs = new WeakMap<object, string>();

/** The matrix itself, or a copy of it where its data was such an operand in another shape. */
function withDataOfItsShape(tf: TensorFlow, quirks: Quirks, matrix: Tensor): Tensor {
  const shape = matrix.shape.join();
  const known = packedAs.get(matrix.dataId);
  if (known !== undefined && known !== shape)
    return slice(
      tf,
      quirks,
      matrix,
      matrix.shape.map(() => 0),
      matrix.shape,
    );
  packedAs.set(matrix.dataId, shape);
  return matrix;
}

/** The operand as a (batched) matrix whose axes are the three groups; `transposed`: still with the last two exchanged. */
function operandOf(
  tf: TensorFlow,
  { transposedMatMul }: Quirks,
  x: Tensor,
  [batch, row, column]: readonly [readonly number[], readonly number[], readonly number[]],
  [batches, rows, columns]: readonly [number, number, number],
): { readonly matrix: Tensor; readonly transposed: boolean } {
  const perm = [...batch, ...row, ...column];
  const lead = batches === 1 ? [] : [batches];
  if (isIdentity(perm)) return { matrix: x.reshape([...lead, rows, columns]), transposed: false };
  const exchanged = [...batch, ...column, ...row];
  if (!isIdentity(exchanged)) return { matrix: tf.transpose(x, perm).reshape([...lead, rows, columns]), transposed: false };
  const matrix = x.reshape([...lead, columns, rows]);
  if (transposedMatMul === "fast") return { matrix, transposed: true };
  return { matrix: tf.transpose(matrix, batches === 1 ? [1, 0] : [0, 2, 1]), transposed: false };
}

/** One product of two vectors per batch: many tiny matrices are slower than a product and a sum. */
function rowDots(tf: TensorFlow, quirks: Quirks, x: Tensor, y: Tensor, left: Side, right: Side, shape: readonly number[]): Tensor {
  const lined = (t: Tensor, { batch, contract, free }: Side): Tensor => {
    const perm = [...batch, ...contract, ...free];
    return (isIdentity(perm) ? t : tf.transpose(t, perm)).reshape([count(extentsOf(t, batch)), count(extentsOf(t, contract))]);
  };
  const products = tf.mul(lined(x, left), lined(y, right));
  return sum(tf, quirks, products, [1], [products.shape[0] ?? 1]).reshape([...shape]);
}
