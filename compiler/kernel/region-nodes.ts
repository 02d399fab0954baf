/** What each node of a region is to kernels: where its bytes or points come from, and whether its readers compute it themselves. */
import { type GraphNode, type Id, isTile, type Node } from "../graph/graph.js";
import type { Shape } from "../graph/type.js";
import { contiguous, type SymbolicView } from "./call.js";
import type { ScalarOp } from "./kernel.js";
import { type AxisIndex, identityIndex, indexOperand, indexView, reshapeView } from "./layout.js";
import { nodeClass } from "./node-class.js";
import { CHEAP, scalarCost } from "./scalar-cost.js";

/** A list of nodes without control flow: the program's own, or the body of a tile. */
export type Region = {
  readonly nodes: readonly GraphNode[];
  /** How many of the loops around the region the node's value changes with. */
  readonly depth: (id: Id) => number;
  /** Where an input or a block of an operand lies. */
  readonly given: (id: Id) => SymbolicView;
  /** Values that somebody outside reads: stored in a buffer of their own, in order. */
  readonly wanted: ReadonlySet<Id>;
};

/** A stored or computed value that an expression ends in, and how the expression's points index it. */
export type Read = { readonly base: Id; readonly index: readonly AxisIndex[] };

export class RegionNodes {
  readonly #region: Region;
  readonly #nodes: ReadonlyMap<Id, GraphNode>;
  readonly #costs = new Map<Id, number>();
  /** Values that are stored whatever else happens: for outside, and for readers that need bytes. */
  readonly wanted: ReadonlySet<Id>;

  constructor(region: Region) {
    this.#region = region;
    this.#nodes = new Map(region.nodes.map((node) => [node.id, node]));
    this.wanted = this.#findWanted();
  }

  node(id: Id): GraphNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`no node %${id}`);
    return node;
  }
  op(id: Id): Node {
    const node = this.node(id);
    if (isTile(node)) throw new Error(`%${id} is a tile`);
    return node;
  }
  shape(id: Id): Shape {
    return this.op(id).type.shape;
  }

  /** Follows layout ops to a value that has points or bytes of its own. */
  resolve(id: Id, index: readonly AxisIndex[]): Read {
    const node = this.op(id);
    if (nodeClass[node.op] !== "layout") return { base: id, index };
    const operand = node.ins[0] ?? -1;
    const inner = indexOperand(node, this.shape(operand), index);
    return inner === null ? { base: id, index } : this.resolve(operand, inner);
  }
  /** The value that the layout ops above this one relabel. */
  baseOf(id: Id): Id {
    return this.resolve(id, identityIndex(this.shape(id).length)).base;
  }

  /** A reshape that moves elements between axes: a new shape on the operand's bytes, or a copy where those are not in order. */
  isAlias(node: Node): boolean {
    return this.#aliasView(node) !== null;
  }
  #aliasView(node: Node): SymbolicView | null {
    const operand = node.ins[0] ?? -1;
    const shape = this.shape(operand);
    const { base, index } = this.resolve(operand, identityIndex(shape.length));
    const below = this.op(base);
    const alias = below.op === "reshape" ? this.#aliasView(below) : null;
    const view = nodeClass[below.op] === "given" ? this.#region.given(base) : (alias ?? contiguous(-1, below.type.shape));
    return reshapeView(indexView(view, index, shape), node.type.shape);
  }

  /** The cost of computing the value from stored ones at every use; infinite where that is out of the question. */
  #cost(id: Id): number {
    const known = this.#costs.get(id);
    if (known !== undefined) return known;
    const node = this.op(this.baseOf(id));
    let cost = 0;
    if (nodeClass[node.op] === "points" && !this.wanted.has(node.id)) {
      cost = node.ins.reduce(
        (sum, operand) => sum + (this.#isRegisterOnly(operand) ? Number.POSITIVE_INFINITY : this.#cost(operand)),
        scalarCost[node.op as ScalarOp],
      );
      if (cost > CHEAP) cost = Number.POSITIVE_INFINITY;
    }
    this.#costs.set(id, cost);
    return cost;
  }
  /** Lives at the points of a cluster, where its readers want to be too. */
  #isRegisterOnly(id: Id): boolean {
    const base = this.op(this.baseOf(id));
    return nodeClass[base.op] === "contraction" || (nodeClass[base.op] === "points" && this.wanted.has(base.id));
  }
  /** Belongs to no cluster. */
  isCheap(id: Id): boolean {
    const node = this.op(id);
    return nodeClass[node.op] === "leaf" || (nodeClass[node.op] === "points" && !this.wanted.has(id) && Number.isFinite(this.#cost(id)));
  }

  #findWanted(): ReadonlySet<Id> {
    const wanted = new Set(this.#region.wanted);
    const want = (id: Id): unknown => wanted.add(this.baseOf(id));
    for (const node of this.#region.nodes) {
      if (isTile(node)) node.ins.forEach((input) => want(input.value));
      else if (node.op === "dot" || (nodeClass[node.op] === "whole" && !copies(node))) node.ins.forEach(want);
      else if (node.op === "reshape" && this.baseOf(node.id) === node.id && this.isAlias(node)) node.ins.forEach(want);
    }
    return wanted;
  }

  /** The stored or live values that the expression of a value ends in. */
  reads(id: Id): readonly Read[] {
    return this.#readsAt(id, identityIndex(this.shape(id).length));
  }
  #readsAt(id: Id, index: readonly AxisIndex[]): readonly Read[] {
    const read = this.resolve(id, index);
    if (!this.isCheap(read.base)) return [read];
    return this.readsOf(this.op(read.base), read.index);
  }
  /** The same, for a value that is not itself one of them. */
  readsOf(node: Node, index: readonly AxisIndex[]): readonly Read[] {
    const inner = nodeClass[node.op] === "layout" ? (indexOperand(node, this.shape(node.ins[0] ?? -1), index) ?? index) : index;
    return node.ins.flatMap((operand) => this.#readsAt(operand, inner));
  }

  /** The value whose bytes an alias shows. */
  storageOf(id: Id): Id {
    const node = this.op(id);
    return node.op === "reshape" && this.isAlias(node) ? this.storageOf(this.baseOf(node.ins[0] ?? -1)) : id;
  }
}

/** Whole-array ops that are plain copies of expressions into parts of a buffer. */
export const copies = (node: Node): boolean => node.op === "pad" || node.op === "concat";
