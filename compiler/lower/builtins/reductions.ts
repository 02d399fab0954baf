/** Functions that reduce or run along indices, `sum[i](e)`, or axes, `sum(x, axis: 1)`. One rule each serves both. */
import type { IndexVariable } from "../../check/index-variable.js";
import { messages } from "../../check/messages.js";
import type { Operand } from "../../check/operand.js";
import { refuse } from "../../check/refusal.js";
import { describe, printTensor, type Tensor } from "../../check/value.js";
import type { GraphBuilder } from "../../graph/builder.js";
import type { Id } from "../../graph/graph.js";
import type { DType } from "../../graph/type.js";
import type { Arguments } from "../arguments.js";
import type { Site } from "../elaboration.js";
import { boolTensor, floatTensor, numericTensors } from "../operand.js";
import { axisOf, extent, mapTensor, reduced } from "../tensor.js";
import { type Builtin, builtin, reducing } from "./builtin.js";

/** What is reduced: indices, own axes, or both. */
type Over = { readonly indices: readonly IndexVariable[]; readonly axes: readonly number[] };
type Rule = {
  /** The operand in the dtype that the rule works on. */
  readonly take: (site: Site, x: Operand) => Tensor;
  readonly dtype: (x: Tensor) => DType;
  readonly build: (b: GraphBuilder, x: Id, axes: readonly number[], over: { readonly x: Tensor; readonly over: Over }) => Id;
};

const numbers =
  (name: string, float: boolean) =>
  (site: Site, x: Operand): Tensor => {
    const { tensors } = numericTensors(site, name, [x], float);
    return tensors[0] ?? refuse(messages.needsTensor, x.span, { what: `\`${name}\``, found: describe(x.value) });
  };
const same = (x: Tensor): DType => x.dtype;

const coveredDims = (x: Tensor, over: Over) => [...over.indices.map((i) => i.range), ...over.axes.flatMap((k) => x.dims[k] ?? [])];

function reducer(name: string, rule: Rule): Builtin {
  const apply = (site: Site, operand: Operand, overOf: (x: Tensor) => Over): Tensor => {
    const x = rule.take(site, operand);
    const over = overOf(x);
    return reduced(site, x, over, rule.dtype(x), (b, id, axes) => rule.build(b, id, axes, { x, over }));
  };
  return reducing(
    name,
    "x, axis = all",
    (site, args) => {
      const x = args.get("x");
      return apply(site, x, (t) => ({ indices: [], axes: axesOf(name, t, args) }));
    },
    { form: "x", binds: "new", many: true, apply: (site, x, indices) => apply(site, x, () => ({ indices, axes: [] })) },
  );
}

function axesOf(name: string, x: Tensor, args: Arguments): readonly number[] {
  const axis = args.find("axis");
  if ((name === "max" || name === "min") && axis !== null && (axis.value.kind === "tensor" || x.dims.length === 0))
    refuse(messages.reducesOne, axis.span, { name, word: name === "max" ? "larger" : "smaller" });
  if (x.dims.length === 0)
    refuse(messages.needsAxes, args.get("x").span, { what: `\`${name}\``, wanted: "an array to reduce", found: printTensor(x) });
  return args.axes("axis", x);
}

/** True and false become 1 and 0 for the max, which is what any and all are. */
const truth = (name: "any" | "all"): Rule => ({
  take: (site, x) => boolTensor(site, x, `\`${name}\``),
  dtype: () => "bool",
  build: (b, x, axes) => {
    const found = b.emit(name === "any" ? "max" : "min", [b.cast(x, "f32")], { axes });
    return b.emit("gt", [found, b.constLike(0, found)], {});
  },
});

/** Ops that keep the axis along which they work. */
type Along = (site: Site, x: Tensor, axis: number, args: Arguments) => Tensor;

function along(name: string, form: string, otherwise: number | null, rule: Along): Builtin {
  const rest = form === "" ? "" : `, ${form}`;
  const axis = otherwise === null ? "axis" : `axis = ${otherwise}`;
  return reducing(
    name,
    `x, ${axis}${rest}`,
    (site, args) => {
      const x = take(site, name, args.get("x"));
      if (x.dims.length === 0)
        refuse(messages.needsAxes, args.get("x").span, { what: `\`${name}\``, wanted: "an array", found: printTensor(x) });
      return rule(site, x, axisOf(x, args.axis("axis", x, otherwise)), args);
    },
    {
      form: `x${rest}`,
      binds: "along",
      many: false,
      apply: (site, operand, [index], args) => {
        const x = take(site, name, operand);
        if (index === undefined || !x.indices.includes(index))
          refuse(messages.indexUnused, operand.span, { index: index?.name ?? "", where: `what \`${name}\` works along` });
        return rule(site, x, x.indices.indexOf(index), args);
      },
    },
  );
}

const take = (site: Site, name: string, x: Operand): Tensor =>
  name === "cumsum" || name === "sort" ? numbers(name, false)(site, x) : floatTensor(site, x, name);

function argmax(site: Site, x: Tensor, over: Over): Tensor {
  return reduced(site, x, over, "i32", (b, id, [axis = 0]) => b.emit("argmax", [id], { axis }));
}

export const reductions: readonly Builtin[] = [
  reducer("sum", { take: numbers("sum", false), dtype: same, build: (b, x, axes) => b.sum(x, axes) }),
  reducer("mean", {
    take: numbers("mean", true),
    dtype: same,
    build: (b, x, axes, { x: t, over }) => {
      const total = b.sum(x, axes);
      return b.div(total, count(b, t, over, total));
    },
  }),
  reducer("max", { take: numbers("max", false), dtype: same, build: (b, x, axes) => b.emit("max", [x], { axes }) }),
  reducer("min", { take: numbers("min", false), dtype: same, build: (b, x, axes) => b.emit("min", [x], { axes }) }),
  reducer("logsumexp", { take: numbers("logsumexp", true), dtype: same, build: (b, x, axes) => b.emit("logsumexp", [x], { axes }) }),
  reducer("any", truth("any")),
  reducer("all", truth("all")),
  reducing(
    "argmax",
    "x, axis",
    (site, args) => {
      const x = numbers("argmax", false)(site, args.get("x"));
      return argmax(site, x, { indices: [], axes: [args.axis("axis", x)] });
    },
    {
      form: "x",
      binds: "new",
      many: false,
      apply: (site, x, indices) => argmax(site, numbers("argmax", false)(site, x), { indices, axes: [] }),
    },
  ),
  along("softmax", "", -1, (site, x, axis) => mapTensor(site, x, {}, (b, id) => b.emit("softmax", [id], { axis }))),
  along("log_softmax", "", -1, (site, x, axis) =>
    mapTensor(site, x, {}, (b, id) => b.sub(id, b.unreduce(b.emit("logsumexp", [id], { axes: [axis] }), b.shape(id), [axis]))),
  ),
  along("cumsum", "", null, (site, x, axis) => mapTensor(site, x, {}, (b, id) => b.emit("cumsum", [id], { axis, reverse: false }))),
  along("sort", "", null, (site, x, axis) => mapTensor(site, x, {}, (b, id) => b.emit("sort", [id], { axis }))),
  along("in_top_k", "k", null, (site, x, axis, args) => {
    const k = args.whole("k");
    if (k < 1) refuse(messages.outOfBounds, args.get("k").span, { what: "`k`", wanted: "at least 1", found: k });
    return mapTensor(site, x, { dtype: "bool" }, (b, id) => b.emit("in_top_k", [id], { axis, k }));
  }),
  along("l2_normalize", "eps = 1e-12", -1, (site, x, axis, args) => {
    const eps = args.number("eps", 1e-12);
    return mapTensor(site, x, {}, (b, id) => b.emit("l2_normalize", [id], { axis, eps }));
  }),
  builtin("standardize", "x, eps = 1e-6", (site, args) => {
    const x = floatTensor(site, args.get("x"), "standardize");
    if (x.dims.length === 0)
      refuse(messages.needsAxes, args.get("x").span, { what: "`standardize`", wanted: "an array", found: printTensor(x) });
    const eps = args.number("eps", 1e-6);
    return mapTensor(site, x, {}, (b, id) => b.emit("layer_norm", [id], { eps }));
  }),
];

/** The number of elements that were averaged, as a value like `total`. */
function count(b: GraphBuilder, x: Tensor, over: Over, total: Id): Id {
  const { dtype, shape } = b.type(total);
  return b.broadcast(b.size(extent(coveredDims(x, over)), dtype), shape, []);
}
