/**
 * The fewest bytes that all saved values can be made from without a sum, a contraction or a search: their sources.
 *
 *   h = x·W + b, g = gelu h, s = gelu' h; g and s are saved   =>   h is their source
 *
 * A cut through the values between what only a contraction makes and what is saved, where each value costs its bytes.
 */
import { type GraphNode, type Id, isTile, type Node, operandsOf } from "../../graph/graph.js";
import { batchesOf } from "../../graph/size.js";
import { type Forward, isPlain, isPointwise } from "./forward.js";
import { Network } from "./min-cut.js";
import { nominalBytes } from "./weights.js";

export type Sources = {
  /** In order. */
  readonly ids: readonly Id[];
  readonly has: (id: Id) => boolean;
};

export function findSources(forward: Forward): Sources {
  const network = new Network();
  const [source, sink] = [network.node(), network.node()];
  const entries = new Map<Id, number>();
  const exits = new Map<Id, number>();
  const waiting: Id[] = [];
  /** The place in the network behind which the value is there. */
  const exitOf = (id: Id): number => {
    const known = exits.get(id);
    if (known !== undefined) return known;
    const [entry, exit] = [network.node(), network.node()];
    entries.set(id, entry);
    exits.set(id, exit);
    waiting.push(id);
    return exit;
  };
  for (const id of forward.saved.keys()) network.edge(exitOf(id), sink, Number.POSITIVE_INFINITY);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const node = forward.nodes.get(id);
    if (node === undefined || isPlain(node)) continue;
    network.edge(entries.get(id) ?? -1, exits.get(id) ?? -1, price(node as Node, forward));
    if (!isPointwise(node)) network.edge(source, entries.get(id) ?? -1, Number.POSITIVE_INFINITY);
    else
      for (const operand of operandsOf(node)) {
        const made = forward.nodes.get(operand);
        if (made !== undefined && !isPlain(made)) network.edge(exitOf(operand), entries.get(id) ?? -1, Number.POSITIVE_INFINITY);
      }
  }
  const below = network.cut(source, sink);
  const kept = [...entries].flatMap(([id, entry]) => (!below.has(entry) && below.has(exits.get(id) ?? -1) ? [id] : []));
  const ids = kept.sort((a, b) => (forward.at.get(a) ?? 0) - (forward.at.get(b) ?? 0));
  const set = new Set(ids);
  return { ids, has: (id) => set.has(id) };
}

/**
 * Bytes; a sixteenth more for what a kernel would not store of itself, since it is quickly made from one array that is stored and a
 * number per row or column: so the array is kept, which is there in any case. What only shows other bytes is never kept.
 */
function price(node: Node, forward: Forward): number {
  if (isPointwise(node) && !isComputed(node)) return Number.POSITIVE_INFINITY;
  return nominalBytes(node.type) * (isPointwise(node) && isQuick(node, forward) ? 17 : 16);
}

const isComputed = (node: Node): boolean => !["broadcast", "transpose", "slice", "reshape", "windows", "stored"].includes(node.op);

function isQuick(node: Node, forward: Forward): boolean {
  if (node.op === "exp") return false;
  const below = node.ins.map((id) => forward.nodes.get(id));
  return (
    below.some((made) => made?.op === "broadcast" && isOfRows(forward, made.ins[0] ?? -1)) ||
    below.every((made) => made?.op === "broadcast" || (made !== undefined && (isPlain(made) || isWhole(made))))
  );
}

/** Made by a search or a sum, which no kernel goes on from. */
const isWhole = (node: GraphNode): boolean => !isPointwise(node) && node.op !== "dot";

function isOfRows(forward: Forward, id: Id): boolean {
  const node = forward.nodes.get(id);
  return node !== undefined && !isTile(node) && node.type.shape.some((size) => batchesOf(size).length > 0);
}
