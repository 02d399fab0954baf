/**
 * The graph: flat SSA of small ops in topological order, and exactly one op with a body, the tile.
 * Immutable: a pass makes a new one.
 */
import type { Attrs, OpName } from "./op-table.js";
import type { Origin } from "./origin.js";
import type { Size } from "./size.js";
import type { Type } from "./type.js";

export type Id = number;

/** One op applied. `{ [K in OpName]: … }[OpName]` ties attrs to op. */
export type Node<K extends OpName = OpName> = {
  readonly [P in K]: {
    readonly id: Id;
    readonly op: P;
    readonly ins: readonly Id[];
    readonly attrs: Attrs[P];
    readonly type: Type;
    readonly span: Origin;
  };
}[K];

/** `none`: each element is written once. The others combine the partial results of blocks. */
export type Merge = "none" | "sum" | "max" | "min" | "argmax" | "logsumexp" | "topk" | "topk_index";

/** One loop of a tile; in the body its block has the symbolic size `@name`. */
export type TileLoop = { readonly name: string; readonly extent: Size; readonly block: number | "auto" };

/** A tile's operand: axis k is cut into blocks of loop `slice[k]`, or whole where null. */
export type TileIn = { readonly value: Id; readonly slice: readonly (number | null)[] };

/**
 * A tile's result: axis k of the body's value runs over loop `place[k]`, or is whole where null.
 * Loops that are not in `place` are merged. `argmax` and `topk_index` name by `by` the result (index into outs)
 * that holds the values they follow.
 * `topk` and `topk_index` compete along the one axis that no loop runs over.
 */
export type TileOut = { readonly value: Id; readonly place: readonly (number | null)[]; readonly merge: Merge; readonly by: number | null };

/**
 * ONE SWEEP over blocks of one or two axes; a later sweep is a later tile, joined by plain SSA edges (`project`).
 * `body` has one `arg` per operand; `outs[k].value` are ids of the body.
 */
export type Tile = {
  readonly id: Id;
  readonly op: "tile";
  readonly loops: readonly TileLoop[];
  readonly ins: readonly TileIn[];
  readonly outs: readonly TileOut[];
  readonly body: Graph;
  /** Ids of the body that an earlier sweep computes too. */
  readonly recomputed: readonly Id[];
  /** The whole types of the results. */
  readonly types: readonly Type[];
  readonly span: Origin;
};

export type GraphNode = Node | Tile;

export type GraphOutput = { readonly name: string; readonly value: Id };

/** A body has no named outputs. */
export type Graph = { readonly nodes: readonly GraphNode[]; readonly outputs: readonly GraphOutput[] };

export const isTile = (node: GraphNode): node is Tile => node.op === "tile";

/** The nodes that a node reads. */
export const operandsOf = (node: GraphNode): readonly Id[] => (isTile(node) ? node.ins.map((input) => input.value) : node.ins);

/** id → node, for lookups. */
export function indexNodes(graph: Graph): ReadonlyMap<Id, GraphNode> {
  return new Map(graph.nodes.map((node) => [node.id, node]));
}

/** id → how often it is read: twice by a node that takes it twice, and once for each of `results` that it is. */
export function readCounts(nodes: readonly GraphNode[], results: readonly Id[] = []): ReadonlyMap<Id, number> {
  const counts = new Map<Id, number>();
  for (const id of [...nodes.flatMap(operandsOf), ...results]) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** id → the nodes that read it, in order. */
export function usersOf(graph: Graph): ReadonlyMap<Id, readonly GraphNode[]> {
  const users = new Map<Id, GraphNode[]>();
  for (const node of graph.nodes)
    for (const operand of new Set(operandsOf(node))) {
      const list = users.get(operand);
      if (list === undefined) users.set(operand, [node]);
      else list.push(node);
    }
  return users;
}

/** The value with that id. Throws on a tile, which has none, and on an id that nothing has. */
export function valueIn(nodes: ReadonlyMap<Id, GraphNode>, id: Id | undefined): Node {
  const node = nodes.get(id ?? -1);
  if (node === undefined || isTile(node)) throw new Error(`%${id} is not a value`);
  return node;
}

/** The values that a value reads; none for the result of a tile. */
export const operandValues = (nodes: ReadonlyMap<Id, GraphNode>, node: Node): readonly Node[] =>
  node.op === "project" ? [] : node.ins.map((id) => valueIn(nodes, id));
