/**
 * Textbook formulas as they should be computed: exact in the reals, and no overflow, underflow or cancellation at ±1e4.
 *
 *   log(sigmoid x)      => -softplus(-x)           1 - sigmoid x             => sigmoid(-x)
 *   log(1 + exp x)      => softplus x              1 / (1 + exp(-x))         => sigmoid x
 *   log(sum exp x)      => logsumexp x             exp x / sum exp y         => exp(x - logsumexp y)
 *   log(softmax x)      => x - logsumexp x         log(1 + x), exp x - 1     => log1p x, expm1 x
 *   log(exp x * y / z)  => x + log y - log z       log(sum(m ? exp x : 0))   => logsumexp(m ? x : -inf)
 *
 * Most of it is one idea, the logarithm of a positive value taken before the value is made. Refuses whatever would change
 * the value: log(sigmoid x + 1e-8) stays, since the 1e-8 is part of the formula, and factors of unknown sign stay in a sum.
 */
import type { GraphBuilder } from "../graph/builder.js";
import { type Id, isTile, type Node } from "../graph/graph.js";
import type { OpName } from "../graph/op-table.js";
import { constantOf, madeBy, operandOf, type PeepholeRule, type PeepholeRules, rewritePeepholes } from "../graph/peephole.js";
import { constant, type Size } from "../graph/size.js";
import type { Pass } from "./pass.js";

const negated = (b: GraphBuilder, x: Id): Id => operandOf(b, x, "neg") ?? b.neg(x);
const logsumexp = (b: GraphBuilder, x: Id, axes: readonly number[]): Id => b.emit("logsumexp", [x], { axes });

// Logarithms of positive values ---------------------------------------------------------------------------------

/** A value that is never negative, by its logarithm. `unbounded`: the value itself can overflow. */
type LogForm = { readonly log: () => Id; readonly unbounded: boolean };
type LogFormOf<K extends OpName> = (node: Node<K>, b: GraphBuilder) => LogForm | null;

function mapped(b: GraphBuilder, x: Id | undefined, f: (log: Id) => Id): LogForm | null {
  const inner = x === undefined ? null : logFormOf(b, x);
  return inner === null ? null : { log: () => f(inner.log()), unbounded: inner.unbounded };
}

/** A positive constant or a batch size. */
function isPositiveNumber(b: GraphBuilder, x: Id): boolean {
  const value = constantOf(b, x);
  if (value !== null) return value > 0 && Number.isFinite(value);
  return madeBy(b, operandOf(b, x, "broadcast") ?? x, "size") !== null;
}

/** Also of a positive number, whose logarithm folds away. */
function factorForm(b: GraphBuilder, x: Id): LogForm | null {
  return logFormOf(b, x) ?? (isPositiveNumber(b, x) ? { log: () => b.log(x), unbounded: false } : null);
}

/** The forms of both operands, of which one at least is more than a number. */
function bothForms(b: GraphBuilder, x: Id | undefined, y: Id | undefined): readonly [LogForm, LogForm] | null {
  if (x === undefined || y === undefined || (isPositiveNumber(b, x) && isPositiveNumber(b, y))) return null;
  const [left, right] = [factorForm(b, x), factorForm(b, y)];
  return left === null || right === null ? null : [left, right];
}

/** The bool behind a mask of zeros and ones. */
function maskOf(b: GraphBuilder, x: Id | undefined): Id | null {
  const condition = x === undefined ? null : operandOf(b, x, "cast");
  return condition !== null && b.type(condition).dtype === "bool" ? condition : null;
}

const negativeInfinity = (b: GraphBuilder, like: Id): Id => b.constLike(Number.NEGATIVE_INFINITY, like);

/** log of where(condition, x, y); a branch may be the constant 0. */
function selectForm(b: GraphBuilder, condition: Id, x: Id, y: Id): LogForm | null {
  const [left, right] = [factorForm(b, x), factorForm(b, y)];
  const [noLeft, noRight] = [constantOf(b, x) === 0, constantOf(b, y) === 0];
  if ((left === null && !noLeft) || (right === null && !noRight) || (logFormOf(b, x) === null && logFormOf(b, y) === null)) return null;
  return {
    log: () => b.select(condition, left?.log() ?? negativeInfinity(b, x), right?.log() ?? negativeInfinity(b, y)),
    unbounded: (left?.unbounded ?? false) || (right?.unbounded ?? false),
  };
}

/** log(exp x + exp y) as a logsumexp over a pair: right at −inf too, with its gradient. */
function logAddExp(b: GraphBuilder, x: Id, y: Id): Id {
  const shape = b.shape(x);
  const two: Size = constant(2);
  const index = b.emit("iota", [], { size: two });
  const axes = shape.map((_, axis) => axis);
  const wide = [...shape, two];
  const first = b.broadcast(b.emit("eq", [index, b.constLike(0, index)], {}), wide, [shape.length]);
  return logsumexp(b, b.select(first, b.broadcast(x, wide, axes), b.broadcast(y, wide, axes)), [shape.length]);
}

/** x − logsumexp x; −inf over a row of −inf, as the logarithm of the 0 that softmax gives there. */
function logSoftmax(b: GraphBuilder, x: Id, axis: number): Id {
  const total = logsumexp(b, x, [axis]);
  const masked = b.emit("eq", [total, negativeInfinity(b, total)], {});
  return b.sub(x, b.unreduce(b.select(masked, b.constLike(0, total), total), b.shape(x), [axis]));
}

const logForms: { readonly [K in OpName]?: LogFormOf<K> } = {
  exp: ({ ins: [x] }) => (x === undefined ? null : { log: () => x, unbounded: true }),
  sigmoid: ({ ins: [x] }, b) => (x === undefined ? null : { log: () => b.neg(b.softplus(negated(b, x))), unbounded: false }),
  softmax: ({ ins: [x], attrs: { axis } }, b) => (x === undefined ? null : { log: () => logSoftmax(b, x, axis), unbounded: false }),
  sum: ({ ins: [x], attrs: { axes } }, b) => mapped(b, x, (log) => logsumexp(b, log, axes)),
  broadcast: ({ ins: [x], attrs }, b) => mapped(b, x, (log) => b.broadcast(log, attrs.shape, attrs.axes)),
  transpose: ({ ins: [x], attrs }, b) => mapped(b, x, (log) => b.transpose(log, attrs.perm)),
  reshape: ({ ins: [x], attrs }, b) => mapped(b, x, (log) => b.reshape(log, attrs.shape)),
  slice: ({ ins: [x], attrs }, b) => mapped(b, x, (log) => b.emit("slice", [log], attrs)),
  concat: ({ ins, attrs }, b) => {
    const forms = ins.flatMap((x) => logFormOf(b, x) ?? []);
    if (forms.length < ins.length) return null;
    return {
      log: () =>
        b.emit(
          "concat",
          forms.map((form) => form.log()),
          attrs,
        ),
      unbounded: forms.some((form) => form.unbounded),
    };
  },
  select: ({ ins: [condition, x, y] }, b) =>
    condition === undefined || x === undefined || y === undefined ? null : selectForm(b, condition, x, y),
  mul: ({ ins: [x, y] }, b) => {
    if (x === undefined || y === undefined) return null;
    const [left, right] = [maskOf(b, x), maskOf(b, y)];
    if (right !== null) return selectForm(b, right, x, b.constLike(0, x));
    if (left !== null) return selectForm(b, left, y, b.constLike(0, y));
    const forms = bothForms(b, x, y);
    return forms === null
      ? null
      : { log: () => b.add(forms[0].log(), forms[1].log()), unbounded: forms[0].unbounded || forms[1].unbounded };
  },
  div: ({ ins: [x, y] }, b) => {
    const forms = bothForms(b, x, y);
    if (forms === null || x === undefined) return null;
    const log = (): Id => (constantOf(b, x) === 1 ? negated(b, forms[1].log()) : b.sub(forms[0].log(), forms[1].log()));
    return { log, unbounded: forms[0].unbounded || forms[1].unbounded };
  },
  // Bounded terms stay as they are: nothing can overflow in log(sigmoid x + 1e-8).
  add: ({ ins: [x, y] }, b) => {
    if (x === undefined || y === undefined) return null;
    const [left, right] = [logFormOf(b, x), logFormOf(b, y)];
    if (left?.unbounded && right?.unbounded) return { log: () => logAddExp(b, left.log(), right.log()), unbounded: true };
    if (left?.unbounded && isPositiveNumber(b, y)) return { log: () => logOfSum(b, left.log(), y), unbounded: true };
    return right?.unbounded && isPositiveNumber(b, x) ? { log: () => logOfSum(b, right.log(), x), unbounded: true } : null;
  },
};

/** log(exp x + c) for a positive number c */
function logOfSum(b: GraphBuilder, x: Id, c: Id): Id {
  if (constantOf(b, c) === 1) return b.softplus(x);
  const log = b.log(c);
  return b.add(b.softplus(b.sub(x, log)), log);
}

/** Per value, once: a value that is read twice at each of forty levels would otherwise be looked at 2^40 times. */
const known = new WeakMap<GraphBuilder, Map<Id, LogForm | null>>();

function logFormOf(b: GraphBuilder, id: Id): LogForm | null {
  const forms = known.get(b) ?? new Map<Id, LogForm | null>();
  known.set(b, forms);
  const earlier = forms.get(id);
  if (earlier !== undefined) return earlier;
  const node = b.node(id);
  const rule = isTile(node) ? undefined : (logForms[node.op] as LogFormOf<never> | undefined);
  const form = rule?.(node as never, b) ?? null;
  const shared = form === null ? null : { ...form, log: once(form.log) };
  forms.set(id, shared);
  return shared;
}

function once(make: () => Id): () => Id {
  let id: Id | null = null;
  return () => (id ??= make());
}

// Rules -------------------------------------------------------------------------------------------------------------

/** log(x * y), log(x / y) where one of them has a logarithm of its own; the other's sign makes NaN on both sides. */
const splitLog: PeepholeRule<"log"> = ({ ins: [value], b }) => {
  const node = madeBy(b, value, "mul") ?? madeBy(b, value, "div");
  const [x, y] = node?.ins ?? [];
  if (node === null || x === undefined || y === undefined) return null;
  const [left, right] = [logFormOf(b, x), logFormOf(b, y)];
  if (left === null && right === null) return null;
  return b.emit(node.op === "mul" ? "add" : "sub", [left?.log() ?? b.log(x), right?.log() ?? b.log(y)], {});
};

/** x where the value is 1 + x. */
function besidesOne(b: GraphBuilder, value: Id): Id | null {
  const [x, y] = madeBy(b, value, "add")?.ins ?? [];
  if (x === undefined || y === undefined) return null;
  return constantOf(b, y) === 1 ? x : constantOf(b, x) === 1 ? y : null;
}

/** x where the value is 1 − x. */
function fromOne(b: GraphBuilder, value: Id): Id | null {
  const [one, x] = madeBy(b, value, "sub")?.ins ?? [];
  return one !== undefined && x !== undefined && constantOf(b, one) === 1 ? x : null;
}

/** 1 / (1 + exp x) and exp x / (1 + exp x) */
const logistic: PeepholeRule<"div"> = ({ ins: [x, y], b }) => {
  const power = besidesOne(b, y);
  const exponent = power === null ? null : operandOf(b, power, "exp");
  if (exponent === null) return null;
  if (constantOf(b, x) === 1) return b.sigmoid(negated(b, exponent));
  return operandOf(b, x, "exp") === exponent ? b.sigmoid(exponent) : null;
};

const rules: PeepholeRules = {
  byOp: {
    log: [
      ({ ins: [x], b }) => logFormOf(b, x)?.log() ?? null,
      splitLog,
      ({ ins: [x], b }) => {
        const [plus, minus] = [besidesOne(b, x), fromOne(b, x)];
        if (plus !== null) return b.emit("log1p", [plus], {});
        return minus === null ? null : b.emit("log1p", [negated(b, minus)], {});
      },
    ],
    log1p: [
      ({ ins: [x], b }) => {
        const form = logFormOf(b, x);
        return form?.unbounded ? b.softplus(form.log()) : null;
      },
      ({ ins: [x], b }) => {
        const minus = operandOf(b, x, "neg");
        const logit = minus === null ? null : operandOf(b, minus, "sigmoid");
        return logit === null ? null : b.neg(b.softplus(logit));
      },
    ],
    sub: [
      ({ ins: [x, y], b }) => {
        const logit = constantOf(b, x) === 1 ? operandOf(b, y, "sigmoid") : null;
        return logit === null ? null : b.sigmoid(negated(b, logit));
      },
      ({ ins: [x, y], b }) => {
        const exponent = constantOf(b, y) === 1 ? operandOf(b, x, "exp") : null;
        return exponent === null ? null : b.emit("expm1", [exponent], {});
      },
    ],
    div: [
      logistic,
      ({ ins: [x, y], b }) => {
        const forms = bothForms(b, x, y);
        if (forms === null || !forms[1].unbounded) return null;
        return b.exp(constantOf(b, x) === 1 ? negated(b, forms[1].log()) : b.sub(forms[0].log(), forms[1].log()));
      },
    ],
  },
};

export const stabilise: Pass = {
  name: "stabilise",
  summary: "textbook formulas without overflow, underflow and cancellation",
  run: (graph) => ({ graph: rewritePeepholes(graph, rules), notes: [] }),
};
