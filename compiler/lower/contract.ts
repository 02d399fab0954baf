import { sameAxis, unionIndices } from "../check/broadcast.js";
import type { Dimension } from "../check/dimension.js";
import type { IndexVariable } from "../check/index-variable.js";
import { printTensor, type Tensor } from "../check/value.js";
import type { Site } from "./elaboration.js";
import { axisOf, rankOf, tensor } from "./tensor.js";

/** Own axes of both operands: those summed over, and pairs that run together. */
export type Contraction = {
  readonly contract: readonly (readonly [number, number])[];
  readonly batch: readonly (readonly [number, number])[];
  /** Result axes in order; a batch pair goes by its left axis. */
  readonly order: readonly { readonly side: Side; readonly axis: number }[];
};

type Side = "left" | "right";

/** Σ x·y. Indices that both have run together, the others are free. */
export function contract(site: Site, what: string, x: Tensor, y: Tensor, spec: Contraction): Tensor {
  const axis = (t: Tensor, k: number): Dimension => t.dims[k] ?? fault(k);
  const place = { what, span: site.span, left: printTensor(x), right: printTensor(y) };
  for (const [l, r] of [...spec.contract, ...spec.batch]) sameAxis(axis(x, l), axis(y, r), place);

  const shared = x.indices.filter((index) => y.indices.includes(index));
  const indices = unionIndices([x, y]);
  const dims = spec.order.map(({ side, axis: k }) => axis(side === "left" ? x : y, k));
  return tensor(site, { dtype: x.dtype, indices, dims }, [x, y], (b, [left = 0, right = 0]) => {
    const at = (t: Tensor, index: IndexVariable) => t.indices.indexOf(index);
    const batch = [
      ...shared.map((index) => [at(x, index), at(y, index)] as const),
      ...spec.batch.map(([l, r]) => [axisOf(x, l), axisOf(y, r)] as const),
    ];
    const pairs = spec.contract.map(([l, r]) => [axisOf(x, l), axisOf(y, r)] as const);
    const product = b.dot(left, right, pairs, batch);
    // The op lays out batch pairs, then what is left of x, then of y; labels say which axis is which.
    const used = [...batch, ...pairs];
    const labels = [
      ...batch.map(([l]) => labelOf("left", x, l)),
      ...freeAxes(
        "left",
        x,
        used.map(([l]) => l),
      ),
      ...freeAxes(
        "right",
        y,
        used.map(([, r]) => r),
      ),
    ];
    const wanted = [...indices.map((index) => `index ${index.serial}`), ...spec.order.map(({ side, axis: k }) => `${side} ${k}`)];
    return b.transpose(
      product,
      wanted.map((label) => labels.indexOf(label)),
    );
  });
}

const fault = (k: number): never => {
  throw new Error(`a contraction names axis ${k}, which is not there`);
};
const labelOf = (side: Side, t: Tensor, axis: number): string => {
  const index = t.indices[axis];
  return index === undefined ? `${side} ${axis - t.indices.length}` : `index ${index.serial}`;
};
const freeAxes = (side: Side, t: Tensor, used: readonly number[]): readonly string[] =>
  Array.from({ length: rankOf(t) }, (_, axis) => axis)
    .filter((axis) => !used.includes(axis))
    .map((axis) => labelOf(side, t, axis));
