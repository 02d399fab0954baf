/** The shape in which operands meet. Indices broadcast by name; axes as in NumPy, except that no vector slips onto a pair. */
import type { Span } from "../../grammar/span.js";
import type { Dimension } from "./dimension.js";
import type { IndexVariable } from "./index-variable.js";
import { messages } from "./messages.js";
import { comesFrom, refuse } from "./refusal.js";
import { printTensor, type Tensor } from "./value.js";

export type Meeting = { readonly indices: readonly IndexVariable[]; readonly dims: readonly Dimension[] };

export function meet(tensors: readonly Tensor[], what: string, span: Span): Meeting {
  const [first, ...rest] = tensors;
  if (first === undefined) throw new Error("nothing meets");
  const indices = unionIndices(tensors);
  // Folded left to right, so that a message names the two that first disagree.
  let widest = first;
  let dims = first.dims;
  for (const t of rest) {
    refuseWholeOnElement(widest, t, span);
    dims = meetDims(widest, { ...widest, dims }, t, what, span);
    if (t.dims.length > widest.dims.length) widest = t;
  }
  return { indices, dims };
}

/** The order of an operand that has them all, so that it needs no transpose; otherwise the order of binding. */
export function unionIndices(tensors: readonly Tensor[]): readonly IndexVariable[] {
  const all = new Set(tensors.flatMap((t) => t.indices));
  const whole = tensors.find((t) => t.indices.length === all.size);
  return whole?.indices ?? [...all].sort((a, b) => a.serial - b.serial);
}

function meetDims(named: Tensor, a: Tensor, b: Tensor, what: string, span: Span): readonly Dimension[] {
  if (a.dims.length === 0) return b.dims;
  if (b.dims.length === 0) return a.dims;
  const [short, long, shortNamed, longNamed] = a.dims.length < b.dims.length ? [a, b, named, b] : [b, a, b, named];
  const missing = long.dims.length - short.dims.length;
  if (missing > 0 && short.dims.some((axis) => axis.grows)) refuseVector(shortNamed, longNamed, span);
  const place = { what: `${what} pairs the elements of`, span, left: printTensor(a), right: printTensor(b) };
  return long.dims.map((axis, k) => {
    const other = short.dims[k - missing];
    if (other === undefined) return axis;
    return long === a ? meetAxis(axis, other, place) : meetAxis(other, axis, place);
  });
}

/** `what` begins the sentence: "`@` contracts", and `left` and `right` are what it does that to. */
type Place = { readonly what: string; readonly span: Span; readonly left: string; readonly right: string };

function meetAxis(a: Dimension, b: Dimension, place: Place): Dimension {
  if (a.constant === 1) return b;
  if (b.constant === 1) return a;
  if (a.unify(b)) return a;
  return refuseSizes(a, b, place);
}

const spelling = (t: Tensor, otherwise: string): string => (t.named === null ? otherwise : `\`${t.named.name}\``);
const definitionOf = (...tensors: readonly Tensor[]) =>
  tensors.flatMap((t) => (t.named === null ? [] : [{ span: t.named.span, message: `\`${t.named.name}\` is ${printTensor(t)}` }]));

function refuseVector(vector: Tensor, pair: Tensor, span: Span): never {
  const name = vector.named?.name ?? "(…)";
  refuse(
    messages.vectorMeetsPair,
    span,
    {
      vector: spelling(vector, "this operand"),
      vectorType: printTensor(vector),
      pair: spelling(pair, "the other"),
      pairType: printTensor(pair),
      perRow: `${name}[:, None]`,
      perColumn: `${name}[None, :]`,
    },
    { related: definitionOf(vector, pair) },
  );
}

/** `w * logits[i, j]` where `w` has a batch axis: an index was forgotten. */
function refuseWholeOnElement(a: Tensor, b: Tensor, span: Span): void {
  const [short, long] = a.dims.length < b.dims.length ? [a, b] : [b, a];
  const added = long.dims.slice(0, long.dims.length - short.dims.length);
  const forgotten = added.find((axis) => axis.grows);
  if (short.indices.length === 0 || forgotten === undefined) return;
  const fitting = short.indices.filter((i) => i.range.size === null || i.range.text === forgotten.text);
  const choices = (fitting.length > 0 ? fitting : short.indices).map((i) => i.name);
  const name = long.named?.name ?? "(…)";
  refuse(
    messages.wholeMeetsElement,
    span,
    {
      whole: spelling(long, "this operand"),
      wholeType: printTensor(long),
      indices: short.indices.map((i) => `\`${i.name}\``).join(", "),
      per: choices.map((i) => `per \`${i}\``).join(" or "),
      rewrites: choices.map((i) => `\`${name}[${i}]\``).join(" or "),
    },
    { related: definitionOf(long) },
  );
}

/** Two axes that must be one, as in a product or a module's input. */
export function sameAxis(a: Dimension, b: Dimension, place: Place): void {
  if (a.unify(b)) return;
  refuseSizes(a, b, place);
}

function refuseSizes(a: Dimension, b: Dimension, { what, span, left, right }: Place): never {
  refuse(messages.sizesDiffer, span, { what, left, right, first: a.text, second: b.text }, { related: [comesFrom(a), comesFrom(b)] });
}
