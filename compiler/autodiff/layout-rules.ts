/** Gradients of leaves and of the ops that only move elements: each is the transpose of its linear map. */
import type { Id } from "../graph/graph.js";
import type { OpName } from "../graph/op-table.js";
import { addSizes, type Size, subtractSizes } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import { notDifferentiable, type Rule } from "./rule.js";

const extent = (shape: Shape, axis: number): Size => {
  const size = shape[axis];
  if (size === undefined) throw new Error(`no axis ${axis} in a shape of rank ${shape.length}`);
  return size;
};

export const inversePermutation = (perm: readonly number[]): readonly number[] => perm.map((_, axis) => perm.indexOf(axis));

const axesBut = (rank: number, kept: readonly number[]): readonly number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !kept.includes(axis));

export const layoutRules = {
  input: () => [],
  const: () => [],
  size: () => [],
  iota: () => [],

  broadcast: ({ attrs, d, b }) => [() => b.sum(d, axesBut(attrs.shape.length, attrs.axes))],
  transpose: ({ attrs, d, b }) => [() => b.transpose(d, inversePermutation(attrs.perm))],
  reshape: ({ ins: [x], d, b }) => [() => b.reshape(d, b.shape(x))],
  slice: ({ ins: [x], attrs: { axis, start, stop }, d, b }) => [
    () => b.emit("pad", [d], { axis, low: start, high: subtractSizes(extent(b.shape(x), axis), stop) }),
  ],
  pad: ({ ins: [x], attrs: { axis, low }, d, b }) => [
    () => b.emit("slice", [d], { axis, start: low, stop: addSizes(low, extent(b.shape(x), axis)) }),
  ],
  concat: ({ ins, attrs: { axis }, d, b }) => {
    let start: Size = [];
    return ins.map((x) => {
      const from = start;
      start = addSizes(from, extent(b.shape(x), axis));
      const stop = start;
      return () => b.emit("slice", [d], { axis, start: from, stop });
    });
  },

  cumsum: ({ attrs: { axis, reverse }, d, b }) => [() => b.emit("cumsum", [d], { axis, reverse: !reverse })],
  sort: notDifferentiable("the order of its elements is not kept; use topk, max or min, which are differentiable"),
  gather: ({ ins: [x, index], attrs: { axis }, d, b }) => [
    (): Id => b.emit("scatter_add", [d, index], { axis, size: extent(b.shape(x), axis) }),
    null,
  ],
  scatter_add: ({ ins: [, index], attrs: { axis }, d, b }) => [() => b.emit("gather", [d, index], { axis }), null],
} as const satisfies { readonly [K in OpName]?: Rule<K> };
