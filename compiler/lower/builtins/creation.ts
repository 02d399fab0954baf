/** Tensors from sizes: `eye(n)`, `ones((n, 4))`, `arange(n)`. */
import type { Span } from "../../../grammar/span.js";
import { Dimension } from "../../check/dimension.js";
import { messages } from "../../check/messages.js";
import { refuse } from "../../check/refusal.js";
import { describe } from "../../check/value.js";
import type { Tensor } from "../../check/value.js";
import { printSize } from "../../graph/size.js";
import type { Size } from "../../graph/size.js";
import { isInteger } from "../../graph/type.js";
import type { Site } from "../elaboration.js";
import { elementwise, scalar, shapeOf, tensor } from "../tensor.js";
import { indicesToAxes } from "../tensor.js";
import { type Builtin, builtin } from "./builtin.js";

const axisOfSize = (size: Size, span: Span, words: string): Dimension => Dimension.of(size, { span, words });

function filled(name: "ones" | "zeros", value: number): Builtin {
  return builtin(name, "shape", (site, args) => {
    const dims = args.sizes("shape").map(({ size, span }) => axisOfSize(size, span, `\`${name}\``));
    return tensor(site, { dtype: "f32", indices: [], dims }, [], (b) => b.broadcast(b.const(value), shapeOf({ indices: [], dims }), []));
  });
}

/** 1 where two indices agree, 0 elsewhere: `where(i == j, 1, 0)`. */
function eye(site: Site, rows: Dimension, columns: Dimension): Tensor {
  const [i, j] = [site.e.index("@row", site.span), site.e.index("@column", site.span)];
  i.index.range.unify(rows);
  j.index.range.unify(columns);
  const hit = elementwise(site, "eye", [i.value, j.value], "bool", (b, ids) => b.emit("eq", ids, {}));
  const [one, zero] = [1, 0].map((value) => scalar(site, "f32", (b) => b.const(value)));
  if (one === undefined || zero === undefined) throw new Error("eye lost its numbers");
  const value = elementwise(site, "eye", [hit, one, zero], "f32", (b, [c = 0, x = 0, y = 0]) => b.select(c, x, y));
  return indicesToAxes(site, value, [i.index, j.index]);
}

export const creations: readonly Builtin[] = [
  filled("ones", 1),
  filled("zeros", 0),
  builtin("eye", "n, m = n", (site, args) => {
    const rows = axisOfSize(args.size("n"), args.get("n").span, "`eye`");
    const columns = args.find("m");
    return eye(site, rows, columns === null ? rows : axisOfSize(args.size("m"), columns.span, "`eye`"));
  }),
  builtin("arange", "n", (site, args) => {
    const size = args.size("n");
    const dims = [axisOfSize(size, args.get("n").span, "`arange`")];
    return tensor(site, { dtype: "i32", indices: [], dims }, [], (b) => b.emit("iota", [], { size }));
  }),
  builtin("one_hot", "ids, depth", (site, args) => {
    const { value, span } = args.get("ids");
    if (value.kind !== "tensor" || !isInteger(value.dtype)) refuse(messages.needsInteger, span, { what: "`ids`", found: describe(value) });
    const size = args.size("depth");
    if (printSize(size) === "0") refuse(messages.outOfBounds, args.get("depth").span, { what: "`depth`", wanted: "at least 1", found: 0 });
    const depth = axisOfSize(size, args.get("depth").span, "`one_hot`");
    const dims = [...value.dims, depth];
    return tensor(site, { dtype: "f32", indices: value.indices, dims }, [value], (b, [ids = 0]) => {
      const shape = shapeOf({ indices: value.indices, dims });
      const last = shape.length - 1;
      const wanted = b.broadcast(
        b.cast(ids, "i32"),
        shape,
        Array.from({ length: last }, (_, k) => k),
      );
      const hit = b.emit("eq", [wanted, b.broadcast(b.emit("iota", [], { size }), shape, [last])], {});
      return b.select(hit, b.broadcast(b.const(1), shape, []), b.broadcast(b.const(0), shape, []));
    });
  }),
];
