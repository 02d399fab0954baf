/** `x[i]`, `x[i, f(j)]`, `x[:, None]`, `x[1:3]`: what stands between brackets, from left to right. */
import type { Span } from "../../grammar/span.js";
import { asSize } from "../check/arithmetic.js";
import { Dimension } from "../check/dimension.js";
import { type IndexVariable, runOver } from "../check/index-variable.js";
import { messages } from "../check/messages.js";
import { refuse, staySilent } from "../check/refusal.js";
import { describe, printTensor, type Tensor, type Value } from "../check/value.js";
import { addSizes, asNumber, constant, one, type Size } from "../graph/size.js";
import { isInteger } from "../graph/type.js";
import type { Site } from "./elaboration.js";
import { cast, elementwise, mapTensor, axisOf, axisToIndex, rankOf, reduced, shapeOf, tensor } from "./tensor.js";

export type Item =
  | { readonly kind: "index"; readonly index: IndexVariable; readonly value: Tensor; readonly span: Span }
  | { readonly kind: "value"; readonly value: Value; readonly span: Span }
  | { readonly kind: "slice"; readonly from: Value | null; readonly to: Value | null; readonly span: Span }
  | { readonly kind: "new_axis" | "ellipsis"; readonly span: Span };

const takesAxis = (item: Item): boolean => item.kind !== "new_axis" && item.kind !== "ellipsis";

export function indexed(site: Site, x: Tensor, items: readonly Item[]): Tensor {
  const taken = items.filter(takesAxis).length;
  if (taken > x.dims.length)
    refuse(
      messages.tooManyIndices,
      site.span,
      { value: printTensor(x), rank: x.dims.length, given: taken },
      {
        related: x.named === null ? [] : [{ span: x.named.span, message: `\`${x.named.name}\` is defined here` }],
      },
    );
  let value = x;
  let axis = 0;
  for (const item of items) {
    const here = { ...site, span: item.span };
    switch (item.kind) {
      case "ellipsis":
        axis += x.dims.length - taken;
        break;
      case "new_axis":
        value = newAxis(here, value, axis++);
        break;
      case "slice":
        value = sliced(here, value, axis++, item.from, item.to);
        break;
      case "index":
        value = alongIndex(site, value, axis, item);
        break;
      case "value": {
        const before = value.dims.length;
        value = atValue(site, value, axis, item);
        axis += value.dims.length - before + 1;
        break;
      }
    }
  }
  return value === x ? x : { ...value, named: x.named };
}

function alongIndex(site: Site, x: Tensor, axis: number, item: Extract<Item, { kind: "index" }>): Tensor {
  runOver(item.index, dimOf(x, axis), item.span);
  return x.indices.includes(item.index) ? takeAlong(site, x, axis, item.value) : axisToIndex(site, x, axis, item.index);
}

function atValue(site: Site, x: Tensor, axis: number, { value, span }: Extract<Item, { kind: "value" }>): Tensor {
  if (value.kind === "error") staySilent();
  if (value.kind === "number") return element(site, x, axis, value.value, span);
  if (value.kind !== "tensor" || !isInteger(value.dtype)) refuse(messages.needsInteger, span, { what: "An index", found: describe(value) });
  if (value.indices.some((index) => x.indices.includes(index))) {
    if (value.dims.length > 0)
      refuse(messages.needsAxes, span, { what: "This index", wanted: "one integer for each of its indices", found: printTensor(value) });
    return takeAlong(site, x, axis, value);
  }
  return gathered(site, x, axis, value);
}

const dimOf = (x: Tensor, axis: number): Dimension => x.dims[axis] ?? fault(axis);
const fault = (axis: number): never => {
  throw new Error(`axis ${axis} is past the end`);
};
const replaced = <T>(list: readonly T[], at: number, by: readonly T[]): readonly T[] => [
  ...list.slice(0, at),
  ...by,
  ...list.slice(at + 1),
];

function newAxis(site: Site, x: Tensor, axis: number): Tensor {
  const added = Dimension.of(one, { span: site.span, words: "`None`" });
  const dims = [...x.dims.slice(0, axis), added, ...x.dims.slice(axis)];
  return mapTensor(site, x, { dims }, (b, id) => b.reshape(id, shapeOf({ indices: x.indices, dims })));
}

function sliced(site: Site, x: Tensor, axis: number, from: Value | null, to: Value | null): Tensor {
  if (from === null && to === null) return x;
  const whole = dimOf(x, axis).size;
  if (whole === null)
    refuse(messages.notCompileTime, site.span, { what: "The size of an axis that is sliced", found: "not known before this line" });
  const start = from === null ? constant(0) : bound(from, whole, site.span);
  const stop = to === null ? whole : bound(to, whole, site.span);
  const size = addSizes(
    stop,
    start.map((term) => ({ ...term, coef: -term.coef })),
  );
  const [length, limit, last] = [asNumber(size), asNumber(whole), asNumber(stop)];
  if ((length !== null && length < 1) || (limit !== null && last !== null && last > limit))
    refuse(messages.indexOutside, site.span, { index: "This range", size: dimOf(x, axis).text });
  const dim = Dimension.of(size, { span: site.span, words: "this range" });
  return mapTensor(site, x, { dims: replaced(x.dims, axis, [dim]) }, (b, id) =>
    b.emit("slice", [id], { axis: axisOf(x, axis), start, stop }),
  );
}

/** A bound of a range; negative ones count from the end. */
function bound(value: Value, whole: Size, span: Span): Size {
  if (value.kind === "error") staySilent();
  const size = asSize(value);
  if (size === null) refuse(messages.notCompileTime, span, { what: "The bound of a range", found: describe(value) });
  const plain = asNumber(size);
  return plain !== null && plain < 0 ? addSizes(whole, size) : size;
}

function element(site: Site, x: Tensor, axis: number, at: number, span: Span): Tensor {
  const dim = dimOf(x, axis);
  if (!Number.isInteger(at)) refuse(messages.notAWholeNumber, span, { what: "An index", found: at });
  if (dim.size === null)
    refuse(messages.notCompileTime, span, { what: "The size of an axis that is indexed", found: "not known before this line" });
  if (dim.constant !== null && (at >= dim.constant || at < -dim.constant))
    refuse(messages.indexOutside, span, { index: at, size: dim.text });
  const start = at < 0 ? addSizes(dim.size, constant(at)) : constant(at);
  const dims = x.dims.filter((_, k) => k !== axis);
  return mapTensor(site, x, { dims }, (b, id) => {
    const cut = b.emit("slice", [id], { axis: axisOf(x, axis), start, stop: addSizes(start, one) });
    return b.reshape(cut, shapeOf({ indices: x.indices, dims }));
  });
}

/** The rows that an index chooses; its indices and axes take the place of the axis. Out of range reads 0. */
export function gathered(site: Site, x: Tensor, axis: number, index: Tensor): Tensor {
  const indices = [...x.indices, ...index.indices];
  const dims = replaced(x.dims, axis, index.dims);
  return tensor(site, { dtype: x.dtype, indices, dims }, [x, index], (b, [from = 0, which = 0]) => {
    const at = axisOf(x, axis);
    const rows = b.emit("gather", [from, which], { axis: at });
    // The indices of `index` came out where the axis was; they go behind those of x.
    const rank = rankOf(x) - 1 + rankOf(index);
    const own = Array.from({ length: rank }, (_, k) => k);
    const free = own.slice(at, at + index.indices.length);
    const rest = own.filter((k) => !free.includes(k));
    return b.transpose(rows, [...rest.slice(0, x.indices.length), ...free, ...rest.slice(x.indices.length)]);
  });
}

/**
 * `x[i, f(i)]`: x and the index share an index, so each element chooses one place along the axis:
 * sum[j](where(f(i) == j, x[i, j], 0)), which passes turn into products of rows; a select, so infinities elsewhere do not leak.
 */
export function takeAlong(site: Site, x: Tensor, axis: number, chosen: Tensor): Tensor {
  const { index, value: place } = site.e.index("@take", site.span);
  runOver(index, dimOf(x, axis), site.span);
  const row = axisToIndex(site, x, axis, index);
  const hit = elementwise(site, "an index", [cast(site, chosen, "i32"), place], "bool", (b, ids) => b.emit("eq", ids, {}));
  const numbers = x.dtype === "bool" ? cast(site, row, "i32") : row;
  const zero = tensor(site, { dtype: numbers.dtype, indices: [], dims: [] }, [], (b) => b.const(0, numbers.dtype));
  // The row goes first: its order of indices is the one to keep.
  const kept = elementwise(site, "an index", [numbers, hit, zero], numbers.dtype, (b, [v = 0, c = 0, z = 0]) => b.select(c, v, z));
  const taken = reduced(site, kept, { indices: [index], axes: [] }, numbers.dtype, (b, id, axes) => b.sum(id, axes));
  return x.dtype === "bool" ? mapTensor(site, taken, { dtype: "bool" }, (b, id) => b.emit("ne", [id, b.constLike(0, id)], {})) : taken;
}
