/** The two transposes of a contraction and of a convolution, for any batch, contract and free axes. */
import type { GraphBuilder } from "../graph/builder.js";
import { Convolving } from "../graph/convolve.js";
import type { Id } from "../graph/graph.js";
import type { AxisPairs, OpName } from "../graph/op-table.js";
import { inversePermutation } from "./layout-rules.js";
import type { Rule } from "./rule.js";

/** How one operand's axes take part: batch and contract axes in the order of the pairs, free axes rising. */
type Roles = { readonly batch: readonly number[]; readonly contract: readonly number[]; readonly free: readonly number[] };

function rolesOf(rank: number, batch: readonly number[], contract: readonly number[]): Roles {
  const free = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !batch.includes(axis) && !contract.includes(axis));
  return { batch, contract, free };
}

const zip = (left: readonly number[], right: readonly number[]): AxisPairs =>
  left.map((l, i) => {
    const r = right[i];
    if (r === undefined) throw new Error("axes do not pair up");
    return [l, r];
  });
const flip = (pairs: AxisPairs): AxisPairs => pairs.map(([l, r]) => [r, l]);

/**
 * The cotangent of the operand with roles `own`, from the other operand and d. `dFree` are d's axes that hold the
 * other operand's free axes. Of the two operand orders, the one whose result needs no transpose is taken.
 */
function operandCotangent(b: GraphBuilder, d: Id, other: Id, own: Roles, others: Roles, dFree: readonly number[]): Id {
  const batch = zip(
    own.batch.map((_, k) => k),
    others.batch,
  );
  const contract = zip(dFree, others.free);
  // The other operand's contract axes come out rising; each stands for the axis of `own` that it is paired with.
  const partners = [...zip(others.contract, own.contract)].sort(([p], [q]) => p - q).map(([, axis]) => axis);
  const dFirst = inversePermutation([...own.batch, ...own.free, ...partners]);
  const otherFirst = inversePermutation([...own.batch, ...partners, ...own.free]);
  const plain = otherFirst.every((axis, i) => axis === i);
  return plain ? b.dot(other, d, flip(contract), flip(batch)) : b.transpose(b.dot(d, other, contract, batch), dFirst);
}

export const dotRules = {
  dot: ({ ins: [x, y], attrs: { batch, contract }, d, b }) => {
    const left = rolesOf(
      b.shape(x).length,
      batch.map(([l]) => l),
      contract.map(([l]) => l),
    );
    const right = rolesOf(
      b.shape(y).length,
      batch.map(([, r]) => r),
      contract.map(([, r]) => r),
    );
    const dLeft = left.free.map((_, k) => batch.length + k);
    const dRight = right.free.map((_, k) => batch.length + left.free.length + k);
    return [() => operandCotangent(b, d, y, left, right, dRight), () => operandCotangent(b, d, x, right, left, dLeft)];
  },
  conv2d: ({ ins: [x, weight], attrs, d, b }) => {
    const back = new Convolving(b, b.shape(x), b.shape(weight), attrs);
    return [() => back.ofX(weight, d), () => back.ofWeight(x, d)];
  },
} as const satisfies { readonly [K in OpName]?: Rule<K> };
