/** Gradients of leaves and of the ops that only move elements: each is the transpose of its linear map. */
import type { Id } from "../graph/graph.js";
import type { OpName } from "../graph/op-table.js";
import { addSizes, asNumber, constant, type Size, subtractSizes } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import { notDifferentiable, type Rule } from "./rule.js";

const extent = (shape: Shape, axis: number): Size => {
  const size = shape[axis];
  if (size === undefined) throw new Error(`no axis ${axis} in a shape of rank ${shape.length}`);
  return size;
};

function numberOf(size: Size): number {
  const number = asNumber(size);
  if (number === null) throw new Error("windows are cut on an axis of known size");
  return number;
}

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
  stored: ({ d }) => [() => d],
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

  windows: ({ ins: [x], attrs: { axis, size, stride, dilation, start, over }, d, b }) => [
    () => {
      const shape = b.shape(x);
      const count = numberOf(extent(shape, axis));
      // Place k of window o showed position (o * stride + k * dilation + start) / over: solved for o, that is a window of one place.
      const shown = (k: number): Id => {
        const place = b.emit("slice", [d], { axis: axis + 1, start: constant(k), stop: constant(k + 1) });
        const flat = b.reshape(
          place,
          b.shape(d).filter((_, at) => at !== axis + 1),
        );
        const back = { axis, count, size: 1, stride: over, dilation: 1, start: -start - k * dilation, over: stride };
        return b.reshape(b.emit("windows", [flat], back), shape);
      };
      return Array.from({ length: size }, (_, k) => shown(k)).reduce((total, part) => b.add(total, part));
    },
  ],

  cumsum: ({ attrs: { axis, reverse }, d, b }) => [() => b.emit("cumsum", [d], { axis, reverse: !reverse })],
  sort: notDifferentiable("the order of its elements is not kept; max, min and what in_top_k selects are differentiable"),
  gather: ({ ins: [x, index], attrs: { axis }, d, b }) => [
    (): Id => b.emit("scatter_add", [d, index], { axis, size: extent(b.shape(x), axis) }),
    null,
  ],
  scatter_add: ({ ins: [, index], attrs: { axis }, d, b }) => [() => b.emit("gather", [d, index], { axis }), null],
} as const satisfies { readonly [K in OpName]?: Rule<K> };
