/** Composites → primitives: for every stage after the gradients, which know the composites by their own rules. */
import type { GraphBuilder } from "./builder.js";
import { Convolving } from "./convolve.js";
import { type Graph, type Id, isTile, type Node } from "./graph.js";
import { type Attrs, type OpName, ops } from "./op-table.js";
import { partOf } from "./origin.js";
import type { Operands } from "./operands.js";
import { rewrite } from "./rewrite.js";
import { constant, one } from "./size.js";

/** The ops that the table calls composite. */
export type CompositeName = { [K in OpName]: (typeof ops)[K]["kind"] extends "composite" ? K : never }[OpName];

export const isComposite = (op: OpName): op is CompositeName => ops[op].kind === "composite";

type Decomposition<K extends CompositeName> = (b: GraphBuilder, ins: Operands<K>, attrs: Attrs[K]) => Id;

/** Expands the composites that `which` accepts; all of them without it. */
export function decompose(graph: Graph, which: (node: Node) => boolean = () => true): Graph {
  return rewrite(graph, (node, { b, to }) =>
    isTile(node) || !isComposite(node.op) || !which(node) ? null : expand(b, node, node.op, node.ins.map(to)),
  );
}

function expand(b: GraphBuilder, node: Node, op: CompositeName, ins: readonly Id[]): Id {
  b.span = partOf(node.span);
  // The triple (op, ins, attrs) comes from one node, so it fits; TypeScript cannot follow the union.
  const id = (decompositions[op] as Decomposition<never>)(b, ins as never, node.attrs as never);
  b.standFor(id, node.span);
  return id;
}

const times = (b: GraphBuilder, x: Id, factor: number): Id => b.mul(x, b.constLike(factor, x));
const plus = (b: GraphBuilder, x: Id, term: number): Id => b.add(x, b.constLike(term, x));

/** A reduced value, repeated along the axis that it lost. */
const spread = (b: GraphBuilder, reduced: Id, like: Id, axis: number): Id => b.unreduce(reduced, b.shape(like), [axis]);

function mean(b: GraphBuilder, x: Id, axis: number): Id {
  const { dtype, shape } = b.type(x);
  const total = b.sum(x, [axis]);
  return b.div(total, b.broadcast(b.size(shape[axis] ?? one, dtype), b.shape(total), []));
}

const geluOf = {
  none: (b, x) => b.mul(times(b, x, 0.5), plus(b, b.emit("erf", [times(b, x, Math.SQRT1_2)], {}), 1)),
  // Hendrycks & Gimpel 2016: x/2 · (1 + tanh u) with u = √(2/π) · (x + 0.044715 x³); (1 + tanh u)/2 = σ(2u) keeps its digits at −∞.
  tanh: (b, x) => b.mul(x, b.sigmoid(times(b, b.add(x, times(b, b.mul(b.mul(x, x), x), 0.044715)), 2 * Math.sqrt(2 / Math.PI)))),
  quick: (b, x) => b.mul(x, b.sigmoid(times(b, x, 1.702))),
} as const satisfies { readonly [A in Attrs["gelu"]["approximate"]]: (b: GraphBuilder, x: Id) => Id };

/** The last of the k along the axis: the smallest that is still among them. */
function kth(b: GraphBuilder, op: "topk" | "topk_index", x: Id, axis: number, k: number): Id {
  const last = b.emit("slice", [b.emit(op, [x], { axis, k })], { axis, start: constant(k - 1), stop: constant(k) });
  return spread(b, b.sum(last, [axis]), x, axis);
}

export const decompositions = {
  conv2d: (b, [x, weight], attrs) => new Convolving(b, b.shape(x), b.shape(weight), attrs).result(x, weight),

  log_sigmoid: (b, [x]) => b.neg(b.softplus(b.neg(x))),

  gelu: (b, [x], { approximate }) => geluOf[approximate](b, x),

  softmax: (b, [x], { axis }) => {
    const total = b.emit("logsumexp", [x], { axes: [axis] });
    // Over a row of −inf the difference would be NaN; with 0 in its place every element is exp(−inf) = 0.
    const safe = b.select(b.emit("eq", [total, b.constLike(Number.NEGATIVE_INFINITY, total)], {}), b.constLike(0, total), total);
    return b.exp(b.sub(x, spread(b, safe, x, axis)));
  },

  l2_normalize: (b, [x], { axis, eps }) => {
    // One division a row: what is left per element is a product, cheap enough to be made again wherever it is read.
    const norm = b.emit("sqrt", [b.sum(b.mul(x, x), [axis])], {});
    const divisor = b.emit("maximum", [norm, b.constLike(eps, norm)], {});
    return b.mul(x, spread(b, b.div(b.constLike(1, divisor), divisor), x, axis));
  },

  layer_norm: (b, [x], { eps }) => {
    const axis = b.shape(x).length - 1;
    const centred = b.sub(x, spread(b, mean(b, x, axis), x, axis));
    const variance = mean(b, b.mul(centred, centred), axis);
    return b.mul(centred, spread(b, b.emit("rsqrt", [plus(b, variance, eps)], {}), x, axis));
  },

  in_top_k: (b, [x], { axis, k }) => {
    const shape = b.shape(x);
    const value = kth(b, "topk", x, axis, k);
    const last = kth(b, "topk_index", x, axis, k);
    const index = b.indexAlong(shape, axis);
    const tied = b.emit("and", [b.emit("eq", [x, value], {}), b.emit("le", [index, last], {})], {});
    return b.emit("or", [b.emit("gt", [x, value], {}), tied], {});
  },
} as const satisfies { readonly [K in CompositeName]: Decomposition<K> };
