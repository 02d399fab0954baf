/**
 * Turns a sum of products written by indices into a contraction, so that the product never exists.
 *
 *   sum[k](a[i, k] * b[k, j])       =>  dot(a, b) over k
 *   sum[i](a[i, k] * b[i, l])       =>  dot(a, b) over i: a correlation of columns
 *   sum[k](a[h, i, k] * b[h, j, k]) =>  dot with h as a batch axis
 *
 * Only where the product is larger than both factors: each lacks an axis that the other has. Keeps the value up to the
 * order of summation. Refuses products whose reduced axis only one factor has, and integers.
 */
import { type GraphNode, type Id, indexNodes, isTile, type Node } from "../graph/graph.js";
import { rewrite, type Rewriter } from "../graph/rewrite.js";
import { isFloat } from "../graph/type.js";
import type { Pass } from "./pass.js";

export const productsToContractions: Pass = {
  name: "products-to-contractions",
  summary: "turns sums of broadcast products into contractions",
  run(graph) {
    const nodes = indexNodes(graph);
    let found = false;
    const result = rewrite(graph, (node, rewriter) => {
      const contraction = isTile(node) || node.op !== "sum" ? null : contract(nodes, node, rewriter);
      found ||= contraction !== null;
      return contraction;
    });
    return { graph: found ? result : graph, notes: [] };
  },
};

/** A factor and the product's axis at which each of its own axes lies. */
type Factor = { readonly value: Id; readonly axes: readonly number[] };

function contract(nodes: ReadonlyMap<Id, GraphNode>, sum: Node<"sum">, { b, to }: Rewriter): Id | null {
  const product = nodes.get(sum.ins[0] ?? -1);
  if (product === undefined || isTile(product) || product.op !== "mul" || !isFloat(product.type.dtype)) return null;
  const [x, y] = product.ins.map((id) => factorOf(nodes, id));
  if (x === undefined || x === null || y === undefined || y === null) return null;
  const rank = product.type.shape.length;
  const all = [...Array(rank).keys()];
  const reduced = sum.attrs.axes;
  const hasOwn = (a: Factor, c: Factor): boolean => a.axes.some((axis) => !c.axes.includes(axis));
  if (!hasOwn(x, y) || !hasOwn(y, x)) return null;
  if (!all.every((axis) => x.axes.includes(axis) || y.axes.includes(axis))) return null;
  if (!reduced.every((axis) => x.axes.includes(axis) && y.axes.includes(axis))) return null;
  const pairOf = (axis: number): readonly [number, number] => [x.axes.indexOf(axis), y.axes.indexOf(axis)];
  const kept = all.filter((axis) => !reduced.includes(axis));
  const batch = kept.filter((axis) => x.axes.includes(axis) && y.axes.includes(axis));
  const free = (own: Factor, other: Factor): readonly number[] => own.axes.filter((axis) => !other.axes.includes(axis));
  const made = [...batch, ...free(x, y), ...free(y, x)];
  const dot = b.dot(to(x.value), to(y.value), reduced.map(pairOf), batch.map(pairOf));
  return b.transpose(
    dot,
    kept.map((axis) => made.indexOf(axis)),
  );
}

function factorOf(nodes: ReadonlyMap<Id, GraphNode>, id: Id): Factor | null {
  const node = nodes.get(id);
  if (node === undefined || isTile(node) || node.op !== "broadcast") return null;
  return { value: node.ins[0] ?? -1, axes: node.attrs.axes };
}
