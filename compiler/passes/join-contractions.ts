/**
 * Contractions of one value with several weights become one, whose result is cut into theirs.
 *
 *   x·A + a, x·B + b, x·C + c   =>   y = x·[A B C] + [a b c]; y[:, :p], y[:, p:q], y[:, q:]
 *
 * Queries, keys and values of attention are such: x is read and packed once, and on the way back one contraction sums over all
 * three what the cotangents give, and one makes all weight gradients. Only where contractions alone read the results: what acts
 * on each element belongs into the epilogue of the contraction that makes it. Keeps every bit of the results.
 */
import type { GraphBuilder } from "../graph/builder.js";
import { type Graph, type GraphNode, type Id, indexNodes, isTile, type Node, usersOf, valueIn } from "../graph/graph.js";
import { rewrite } from "../graph/rewrite.js";
import { addSizes, constant, degree, type Size } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import type { Pass, PassNote } from "./pass.js";

/** A contraction with a weight of one free axis, and the bias behind it. */
type Member = { readonly dot: Node<"dot">; readonly weight: Id; readonly bias: Id | null; readonly result: Node };

/** Members of one value in the order of the program. */
type Group = readonly Member[];

export const joinContractions: Pass = {
  name: "join-contractions",
  summary: "makes contractions of one value with several weights one",
  run(graph) {
    const groups = groupsOf(graph);
    if (groups.length === 0) return { graph, notes: [] };
    const notes: PassNote[] = [];
    const parts = new Map<Id, { readonly group: Group; readonly member: Member }>();
    for (const group of groups) for (const member of group) parts.set(member.result.id, { group, member });
    const joint = new Map<Group, Id>();
    const after = rewrite(graph, (node, { b, to, early }) => {
      const part = parts.get(node.id);
      if (part === undefined) return null;
      const { group, member } = part;
      let whole = joint.get(group);
      if (whole === undefined) {
        whole = emitJoint(b, group, to(member.dot.ins[0] ?? -1), early);
        joint.set(group, whole);
        notes.push({ kind: "moved", reason: `${group.length} contractions of one value are one`, spans: group.map(({ dot }) => dot.span) });
      }
      b.span = node.span;
      const axis = member.dot.type.shape.length - 1;
      const start = group.slice(0, group.indexOf(member)).reduce<Size>((sum, { dot }) => addSizes(sum, columns(dot)), constant(0));
      return b.emit("slice", [whole], { axis, start, stop: addSizes(start, columns(member.dot)) });
    });
    return { graph: after, notes };
  },
};

const columns = (dot: Node<"dot">): Size => dot.type.shape.at(-1) ?? raise(`%${dot.id} has no columns`);

/** `early`: weights and biases may be made behind the first contraction of the group. */
function emitJoint(b: GraphBuilder, group: Group, x: Id, early: (id: Id) => Id): Id {
  const [first] = group;
  if (first === undefined) return raise("an empty group");
  const { contract } = first.dot.attrs;
  const weights = group.map(({ weight }) => early(weight));
  const biases = group.flatMap(({ bias }) => (bias === null ? [] : [early(bias)]));
  b.span = first.dot.span;
  const axis = freeAxis(b.shape(weights[0] ?? -1), contract);
  const product = b.dot(x, b.emit("concat", weights, { axis }), contract);
  if (biases.length === 0) return product;
  b.span = first.result.span;
  const shape = b.shape(product);
  return b.add(product, b.broadcast(b.emit("concat", biases, { axis: 0 }), shape, [shape.length - 1]));
}

const freeAxis = (weight: Shape, contract: Node<"dot">["attrs"]["contract"]): number =>
  weight.findIndex((_, axis) => !contract.some(([, right]) => right === axis));

function groupsOf(graph: Graph): readonly Group[] {
  const nodes = indexNodes(graph);
  const readers: Readers = { users: usersOf(graph), outputs: new Set(graph.outputs.map(({ value }) => value)) };
  const weights = weightsOf(graph);
  const groups = new Map<string, Member[]>();
  for (const dot of graph.nodes) {
    if (isTile(dot) || dot.op !== "dot") continue;
    const [x = -1, weight = -1] = dot.ins;
    const { batch, contract } = dot.attrs;
    const { shape } = valueIn(nodes, weight).type;
    if (batch.length > 0 || !weights.has(weight) || weights.has(x) || shape.length !== contract.length + 1) continue;
    const { bias, result } = withBias(dot, nodes, readers, weights);
    if (!feedsContractions(result.id, readers)) continue;
    const key = [x, JSON.stringify(contract), dot.type.dtype, bias === null].join();
    groups.set(key, [...(groups.get(key) ?? []), { dot, weight, bias, result }]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Values without the batch, made of nothing that has it. */
function weightsOf(graph: Graph): ReadonlySet<Id> {
  const weights = new Set<Id>();
  for (const node of graph.nodes)
    if (!isTile(node) && node.type.shape.every((size) => degree(size) === 0) && node.ins.every((id) => weights.has(id)))
      weights.add(node.id);
  return weights;
}

type Readers = { readonly users: ReadonlyMap<Id, readonly GraphNode[]>; readonly outputs: ReadonlySet<Id> };

/** The sum with a bias along the last axis, where nothing else reads the contraction. */
function withBias(
  dot: Node<"dot">,
  nodes: ReadonlyMap<Id, GraphNode>,
  readers: Readers,
  weights: ReadonlySet<Id>,
): Pick<Member, "bias" | "result"> {
  const [sum, ...others] = readers.users.get(dot.id) ?? [];
  if (sum === undefined || isTile(sum) || sum.op !== "add" || others.length > 0 || readers.outputs.has(dot.id))
    return { bias: null, result: dot };
  const repeated = nodes.get(sum.ins.find((id) => id !== dot.id) ?? -1);
  if (repeated === undefined || isTile(repeated) || repeated.op !== "broadcast") return { bias: null, result: dot };
  const [bias = -1] = repeated.ins;
  const alongLast = repeated.attrs.axes.length === 1 && repeated.attrs.axes[0] === dot.type.shape.length - 1;
  return alongLast && weights.has(bias) ? { bias, result: sum } : { bias: null, result: dot };
}

/** Do contractions read it, by way of layout ops, and nothing else? */
function feedsContractions(id: Id, readers: Readers): boolean {
  const all = readers.users.get(id) ?? [];
  return (
    all.length > 0 &&
    !readers.outputs.has(id) &&
    all.every((reader) => {
      if (isTile(reader)) return false;
      switch (reader.op) {
        case "dot":
          return true;
        case "reshape":
        case "transpose":
        case "slice":
          return feedsContractions(reader.id, readers);
        default:
          return false;
      }
    })
  );
}

function raise(message: string): never {
  throw new Error(message);
}
