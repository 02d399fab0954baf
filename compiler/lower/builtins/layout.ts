/** Where elements lie: reshape, transpose, concat, gather, diag. */
import { sameAxis, unionIndices } from "../../check/broadcast.js";
import { Dimension } from "../../check/dimension.js";
import { promote } from "../../check/dtypes.js";
import { messages } from "../../check/messages.js";
import type { Operand } from "../../check/operand.js";
import { comesFrom, refuse } from "../../check/refusal.js";
import { describe, printTensor, type Tensor } from "../../check/value.js";
import { addSizes, printSize, product, sameSize, type Size } from "../../graph/size.js";
import { isInteger } from "../../graph/type.js";
import type { Arguments } from "../arguments.js";
import type { Site } from "../elaboration.js";
import { gathered, takeAlong } from "../indexing.js";
import { dot } from "../matmul.js";
import { anyTensor, numericTensors } from "../operand.js";
import { aligned, axisOf, axisToIndex, cast, extent, indicesToAxes, mapTensor, reduced, shapeOf, tensor } from "../tensor.js";
import { type Builtin, builtin } from "./builtin.js";
import { rearrange } from "./rearrange.js";

const array = (site: Site, args: Arguments, name: string, callee: string): Tensor => anyTensor(site, args.get(name), `\`${callee}\``);

/** Own axes in another order; `perm[k]` is the axis that comes k-th. */
export function transposed(site: Site, x: Tensor, perm: readonly number[]): Tensor {
  const dims = perm.flatMap((axis) => x.dims[axis] ?? []);
  const whole = [...x.indices.map((_, at) => at), ...perm.map((axis) => axisOf(x, axis))];
  return mapTensor(site, x, { dims }, (b, id) => b.transpose(id, whole));
}

function reshape(site: Site, x: Tensor, sizes: readonly Size[]): Tensor {
  const dims = sizes.map((size) => Dimension.of(size, { span: site.span, words: "this `reshape`" }));
  if (x.dims.some((dim) => dim.size === null))
    refuse(messages.notCompileTime, site.span, { what: "The shape that is laid out anew", found: printTensor(x) });
  const from = extent(x.dims);
  if (!sameSize(from, product(sizes)))
    refuse(
      messages.inexactReshape,
      site.span,
      { from: printSize(from), to: `[${sizes.map(printSize).join(", ")}]` },
      {
        related: x.dims.map(comesFrom),
      },
    );
  return mapTensor(site, x, { dims }, (b, id) => b.reshape(id, shapeOf({ indices: x.indices, dims })));
}

function square(site: Site, args: Arguments, callee: string): Tensor {
  const x = array(site, args, "x", callee);
  const [rows, columns] = x.dims;
  if (rows === undefined || columns === undefined || x.dims.length !== 2)
    refuse(messages.needsAxes, args.get("x").span, { what: `\`${callee}\``, wanted: "a square matrix", found: printTensor(x) });
  sameAxis(rows, columns, {
    what: `\`${callee}\` needs a square matrix; this one has`,
    span: args.get("x").span,
    left: `${rows.text} rows`,
    right: `${columns.text} columns`,
  });
  return x;
}

/** x[i, i] for each i of a new index. */
function diagonal(site: Site, x: Tensor) {
  const bound = site.e.index("@diagonal", site.span);
  const [rows] = x.dims;
  if (rows !== undefined) bound.index.range.unify(rows);
  const row = axisToIndex(site, x, 0, bound.index);
  return { index: bound.index, value: takeAlong(site, row, 0, bound.value) };
}

function concat(site: Site, list: Operand, args: Arguments): Tensor {
  const items =
    list.value.kind === "list"
      ? list.value.items
      : refuse(messages.wrongKind, list.span, { what: "`concat`", wanted: "a list, `[a, b]`", found: describe(list.value) });
  const tensors = items.map(({ value, span }) => anyTensor(site, { value, span, text: "this value" }, "`concat`"));
  const [first] = tensors;
  if (first === undefined) refuse(messages.emptyList, list.span, { what: "`concat`" });
  const axis = args.axis("axis", first, 0);
  const along = tensors.map((t, k) => {
    const span = items[k]?.span ?? list.span;
    if (t.dims.length !== first.dims.length)
      refuse(messages.ranksDiffer, span, { what: "`concat` joins", left: printTensor(first), right: printTensor(t) });
    t.dims.forEach((dim, at) => {
      if (at !== axis)
        sameAxis(first.dims[at] ?? dim, dim, { what: "`concat` joins", span, left: printTensor(first), right: printTensor(t) });
    });
    const size = t.dims[axis]?.size ?? null;
    return size ?? refuse(messages.notCompileTime, span, { what: "The size of a joined axis", found: printTensor(t) });
  });
  const dtype = tensors.map((t) => t.dtype).reduce(promote);
  const joined = Dimension.of(along.reduce(addSizes), { span: site.span, words: "this `concat`" });
  const dims = first.dims.map((dim, at) => (at === axis ? joined : dim));
  const indices = unionIndices(tensors);
  const parts = tensors.map((t) => cast(site, t, dtype));
  return tensor(site, { dtype, indices, dims }, parts, (b) =>
    b.emit(
      "concat",
      parts.map((part) => aligned(b, part, { indices, dims: part.dims })),
      { axis: indices.length + axis },
    ),
  );
}

export const layouts: readonly Builtin[] = [
  builtin("reshape", "x, shape", (site, args) =>
    reshape(
      site,
      array(site, args, "x", "reshape"),
      args.sizes("shape").map(({ size }) => size),
    ),
  ),
  builtin("transpose", "x, axes = reversed", (site, args) => {
    const x = array(site, args, "x", "transpose");
    const operand = args.find("axes");
    const perm = operand === null ? x.dims.map((_, k) => x.dims.length - 1 - k) : args.axes("axes", x);
    if (new Set(perm).size !== x.dims.length || perm.length !== x.dims.length)
      refuse(messages.needsAxes, operand?.span ?? site.span, {
        what: "`transpose`",
        wanted: "each axis once",
        found: `(${perm.join(", ")}) of ${printTensor(x)}`,
      });
    return transposed(site, x, perm);
  }),
  builtin("rearrange", "x, pattern, ...", rearrange),
  builtin("concat", "list, axis = 0", (site, args) => concat(site, args.get("list"), args)),
  builtin("take", "table, ids, axis = 0", (site, args) => {
    const table = array(site, args, "table", "take");
    const { value, span } = args.get("ids");
    if (value.kind !== "tensor" || !isInteger(value.dtype)) refuse(messages.needsInteger, span, { what: "`ids`", found: describe(value) });
    const axis = args.axis("axis", table, 0);
    if (value.indices.some((index) => table.indices.includes(index)))
      refuse(messages.needsAxes, span, {
        what: "`take`",
        wanted: "ids without an index of the table; write `table[…]`",
        found: printTensor(value),
      });
    return gathered(site, table, axis, value);
  }),
  builtin("diag", "x", (site, args) => {
    const { index, value } = diagonal(site, square(site, args, "diag"));
    return indicesToAxes(site, value, [index]);
  }),
  builtin("trace", "x", (site, args) => {
    const { index, value } = diagonal(site, square(site, args, "trace"));
    const { tensors, dtype } = numericTensors(site, "trace", [{ value, span: site.span, text: "x" }]);
    return reduced(site, tensors[0] ?? value, { indices: [index], axes: [] }, dtype, (b, id, axes) => b.sum(id, axes));
  }),
  builtin("dot", "x, y", (site, args) => dot(site, args.get("x"), args.get("y"))),
];
