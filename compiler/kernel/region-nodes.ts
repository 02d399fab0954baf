/** What each node of a region is to kernels: where its bytes or points come from, and whether its readers compute it themselves. */
import { type GraphNode, type Id, isTile, type Node, operandsOf } from "../graph/graph.js";
import { one, sameSize } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import type { BufferId } from "../plan/plan.js";
import type { SymbolicView } from "./call.js";
import type { ScalarOp } from "./kernel.js";
import { type AxisIndex, dimsOfIndex, hasWindow, identityIndex, indexOperand, indexView, reshapeView } from "./layout.js";
import { nodeClass } from "./node-class.js";
import { CHEAP, scalarCost } from "./scalar-cost.js";
import { laidOut, type StoredOrder, storedOrders } from "./stored-order.js";

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
  readonly #wanted: Set<Id>;
  readonly #ancestors = new Map<Id, ReadonlySet<Id>>();
  readonly #orders: ReadonlyMap<Id, StoredOrder>;

  constructor(region: Region) {
    this.#region = region;
    this.#nodes = new Map(region.nodes.map((node) => [node.id, node]));
    this.#wanted = new Set(region.wanted);
    const { nodes, wanted } = region;
    this.#orders = storedOrders({ nodes, wanted, shape: (id) => this.shape(id), bytesOf: (id) => this.#bytesOf(id) });
    this.#findWanted();
  }

  /** Values that are stored whatever else happens: for outside, and for readers that need bytes. */
  get wanted(): ReadonlySet<Id> {
    return this.#wanted;
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
    if (nodeClass[node.op] !== "layout" || (node.op === "windows" && this.wanted.has(id))) return { base: id, index };
    const operand = node.ins[0] ?? -1;
    const inner = indexOperand(node, this.shape(operand), index);
    return inner === null ? { base: id, index } : this.resolve(operand, inner);
  }
  /** The value that the layout ops above this one relabel. */
  baseOf(id: Id): Id {
    return this.resolve(id, identityIndex(this.shape(id).length)).base;
  }

  /** Follows layout ops to where the bytes of a value lie in order or by strides: windows do not. */
  #bytesOf(id: Id, index: readonly AxisIndex[] = identityIndex(this.shape(id).length)): Read {
    const node = this.op(id);
    if (nodeClass[node.op] !== "layout" || node.op === "windows") return { base: id, index };
    const operand = node.ins[0] ?? -1;
    const inner = indexOperand(node, this.shape(operand), index);
    return inner === null ? { base: id, index } : this.#bytesOf(operand, inner);
  }

  /**
   * A reshape that moves elements between axes: a new shape on the operand's bytes, or a copy where those are not in order.
   * `stored` always shows its operand's.
   */
  isAlias(node: Node): boolean {
    return this.#aliasView(node) !== null;
  }
  #aliasView(node: Node): SymbolicView | null {
    const operand = node.ins[0] ?? -1;
    const shape = this.shape(operand);
    const { base, index } = this.#bytesOf(operand);
    const below = this.op(base);
    const alias = showsBytes(below) ? this.#aliasView(below) : null;
    const view = nodeClass[below.op] === "given" ? this.#region.given(base) : (alias ?? this.wholeView(base, -1));
    return reshapeView(indexView(view, index, shape), node.type.shape);
  }

  /** Null: row by row. */
  orderOf(id: Id): StoredOrder | null {
    return this.#orders.get(id) ?? null;
  }
  /** A value of its own bytes, all of it. */
  wholeView(id: Id, buffer: BufferId): SymbolicView {
    return laidOut(buffer, this.shape(id), this.orderOf(id));
  }

  /** The cost per element of computing the value from stored ones at every use; infinite where that is out of the question. */
  #cost(id: Id): number {
    const known = this.#costs.get(id);
    if (known !== undefined) return known;
    const node = this.op(this.baseOf(id));
    let cost = 0;
    if (nodeClass[node.op] === "points") {
      if (!this.wanted.has(node.id))
        cost = node.ins.reduce((sum, operand) => sum + this.#operandCost(node, operand), scalarCost[node.op as ScalarOp]);
      if (cost > CHEAP) cost = Number.POSITIVE_INFINITY;
    }
    this.#costs.set(id, cost);
    return cost;
  }
  /** An operand that is repeated costs nothing: it is stored, or computed once for many elements. */
  #operandCost(node: Node, operand: Id): number {
    if (this.isRepeated(operand)) return 0;
    const base = this.op(this.baseOf(operand));
    if (!this.#isLive(base)) return this.#cost(base.id);
    return node.ins.some((other) => this.isRepeated(other) && this.#ancestorsOf(other).has(base.id)) ? 0 : Number.POSITIVE_INFINITY;
  }
  /** Has the value an axis along which all elements are one? */
  isRepeated(id: Id): boolean {
    const shape = this.shape(id);
    const used = dimsOfIndex(this.resolve(id, identityIndex(shape.length)).index);
    return shape.some((size, axis) => !used.includes(axis) && !sameSize(size, one));
  }
  /**
   * Has its values at the points of a cluster, where its readers want to be too. Not a reader that needs another value which is
   * whole only after this one, such as the norm of each row: it comes later and finds this one stored.
   */
  #isLive(base: Node): boolean {
    const kind = nodeClass[base.op];
    return kind === "contraction" || (kind === "points" && (this.wanted.has(base.id) || !Number.isFinite(this.#cost(base.id))));
  }
  #ancestorsOf(id: Id): ReadonlySet<Id> {
    const known = this.#ancestors.get(id);
    if (known !== undefined) return known;
    const found = new Set<Id>();
    const stack = [id];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      stack.push(...operandsOf(this.node(next)));
    }
    this.#ancestors.set(id, found);
    return found;
  }
  /** Belongs to no cluster. */
  isCheap(id: Id): boolean {
    const node = this.op(id);
    return nodeClass[node.op] === "leaf" || (nodeClass[node.op] === "points" && !this.wanted.has(id) && Number.isFinite(this.#cost(id)));
  }
  /** Is the value cheap, and made by ops that a tile's body can repeat on blocks? Then the tile reads what it is made of. */
  sinks(id: Id): boolean {
    const walk = (at: Id): boolean => {
      const node = this.op(at);
      if (this.op(this.#bytesOf(at).base).op === "windows") return false;
      if (node.op === "broadcast" || node.op === "transpose") return walk(node.ins[0] ?? -1);
      if (nodeClass[node.op] === "layout") return !this.isCheap(this.baseOf(at));
      return nodeClass[node.op] !== "points" || !this.isCheap(at) || node.ins.every(walk);
    };
    return this.isCheap(this.baseOf(id)) && walk(id);
  }

  /** What a contraction, a tile or a window reads is stored, unless it is computed there; each that must be stored may make a reader dear. */
  #findWanted(): void {
    const wanted = this.#wanted;
    for (const node of this.#region.nodes) {
      if (isTile(node)) continue;
      const needsBytes =
        (nodeClass[node.op] === "whole" && !copies(node)) || (showsBytes(node) && this.baseOf(node.id) === node.id && this.isAlias(node));
      if (needsBytes) for (const operand of node.ins) wanted.add(this.#bytesOf(operand).base);
    }
    for (let before = -1; before < wanted.size; ) {
      before = wanted.size;
      this.#costs.clear();
      for (const node of this.#region.nodes) {
        if (!isTile(node) && nodeClass[node.op] === "layout") this.#storeBehindWindows(node);
        if (isTile(node)) for (const { value } of node.ins) if (!this.sinks(value)) wanted.add(this.#bytesOf(value).base);
        if (node.op === "dot") for (const operand of node.ins) if (!this.isCheap(this.baseOf(operand))) wanted.add(this.baseOf(operand));
      }
    }
    this.#costs.clear();
  }

  /** What is read through windows is read at more places than it has elements: its bytes must lie somewhere. */
  #storeBehindWindows(node: Node): void {
    const operand = node.ins[0] ?? -1;
    const inner = indexOperand(node, this.shape(operand), identityIndex(node.type.shape.length));
    if (inner === null) return;
    const { base, index } = this.resolve(operand, inner);
    if (!hasWindow(index)) return;
    this.#wanted.add(base);
    const read = this.op(base);
    if (showsBytes(read) && this.isAlias(read)) this.#wanted.add(this.#bytesOf(read.ins[0] ?? -1).base);
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
    return showsBytes(node) && this.isAlias(node) ? this.storageOf(this.baseOf(node.ins[0] ?? -1)) : id;
  }
}

/** Ops that may stand for the bytes of their operand. */
export const showsBytes = (node: Node): boolean => node.op === "reshape" || node.op === "stored";

/** Whole-array ops that are plain copies of expressions into parts of a buffer. */
export const copies = (node: Node): boolean => node.op === "pad" || node.op === "concat";
