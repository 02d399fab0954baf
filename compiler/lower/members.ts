/** What stands in a module, and in a pipeline too: parameters, layers and definitions, in their order. */
import type { Definition, EncoderDecl, Ident, LayerDecl, Member, ParamDecl } from "../../grammar/ast.js";
import { messages } from "../check/messages.js";
import { refuse, staySilent } from "../check/refusal.js";
import { Scope } from "../check/scope.js";
import { describe, errorValue, type Value, type Region } from "../check/value.js";
import type { Elaboration } from "./elaboration.js";
import { bindIndices, evaluate, requireUse } from "./expression.js";
import { parameter } from "./parameter.js";
import { indicesToAxes } from "./tensor.js";

/** Makes a name known; a second definition is reported, and the first one stays. */
export function define(e: Elaboration, scope: Region, { name, span }: Ident, what: string, value: Value): void {
  const known: Value = value.kind === "tensor" ? { ...value, named: { name, span } } : value;
  e.report.attempt(() => scope.define({ name, span, what, value: known, index: null }), undefined);
}

/** A mistake in a member makes its name an error, so that its uses stay silent. */
function defineBy(e: Elaboration, scope: Region, name: Ident, what: string, make: () => Value): void {
  define(e, scope, name, what, e.report.attempt(make, errorValue));
}

const nameOf = (member: Member): Ident | null => ("name" in member ? member.name : null);

/** Lets a use before its definition say so. */
export function announce(scope: Region, members: readonly Member[]): void {
  for (const member of members) {
    const name = nameOf(member);
    if (name !== null) scope.announce(name.name, name.span);
  }
}

/** The members of a module whose layers have this path; null where the layer has no name. */
export function members(e: Elaboration, scope: Region, list: readonly Member[], path: string | null): void {
  announce(scope, list);
  // The parser has refused what belongs in a pipeline only.
  for (const member of list.filter(isShared)) shared(e, scope, member, path);
}

type Shared = ParamDecl | LayerDecl | EncoderDecl | Definition;
const isShared = (member: Member): member is Shared => ["param", "layer", "encoder", "definition"].includes(member.kind);

/** What modules and pipelines both have. */
export function shared(e: Elaboration, scope: Region, member: Shared, path: string | null): void {
  switch (member.kind) {
    case "param":
      return defineBy(e, scope, member.name, "a parameter", () => parameter(e, scope, member, path));
    case "layer":
      return defineBy(e, scope, member.name, "a layer", () => layer(e, scope, member, path));
    case "encoder":
      return defineBy(e, scope, member.name, "an encoder", () => layer(e, scope, member, path));
    case "definition":
      definition(e, scope, member, path);
  }
}

function layer(e: Elaboration, scope: Region, member: LayerDecl | EncoderDecl, path: string | null): Value {
  const when = member.kind === "layer" ? member.when : null;
  if (when !== null) {
    const condition = evaluate(e, scope, when);
    if (condition.kind === "error") staySilent();
    if (condition.kind !== "bool") refuse(messages.ifOnData, when.span, { found: describe(condition) });
    if (!condition.value) return { kind: "absent", span: when.span };
  }
  const value = evaluate(e, scope, member.value);
  if (value.kind === "error") staySilent();
  const name = member.name.name;
  if (value.kind !== "layer") refuse(messages.notALayer, member.value.span, { name, found: describe(value) });
  return { ...value, path: path === null ? null : path === "" ? name : `${path}.${name}` };
}

/** `x = e`, or `x[i, j] = e`, whose axes are i, j and then those of e. */
export function definition(e: Elaboration, scope: Region, { name, indices, value: expr, span }: Definition, path: string | null): Value {
  const value = e.report.attempt((): Value => {
    if (indices.length === 0) return evaluate(e, scope, expr);
    const inner = new Scope(scope);
    const bound = bindIndices(e, inner, indices);
    const element = evaluate(e, inner, expr);
    requireUse(element, bound, indices, `the definition of \`${name.name}\``);
    return element.kind === "tensor" ? indicesToAxes({ e, span }, element, bound) : element;
  }, errorValue);
  define(e, scope, name, "a definition", value);
  if (value.kind === "tensor") e.keep(path === "" || path === null ? name.name : `${path}.${name.name}`, value);
  return value;
}
