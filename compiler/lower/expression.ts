/** Expressions to values. A mistake is reported at the smallest expression that has it, and silences what is around it. */
import type { Arg, Call, Expr, Ident, IndexItem, Reduce } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import type { IndexVariable } from "../check/index-variable.js";
import { messages } from "../check/messages.js";
import type { Operand, GivenArgument } from "../check/operand.js";
import { refuse, staySilent } from "../check/refusal.js";
import { Scope } from "../check/scope.js";
import { spell } from "../check/spelling.js";
import { speltElsewhere } from "../check/spelt-elsewhere.js";
import { describe, errorValue, number, type Tensor, type Value, type Region } from "../check/value.js";
import { Arguments } from "./arguments.js";
import { transposed } from "./builtins/layout.js";
import { builtins } from "./builtins/table.js";
import type { Elaboration, Site } from "./elaboration.js";
import { indexed, type Item } from "./indexing.js";
import { binary, unary } from "./operators.js";

export function evaluate(e: Elaboration, scope: Region, expr: Expr): Value {
  return e.report.attempt(() => visit(e, scope, expr), errorValue);
}

export function operandOf(e: Elaboration, scope: Region, expr: Expr): Operand {
  return { value: evaluate(e, scope, expr), span: expr.span, text: spell(expr) };
}

/** The arguments of a call, each evaluated, whatever the callee will say. */
export function given(e: Elaboration, scope: Region, args: readonly Arg[]): readonly GivenArgument[] {
  return args.map(({ name, value }) => ({ name, operand: operandOf(e, scope, value) }));
}

function visit(e: Elaboration, scope: Region, expr: Expr): Value {
  const site: Site = { e, span: expr.span };
  switch (expr.kind) {
    case "number":
      if (expr.suffix === "factor") refuse(messages.factorOutsideGroup, expr.span, { value: expr.value });
      return number(expr.value, expr.integer);
    case "string":
      return { kind: "string", value: expr.value };
    case "bool":
      return { kind: "bool", value: expr.value };
    case "name":
      return named(scope, expr.name, expr.span);
    case "unary":
      return unary(site, expr.op, operandOf(e, scope, expr.operand));
    case "binary":
      return binary(site, expr.op, operandOf(e, scope, expr.left), operandOf(e, scope, expr.right));
    case "call":
      return call(site, scope, expr);
    case "reduce":
      return reduce(site, scope, expr);
    case "index": {
      const target = evaluate(e, scope, expr.target);
      const items = expr.items.map((item) => itemOf(e, scope, item));
      if (target.kind === "error") staySilent();
      if (target.kind !== "tensor") refuse(messages.cannotIndex, expr.target.span, { found: describe(target) });
      return indexed(site, target, items);
    }
    case "member":
      return member(site, evaluate(e, scope, expr.target), expr.name);
    case "if": {
      const condition = evaluate(e, scope, expr.condition);
      if (condition.kind === "error") staySilent();
      if (condition.kind !== "bool") refuse(messages.ifOnData, expr.condition.span, { found: describe(condition) });
      return evaluate(e, scope, condition.value ? expr.then : expr.else);
    }
    case "sequence":
      return { kind: "list", items: expr.items.map((item) => ({ value: evaluate(e, scope, item), span: item.span })) };
    case "error":
      break;
  }
  // The parser has said what is wrong.
  return staySilent();
}

function named(scope: Region, name: string, span: Expr["span"]): Value {
  if (scope.peek(name) === null && builtins.has(name))
    refuse(messages.notAValue, span, { name, signature: builtins.get(name)?.signature ?? "" });
  if (name.length === 1 && scope.peek(name) === null && scope.later(name) === null) refuse(messages.indexUnbound, span, { index: name });
  const { value } = scope.resolve(name, span, [...builtins.keys()]);
  if (value.kind === "absent") refuse(messages.layerLeftOut, span, { name }, { related: [{ span: value.span, message: "the condition" }] });
  return value;
}

function itemOf(e: Elaboration, scope: Region, item: IndexItem): Item {
  const { span } = item;
  switch (item.kind) {
    case "at": {
      const binding = item.value.kind === "name" ? scope.find(item.value.name) : null;
      if (binding !== null && binding.index !== null && binding.value.kind === "tensor")
        return { kind: "index", index: binding.index, value: binding.value, span };
      return { kind: "value", value: evaluate(e, scope, item.value), span };
    }
    case "slice": {
      const bound = (expr: Expr | null): Value | null => (expr === null ? null : evaluate(e, scope, expr));
      return { kind: "slice", from: bound(item.from), to: bound(item.to), span };
    }
    case "new_axis":
    case "ellipsis":
      break;
  }
  return { kind: item.kind, span };
}

function call(site: Site, scope: Region, { callee, args, span }: Call): Value {
  const { e } = site;
  const values = given(e, scope, args);
  if (callee.kind === "name" && scope.peek(callee.name) === null && scope.later(callee.name) === null) {
    const entry = builtins.get(callee.name);
    if (entry === undefined) {
      const meant = didYouMean(callee.name, [...builtins.keys(), ...scope.names()]);
      refuse(messages.unknownFunction, callee.span, { name: callee.name }, { meant, write: speltElsewhere.get(callee.name) });
    }
    return entry.call(site, new Arguments(entry, values, span));
  }
  const target = evaluate(e, scope, callee);
  if (target.kind === "error") staySilent();
  if (target.kind === "module") return e.modules.configure(site, target, values);
  if (target.kind === "layer") return e.modules.apply(site, target, values);
  return refuse(messages.notCallable, callee.span, { found: describe(target) });
}

/** `sum[i, j](e)` binds i and j for e; `softmax[j](e)` runs along a j that is bound outside. */
function reduce(site: Site, scope: Region, expr: Reduce): Value {
  const { e } = site;
  const { op, indices, args } = expr;
  const entry = builtins.get(op.name);
  const over = entry?.over ?? null;
  if (over === null) {
    const other = scope.peek(op.name);
    if (other !== null) refuse(messages.notCallable, op.span, { found: describe(other.value) });
    const meant =
      entry === undefined
        ? didYouMean(
            op.name,
            [...builtins.values()].filter((b) => b.over !== null).map((b) => b.name),
          )
        : null;
    refuse(entry === undefined ? messages.unknownFunction : messages.noReducer, op.span, { name: op.name }, { meant });
  }
  if (!over.many && indices.length !== 1) refuse(messages.oneIndex, op.span, { op: op.name, given: indices.length });

  const inner = over.binds === "new" ? new Scope(scope) : scope;
  const bound = over.binds === "new" ? bindIndices(e, inner, indices) : indices.map((index) => boundIndex(scope, index, op.name));
  const matched = new Arguments(over.callee, given(e, inner, args), expr.span);
  const x = matched.get("x");
  if (over.binds === "new") requireUse(x.value, bound, indices, `what \`${op.name}\` reduces`);
  return over.apply(site, x, bound, matched);
}

function boundIndex(scope: Region, { name, span }: Ident, op: string): IndexVariable {
  return scope.find(name)?.index ?? refuse(messages.alongUnbound, span, { op, index: name });
}

/** New indices in a region of their own; one may not hide a name. */
export function bindIndices(e: Elaboration, inner: Region, indices: readonly Ident[]): readonly IndexVariable[] {
  return indices.map(({ name, span }, k) => {
    if (indices.slice(0, k).some((earlier) => earlier.name === name)) refuse(messages.indexTwice, span, { index: name });
    const hidden = inner.peek(name);
    if (hidden !== null)
      refuse(
        messages.indexShadows,
        span,
        { index: name, what: hidden.what },
        { related: [{ span: hidden.span, message: `\`${name}\` is defined here` }] },
      );
    const { index, value } = e.index(name, span);
    inner.define({ name, span, what: "an index", value, index });
    return index;
  });
}

/** An index that its expression does not use is a slip. */
export function requireUse(value: Value, bound: readonly IndexVariable[], written: readonly Ident[], where: string): void {
  if (value.kind === "error") staySilent();
  bound.forEach((index, k) => {
    const used = value.kind === "tensor" && value.indices.includes(index);
    if (!used) refuse(messages.indexUnused, written[k]?.span ?? index.span, { index: index.name, where });
  });
}

function member(site: Site, target: Value, { name, span }: Ident): Value {
  if (target.kind === "error") staySilent();
  if (target.kind === "tensor" && name === "T") {
    if (target.dims.length !== 2)
      refuse(messages.needsAxes, span, {
        what: "`.T`",
        wanted: "a matrix; `transpose(x, (0, 2, 1))` orders several axes",
        found: describe(target),
      });
    return transposed(site, target, [1, 0]);
  }
  if (target.kind === "layer" && target.path !== null) {
    const shared: Tensor | undefined = site.e.params.get(`${target.path}.${name}`)?.value;
    if (shared !== undefined) return shared;
  }
  return refuse(messages.noSuchMember, span, { found: describe(target), name });
}
