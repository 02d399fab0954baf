/** Modules: configured once (`layer q = linear(width, width)`), applied to values as often as one likes. */
import type { ModuleDecl } from "../../grammar/ast.js";
import { messages } from "../check/messages.js";
import type { Operand, GivenArgument } from "../check/operand.js";
import { refuse, staySilent } from "../check/refusal.js";
import { Scope } from "../check/scope.js";
import { spell } from "../check/spelling.js";
import { describe, errorValue, type LayerValue, type ModuleValue, type Value, type Region } from "../check/value.js";
import { Arguments, type Callee } from "./arguments.js";
import { conform } from "./config.js";
import type { Site } from "./elaboration.js";
import { evaluate } from "./expression.js";
import { define, members } from "./members.js";
import { anyTensor } from "./operand.js";
import { matchType, printType } from "./type-expression.js";

function configCallee({ name, configs }: ModuleDecl): Callee {
  const form = configs.map((config) => (config.value === null ? config.name.name : `${config.name.name} = ${spell(config.value)}`));
  return {
    name: name.name,
    signature: `\`${name.name}(${form.join(", ")})\``,
    parameters: configs.map((config) => ({ name: config.name.name, optional: config.value !== null })),
  };
}

function inputCallee({ name, inputs }: ModuleDecl): Callee {
  return {
    name: name.name,
    signature: `\`${name.name}(…)(${inputs.map((input) => `${input.name.name}: ${printType(input.type)}`).join(", ")})\``,
    parameters: inputs.map((input) => ({ name: input.name.name, optional: false })),
  };
}

export function configure(site: Site, { decl, scope }: ModuleValue, given: readonly GivenArgument[]): LayerValue {
  const { e } = site;
  const callee = configCallee(decl);
  const tensorGiven = given.find(({ operand }) => operand.value.kind === "tensor");
  if (tensorGiven !== undefined)
    refuse(messages.noConstructor, tensorGiven.operand.span, { name: decl.name.name, signature: callee.signature.replaceAll("`", "") });
  const args = new Arguments(callee, given, site.span);
  const inner = new Scope(scope);
  const configs = new Map<string, Value>();
  for (const { name, type, value, span } of decl.configs) {
    const operand: Pick<Operand, "value" | "span"> | null =
      args.find(name.name) ?? (value === null ? null : { value: evaluate(e, inner, value), span: value.span });
    if (operand === null) staySilent();
    const conformed = conform(name.name, type, operand, {
      span: operand.span,
      words: `the argument \`${name.name}\` of \`${decl.name.name}\``,
    });
    configs.set(name.name, conformed);
    inner.define({ name: name.name, span, what: "a configuration argument", value: conformed, index: null });
  }
  return { kind: "layer", decl, scope, configs, path: null, count: null };
}

export function apply(site: Site, layer: LayerValue, given: readonly GivenArgument[]): Value {
  const args = new Arguments(inputCallee(layer.decl), given, site.span);
  const { count, path, decl } = layer;
  if (count === null) return applyOnce(site, layer, (name) => args.get(name));
  const first = decl.inputs[0]?.name.name;
  let value: Value | null = null;
  for (let k = 0; k < count; k++) {
    const threaded = value;
    const one: LayerValue = { ...layer, count: null, path: path === null ? null : `${path}.${k}` };
    value = applyOnce(site, one, (name) => (name === first && threaded !== null ? { ...args.get(name), value: threaded } : args.get(name)));
    if (value.kind === "error") return value;
  }
  return value ?? (first === undefined ? errorValue : args.get(first).value);
}

function applyOnce(site: Site, { decl, scope, configs, path }: LayerValue, operandOf: (name: string) => Operand): Value {
  const { e, span } = site;
  const name = decl.name.name;
  if (e.applying.includes(name))
    refuse(messages.moduleInItself, span, { name, chain: [...e.applying.slice(e.applying.indexOf(name)), name].join(" → ") });

  if (path === null && decl.members.some(({ kind }) => kind === "param" || kind === "layer")) refuse(messages.layerUnnamed, span, { name });

  const inner = new Scope(scope);
  for (const config of decl.configs) define(e, inner, config.name, "a configuration argument", configs.get(config.name.name) ?? errorValue);
  for (const input of decl.inputs) {
    const operand = operandOf(input.name.name);
    const value = anyTensor(site, operand, `\`${input.name.name}\` of \`${name}\``);
    matchType(e, inner, input.type, value, { row: "input", callee: name, input: input.name.name, span: operand.span }, (dim, at, size) =>
      define(e, inner, { name: dim, span: at }, "a size", size),
    );
    define(e, inner, input.name, "an input of the module", value);
  }

  e.countApplication(span);
  const around = e.within;
  e.within = path ?? around;
  e.applying.push(name);
  e.report.applications.unshift({ span, message: `while \`${name}\` is applied here` });
  try {
    members(e, inner, decl.members, path);
    const value = result(site, decl, inner);
    if (value.kind === "tensor") e.keep(path ?? name, value, true);
    return value;
  } finally {
    e.applying.pop();
    e.within = around;
    e.report.applications.shift();
  }
}

function result({ e }: Site, decl: ModuleDecl, inner: Region): Value {
  const { name, returns } = decl;
  // The parser asks for the `return` that is missing.
  if (decl.result === null) return errorValue;
  const value = evaluate(e, inner, decl.result);
  if (value.kind === "error" || returns === null) return value;
  if (value.kind !== "tensor")
    refuse(messages.wrongReturn, decl.result.span, { name: name.name, wanted: printType(returns), found: describe(value) });
  const at = decl.result.span;
  // What the type alone names, such as a new size, is for the reader: it is bound by what comes.
  const local = new Scope(inner);
  e.report.attempt(
    () =>
      matchType(e, local, returns, value, { row: "return", callee: name.name, input: "", span: at }, (dim, place, size) =>
        define(e, local, { name: dim, span: place }, "a size", size),
      ),
    undefined,
  );
  return value;
}
