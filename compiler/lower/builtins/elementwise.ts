/** Functions of each element alone. Of a number they are folded in float64. */
import { isStatic } from "../../check/arithmetic.js";
import { messages } from "../../check/messages.js";
import type { Operand } from "../../check/operand.js";
import { refuse } from "../../check/refusal.js";
import { describe, number, type Value } from "../../check/value.js";
import type { GraphBuilder } from "../../graph/builder.js";
import type { Id } from "../../graph/graph.js";
import type { DType } from "../../graph/type.js";
import type { Site } from "../elaboration.js";
import { anyTensor, boolTensor, numericTensors } from "../operand.js";
import { elementwise, mapTensor, scalar } from "../tensor.js";
import { type Builtin, builtin } from "./builtin.js";

type Fold = (x: number) => number;
type Build = (b: GraphBuilder, x: Id) => Id;

/** One function of floats; `integers` where it has an integer form too. */
function unary(name: string, fold: Fold | null, build: Build, integers = false): Builtin {
  return builtin(name, "x", (site, args) => {
    const x = args.get("x");
    if (x.value.kind === "number" && fold !== null) return folded(site, name, fold(x.value.value));
    const { tensors, dtype } = numericTensors(site, name, [x], !integers);
    return elementwise(site, `\`${name}\``, tensors, dtype, (b, [id = 0]) => build(b, id));
  });
}

function folded(site: Site, name: string, value: number): Value {
  if (Number.isNaN(value)) refuse(messages.notANumber, site.span, { what: `\`${name}\``, found: "not a number" });
  return number(value);
}

type PlainOp =
  | "abs"
  | "sign"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sqrt"
  | "rsqrt"
  | "sin"
  | "cos"
  | "tanh"
  | "erf"
  | "floor"
  | "sigmoid"
  | "softplus"
  | "log_sigmoid";
const plain = (name: PlainOp, fold: Fold | null = null, integers = false): Builtin =>
  unary(name, fold, (b, x) => b.emit(name, [x], {}), integers);

function extreme(name: "maximum" | "minimum", fold: (a: number, b: number) => number): Builtin {
  return builtin(name, "x, y", (site, args) => {
    const [x, y] = [args.get("x"), args.get("y")];
    if (x.value.kind === "number" && y.value.kind === "number") return number(fold(x.value.value, y.value.value));
    const { tensors, dtype } = numericTensors(site, name, [x, y]);
    return elementwise(site, `\`${name}\``, tensors, dtype, (b, ids) => b.emit(name, ids, {}));
  });
}

/** `where(c, a, b)`; two numbers make floats, since a count of many ones overflows an integer. */
function where(site: Site, condition: Operand, a: Operand, b: Operand): Value {
  if (condition.value.kind === "bool" && isStatic(a.value) && isStatic(b.value)) return condition.value.value ? a.value : b.value;
  const c = boolTensor(site, condition, "The condition of `where`");
  const isBool = ({ value }: Operand) => value.kind === "bool" || (value.kind === "tensor" && value.dtype === "bool");
  if (isBool(a) !== isBool(b)) refuse(messages.comparesKinds, site.span, { left: describe(a.value), right: describe(b.value) });
  if (isBool(a)) {
    const branches = [boolTensor(site, a, "`where`"), boolTensor(site, b, "`where`")];
    return elementwise(site, "`where`", [c, ...branches], "bool", (g, [x = 0, y = 0, z = 0]) => g.select(x, y, z));
  }
  const { tensors, dtype } = numericTensors(site, "where", [a, b]);
  return elementwise(site, "`where`", [c, ...tensors], dtype, (g, [x = 0, y = 0, z = 0]) => g.select(x, y, z));
}

function toDType(name: string, dtype: DType): Builtin {
  return builtin(name, "x", (site, args) => {
    const x = args.get("x");
    if (x.value.kind === "number") {
      const value = dtype === "i32" ? Math.trunc(x.value.value) : x.value.value;
      return scalar(site, dtype, (b) => b.const(value, dtype));
    }
    const t = anyTensor(site, x, `\`${name}\``);
    return mapTensor(site, t, { dtype }, (b, id) => b.cast(id, dtype));
  });
}

export const elementwiseFunctions: readonly Builtin[] = [
  plain("exp", Math.exp),
  plain("expm1", Math.expm1),
  plain("log", Math.log),
  plain("log1p", Math.log1p),
  plain("sqrt", Math.sqrt),
  plain("rsqrt", (x) => 1 / Math.sqrt(x)),
  plain("abs", Math.abs, true),
  plain("sign", Math.sign, true),
  plain("sin", Math.sin),
  plain("cos", Math.cos),
  plain("tanh", Math.tanh),
  plain("erf"),
  plain("floor", Math.floor),
  plain("sigmoid"),
  plain("softplus"),
  plain("log_sigmoid"),
  unary("ceil", Math.ceil, (b, x) => b.neg(b.emit("floor", [b.neg(x)], {}))),
  unary(
    "relu",
    (x) => Math.max(x, 0),
    (b, x) => b.emit("maximum", [x, b.constLike(0, x)], {}),
    true,
  ),
  unary("silu", null, (b, x) => b.mul(x, b.sigmoid(x))),
  unary(
    "square",
    (x) => x * x,
    (b, x) => b.mul(x, x),
    true,
  ),
  extreme("maximum", Math.max),
  extreme("minimum", Math.min),
  builtin("gelu", 'x, approximate = "none"', (site, args) => {
    const approximate = args.choice("approximate", ["none", "tanh", "quick"], "none");
    const { tensors, dtype } = numericTensors(site, "gelu", [args.get("x")], true);
    return elementwise(site, "`gelu`", tensors, dtype, (b, ids) => b.emit("gelu", ids, { approximate }));
  }),
  builtin("clip", "x, low, high", (site, args) => {
    const operands = [args.get("x"), args.get("low"), args.get("high")];
    const { tensors, dtype } = numericTensors(site, "clip", operands);
    return elementwise(site, "`clip`", tensors, dtype, (b, [x = 0, low = 0, high = 0]) =>
      b.emit("minimum", [b.emit("maximum", [x, low], {}), high], {}),
    );
  }),
  builtin("pow", "x, y", (site, args) => {
    const { tensors, dtype } = numericTensors(site, "pow", [args.get("x"), args.get("y")], true);
    return elementwise(site, "`pow`", tensors, dtype, (b, ids) => b.emit("pow", ids, {}));
  }),
  builtin("where", "condition, a, b", (site, args) => where(site, args.get("condition"), args.get("a"), args.get("b"))),
  builtin("stop_gradient", "x", (site, args) => {
    const x = args.get("x");
    if (isStatic(x.value)) return x.value;
    const t = anyTensor(site, x, "`stop_gradient`");
    return mapTensor(site, t, {}, (b, id) => b.emit("stop_gradient", [id], {}));
  }),
  toDType("int", "i32"),
  toDType("float", "f32"),
];
