/** `rearrange(x, "b (h p) (w q) c -> b (h w) (p q c)", p: 4, q: 4)`: einops' notation, as a reshape, a transpose and a reshape. */
import { Dimension } from "../../check/dimension.js";
import { messages } from "../../check/messages.js";
import { refuse } from "../../check/refusal.js";
import { describe, printTensor, type Value } from "../../check/value.js";
import { asNumber, constant, one, product, type Size } from "../../graph/size.js";
import type { Arguments } from "../arguments.js";
import type { Site } from "../elaboration.js";
import { anyTensor } from "../operand.js";
import { axisOf, mapTensor, shapeOf } from "../tensor.js";

/** Each axis as the names it is made of; `1` is an empty group. `...` stands for the axes that are not named. */
type Pattern = readonly (readonly string[])[];

const REST = "...";
const isRest = (axis: readonly string[]): boolean => axis[0] === REST;

function parsePattern(text: string): Pattern | null {
  const pattern: string[][] = [];
  let group: string[] | null = null;
  for (const [token] of text.matchAll(/\w+|\.\.\.|[^\s\w]/g)) {
    if (token === "(" && group === null) pattern.push((group = []));
    else if (token === ")" && group !== null) group = null;
    else if (token === "1") {
      if (group === null) pattern.push([]);
    } else if (token === REST && group === null && !pattern.some(isRest)) pattern.push([REST]);
    else if (!/^[A-Za-z_]/.test(token)) return null;
    else if (group === null) pattern.push([token]);
    else group.push(token);
  }
  return group === null ? pattern : null;
}

/** With a name for each axis that `...` stands for; none of a program's can be such a name. */
function withRest(pattern: Pattern, count: number): Pattern {
  return pattern.flatMap((axis) => (isRest(axis) ? Array.from({ length: count }, (_, k) => [`${REST}${k}`]) : [axis]));
}

export function rearrange(site: Site, args: Arguments): Value {
  const x = anyTensor(site, args.get("x"), "`rearrange`");
  const operand = args.get("pattern");
  if (operand.value.kind !== "string")
    refuse(messages.wrongKind, operand.span, { what: "`pattern`", wanted: "a string", found: describe(operand.value) });
  const pattern = operand.value.value;
  const bad = (why: string): never => refuse(messages.badPattern, operand.span, { pattern, why });

  const [left, right, ...more] = pattern.split("->");
  const axes = left === undefined ? null : parsePattern(left);
  const targets = right === undefined || more.length > 0 ? null : parsePattern(right);
  if (axes === null || targets === null) return bad("it has the form `axes -> axes`");
  if (axes.some(isRest) !== targets.some(isRest)) bad("`...` stands on both sides or on none");
  const unnamed = Math.max(0, x.dims.length - axes.filter((axis) => !isRest(axis)).length);
  const from = withRest(axes, unnamed);
  const to = withRest(targets, unnamed);
  const names = from.flat();
  if (new Set(names).size !== names.length) bad("a name stands twice on the left");
  if (to.flat().sort().join(" ") !== [...names].sort().join(" ")) bad("both sides must hold the same names");
  for (const [name, { span }] of args.others)
    if (!names.includes(name)) refuse(messages.badPattern, span, { pattern, why: `it has no axis ${name}` });
  if (from.length !== x.dims.length) bad(`it names ${from.length} axes, and the value is ${printTensor(x)}`);

  const sizes = new Map<string, Size>();
  const origins = new Map<string, Dimension>();
  for (const [k, group] of from.entries()) {
    const whole = x.dims[k];
    if (whole === undefined || whole.size === null) return bad("the size of an axis is not known before this line");
    const known = group.filter((name) => args.find(name) !== null);
    for (const name of known) sizes.set(name, constant(args.whole(name)));
    const open = group.filter((name) => args.find(name) === null);
    const rest = divided(whole.size, product(known.map((name) => sizes.get(name) ?? one)));
    if (rest === null) return bad(`${known.join(" ")} does not divide ${whole.text}`);
    if (open.length > 1) return bad(`give the sizes of all but one of ${group.join(" ")}`);
    const [name] = open;
    if (name === undefined && asNumber(rest) !== 1) return bad(`${group.join(" ")} does not make ${whole.text}`);
    if (name !== undefined) sizes.set(name, rest);
    if (name !== undefined && group.length === 1) origins.set(name, whole);
  }

  const sizeOf = (name: string): Size => sizes.get(name) ?? one;
  const origin = { span: site.span, words: "this `rearrange`" };
  const dims = to.map(
    (group) => (group.length === 1 ? origins.get(group[0] ?? "") : undefined) ?? Dimension.of(product(group.map(sizeOf)), origin),
  );
  const order = to.flat().map((name) => names.indexOf(name));
  return mapTensor(site, x, { dims }, (b, id) => {
    const outer = x.indices.map((index) => index.range.closed);
    const split = b.reshape(id, [...outer, ...names.map(sizeOf)]);
    const moved = b.transpose(split, [...outer.map((_, at) => at), ...order.map((k) => axisOf(x, k))]);
    return b.reshape(moved, shapeOf({ indices: x.indices, dims }));
  });
}

/** The exact quotient, or null. */
function divided(size: Size, by: Size): Size | null {
  const divisor = asNumber(by);
  if (divisor === null || divisor < 1) return null;
  const parts = size.map((term) => ({ ...term, coef: term.coef / divisor }));
  return parts.every((term) => Number.isInteger(term.coef)) ? parts : null;
}
