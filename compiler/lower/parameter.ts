/** A parameter: its path, its type and how it starts. */
import type { ParamDecl } from "../../grammar/ast.js";
import type { Dimension } from "../check/dimension.js";
import { messages } from "../check/messages.js";
import { refuse, staySilent } from "../check/refusal.js";
import { describe, type Fans, type Tensor, type Region } from "../check/value.js";
import { asNumber } from "../graph/size.js";
import { isFloat, printType, sameType, type Type } from "../graph/type.js";
import type { Elaboration } from "./elaboration.js";
import { evaluate } from "./expression.js";
import type { Init } from "./program.js";
import { tensor } from "./tensor.js";
import { declaredDims, dtypeOf } from "./type-expression.js";

/** `prefix`: the path of the layer it belongs to; null in a layer without a name, "" in a pipeline. */
export function parameter(e: Elaboration, scope: Region, decl: ParamDecl, prefix: string | null): Tensor {
  const { name, span } = decl.name;
  if (prefix === null) throw new Error("a layer without a name was applied");
  const path = prefix === "" ? name : `${prefix}.${name}`;
  const dtype = dtypeOf(decl.type);
  if (!isFloat(dtype)) refuse(messages.paramNotFloat, decl.type.span, { name, found: dtype });
  const dims = declaredDims(e, scope, decl.type, `parameter \`${path}\``, prefix !== "");
  const type: Type = { dtype, shape: dims.map((dim) => dim.closed) };
  if (dims.some((dim) => dim.grows)) refuse(messages.paramGrows, decl.type.span, { name, found: printType(type) });

  // A layer that is applied twice shares its parameters.
  const shared = e.params.get(path);
  if (shared !== undefined) {
    if (!sameType(shared.decl.type, type))
      refuse(messages.sharedDiffers, decl.type.span, { path, first: printType(shared.decl.type), second: printType(type) });
    return shared.value;
  }
  const init = start(e, scope, decl, dims);
  const site = { e, span: decl.span };
  const value: Tensor = {
    ...tensor(site, { dtype, indices: [], dims }, [], (b) => b.emit("input", [], { name: path, role: "param", type })),
    named: { name, span },
  };
  e.params.set(path, { decl: { path, type, init, span: decl.span }, value });
  e.keep(path, value);
  return value;
}

function start(e: Elaboration, scope: Region, { name, init, span }: ParamDecl, dims: readonly Dimension[]): Init {
  if (init === null) refuse(messages.paramWithoutStart, span, { name: name.name });
  const value = evaluate(e, scope, init.value);
  const at = init.value.span;
  if (value.kind === "error") staySilent();
  if (init.kind === "constant") {
    if (value.kind !== "number") refuse(messages.constantNeedsNumber, at, { found: describe(value) });
    return { kind: "constant", value: value.value };
  }
  if (value.kind !== "initialiser") refuse(messages.randomNeedsInitialiser, at, { found: describe(value) });
  const fans = fansOf(dims);
  if (fans === null && value.needsFans) refuse(messages.fansNeedMatrix, at, { name: value.name, found: `one with ${dims.length}` });
  return value.draw(fans ?? { in: 1, out: 1 });
}

/** The last two axes are a unit's inputs and outputs; axes before them are its receptive field. */
function fansOf(dims: readonly Dimension[]): Fans | null {
  if (dims.length < 2) return null;
  const sizes = dims.map((dim) => asNumber(dim.closed) ?? 1);
  const field = sizes.slice(0, -2).reduce((product, size) => product * size, 1);
  return { in: (sizes.at(-2) ?? 1) * field, out: (sizes.at(-1) ?? 1) * field };
}
