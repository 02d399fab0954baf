/**
 * Where a choice meets a logit and the same logit taken by itself, both have the same bits.
 *
 *   S = X·Yᵀ, D[i] = dot(X[i], Y[i]), S[i, j] > D[i]      =>  S' = (i == j ? D[i] : S), S'[i, j] > D[i]
 *   S = X·Yᵀ, D[i] = dot(X[i], Y[c[i]]), D[i] ≥ max[j] S  =>  S' = (c[i] == j ? D[i] : S)
 *
 * A row-wise product adds up in another order than a tile of pairs does, so that a logit would be above itself in every other row:
 * ranks would be wrong by one, and the largest would not be found. Everything reads S' where something chooses, else nothing changes.
 * Behind the gradients: on values alone. Refuses columns that depend on the logits themselves.
 */
import { type Graph, type Id, indexNodes, isTile, type Node, operandsOf, valueIn } from "../graph/graph.js";
import { isElementwise, type OpName, ops } from "../graph/op-table.js";
import { copy, rewrite, type Rewriter } from "../graph/rewrite.js";
import type { Pass } from "./pass.js";

/** One result or another, however near the operands are. */
const chooses: ReadonlySet<OpName> = new Set(["eq", "ne", "lt", "le", "gt", "ge", "sign", "floor", "argmax", "topk_index"]);
/** What hands an element on as it is: sums blur the last bits anyway. */
const picks: ReadonlySet<OpName> = new Set(["max", "min", "topk", "sort"]);

/** A product of pairs, and one of its elements in each row, or in each column. */
type Twins = {
  readonly pairs: Node<"dot">;
  readonly taken: Node<"dot">;
  /** The axis of `pairs` that `taken` runs along. */
  readonly along: 0 | 1;
  /** Where it is on the other axis; null where it is in the same place. */
  readonly position: Id | null;
};

export const agreeWithLeaves: Pass = {
  name: "agree-with-leaves",
  summary: "gives a logit that is chosen by the bits of the same logit taken by itself",
  run(graph) {
    const twins = twinsOf(graph).filter((each) => meetInChoice(graph, each) && !behind(graph, each.taken).has(each.pairs.id));
    if (twins.length === 0) return { graph, notes: [] };
    const after = rewrite(graph, (node, r) => {
      const mine = twins.filter(({ pairs }) => pairs === node);
      return mine.length === 0 ? null : mine.reduce((pairs, each) => agreed(r, pairs, each), copy(node, r.b, r.to));
    });
    const reason = "a logit and the same one taken by itself have the same bits";
    return { graph: after, notes: twins.map(({ pairs, taken }) => ({ kind: "moved", reason, spans: [pairs.span, taken.span] })) };
  },
};

function agreed({ b, early }: Rewriter, pairs: Id, { taken, along, position }: Twins): Id {
  const shape = b.shape(pairs);
  const element = b.broadcast(early(taken.id), shape, [along]);
  const place = position === null ? b.indexAlong(shape, along) : b.broadcast(early(position), shape, [along]);
  return b.emit("select", [b.emit("eq", [place, b.indexAlong(shape, 1 - along)], {}), element, pairs], {});
}

/** Products of the same rows and columns: once of all pairs, once of one pair for each row or column. */
function twinsOf(graph: Graph): readonly Twins[] {
  const nodes = indexNodes(graph);
  const dots = graph.nodes.filter((node): node is Node<"dot"> => !isTile(node) && node.op === "dot");
  const pairwise = dots.filter(({ type, attrs }) => type.shape.length === 2 && attrs.batch.length === 0);
  const rowwise = dots.filter(({ type, attrs }) => type.shape.length === 1 && attrs.batch.length === 1);
  /** The values of `index` by which `operand` is looked up in `table`, along `axis`. */
  const lookedUp = (operand: Id, table: Id, axis: number): Id | null => {
    const node = valueIn(nodes, operand);
    return node.op === "gather" && node.ins[0] === table && node.attrs.axis === axis ? (node.ins[1] ?? null) : null;
  };
  return pairwise.flatMap((pairs) =>
    rowwise.flatMap((taken): readonly Twins[] => {
      const [x = -1, y = -1] = pairs.ins;
      const [[left, right] = [-1, -1] as const] = taken.attrs.batch;
      if (JSON.stringify(pairs.attrs.contract) !== JSON.stringify(taken.attrs.contract)) return [];
      const [a = -1, b = -1] = taken.ins;
      if (a === x && b === y) return [{ pairs, taken, along: 0, position: null }];
      const column = a === x ? lookedUp(b, y, right) : null;
      if (column !== null) return [{ pairs, taken, along: 0, position: column }];
      const row = b === y ? lookedUp(a, x, left) : null;
      return row === null ? [] : [{ pairs, taken, along: 1, position: row }];
    }),
  );
}

function meetInChoice({ nodes }: Graph, { pairs, taken }: Twins): boolean {
  const reached = (from: Id): ReadonlySet<Id> => {
    const found = new Set([from]);
    for (const node of nodes)
      if (!isTile(node) && handsOn(node) && operandsOf(node).some((operand) => found.has(operand))) found.add(node.id);
    return found;
  };
  const [fromPairs, fromTaken] = [reached(pairs.id), reached(taken.id)];
  return nodes.some(
    (node) =>
      !isTile(node) &&
      chooses.has(node.op) &&
      node.ins.some((operand) => fromPairs.has(operand)) &&
      node.ins.some((operand) => fromTaken.has(operand)),
  );
}

const handsOn = ({ op }: Node): boolean => isElementwise(op) || ops[op].kind === "layout" || picks.has(op);

/** The node and all that it needs. */
function behind({ nodes }: Graph, node: Node): ReadonlySet<Id> {
  const needed = new Set([node.id]);
  for (const each of nodes.toReversed()) if (needed.has(each.id)) for (const operand of operandsOf(each)) needed.add(operand);
  return needed;
}
