/**
 * Moves "the element at a computed column" to the leaves, where it needs no pair at all, and turns contractions with a
 * one-hot matrix into gathers.
 *
 *   sum[j](i == j ? f(X·Yᵀ, w[i], v[j]) : 0)   =>  f(dot(X[i], Y[i]), w[i], v[i])
 *   sum[j](c[i] == j ? l[i, j] : 0)            =>  the same with v[c[i]] and Y[c[i]]
 *   sum[j]((c[i] == j ? w[i] : 0) · Y[j])      =>  w[i] · gather(Y, c)[i]
 *   sum[i]((c[i] == j ? w[i] : 0) · X[i])      =>  scatter_add(w · X, c)[j]
 *
 * Keeps the value up to the order of summation inside a contraction. A computed column out of range counts as 0, as
 * the masked sum has it. Refuses leaves that are stored pair values: there the masked sum stays.
 */
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type GraphNode, type Id, indexNodes, isTile, type Node, valueIn } from "../graph/graph.js";
import { isElementwise } from "../graph/op-table.js";
import { Renumbering } from "../graph/renumbering.js";
import { copy } from "../graph/rewrite.js";
import { sameSize, type Size } from "../graph/size.js";
import { axesOf } from "./sweeps/axes.js";
import type { Pass, PassNote } from "./pass.js";

/** `mask` holds where the index along `axis` equals `position`, which does not run along that axis. */
type OneHot = { readonly axis: number; readonly position: Id; readonly positionAxes: readonly number[]; readonly isIota: boolean };

export const diagonalsToLeaves: Pass = {
  name: "diagonals-to-leaves",
  summary: "turns masked sums and one-hot contractions over a pair axis into row-wise contractions, gathers and scatters",
  run(graph) {
    const first = graph.nodes[0];
    if (first === undefined) return { graph, notes: [] };
    return new Walk(graph, first).run();
  },
};

class Walk {
  readonly #graph: Graph;
  readonly #nodes: ReadonlyMap<Id, GraphNode>;
  readonly #b: GraphBuilder;
  readonly #ids = new Renumbering();
  readonly #to = this.#ids.to;
  readonly #taken = new Map<string, Id>();
  readonly #notes: PassNote[] = [];

  constructor(graph: Graph, first: GraphNode) {
    this.#graph = graph;
    this.#nodes = indexNodes(graph);
    this.#b = new GraphBuilder(first.span);
  }

  run(): { graph: Graph; notes: readonly PassNote[] } {
    for (const node of this.#graph.nodes) {
      this.#b.span = node.span;
      this.#ids.set(node.id, this.#visit(node) ?? copy(node, this.#b, this.#to));
    }
    return { graph: this.#b.finish(this.#graph.outputs.map(({ name, value }) => ({ name, value: this.#to(value) }))), notes: this.#notes };
  }

  #node(id: Id | undefined): Node {
    return valueIn(this.#nodes, id);
  }

  #visit(node: GraphNode): Id | null {
    if (isTile(node)) return null;
    if (node.op === "sum") return this.#maskedSum(node);
    if (node.op === "dot") return this.#oneHotContraction(node, 0) ?? this.#oneHotContraction(node, 1);
    return null;
  }

  /** sum over `axes` of select(one-hot, x, 0): the take along the one-hot's axis, then the sum over the others. */
  #maskedSum(node: Node<"sum">): Id | null {
    const masked = this.#masked(this.#node(node.ins[0]));
    if (masked === null || axesOf(this.#node(node.ins[0])).length < 2) return null;
    const hot = masked.hots.find((candidate) => node.attrs.axes.includes(candidate.axis));
    if (hot === undefined) return null;
    if (!this.#reachesLeaves(masked.value, hot.axis)) return null;
    const x = this.#node(masked.value);
    const taken = this.#take(x.id, hot);
    const inRange = this.#inRange(x, hot);
    const value = inRange === null ? taken : this.#b.selectOrZero(inRange, taken);
    this.#notes.push({ kind: "moved", reason: "a masked sum became a row-wise value", spans: [node.span] });
    // `value` has x's axes but the taken one.
    return this.#b.sum(
      value,
      node.attrs.axes.filter((axis) => axis !== hot.axis).map((axis) => (axis > hot.axis ? axis - 1 : axis)),
    );
  }

  /** select(eq(...), x, 0), or x times select(eq(...), 1, 0) or times a cast of eq(...): the value and its one-hot masks. */
  #masked(node: Node): { value: Id; hots: readonly OneHot[] } | null {
    if (node.op === "select") {
      const [mask, x, zero] = node.ins;
      if (!this.#isConstant(zero, 0)) return null;
      return { value: x ?? -1, hots: this.#oneHots(this.#node(mask)) };
    }
    if (node.op === "mul") {
      for (const [k, other] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const factor = this.#node(node.ins[k]);
        const mask = this.#indicator(factor);
        if (mask !== null) return { value: node.ins[other] ?? -1, hots: this.#oneHots(mask) };
      }
    }
    return null;
  }

  /** A value that is 1 where a mask holds and 0 elsewhere. */
  #indicator(node: Node): Node | null {
    if (node.op === "cast" && this.#node(node.ins[0]).type.dtype === "bool") return this.#node(node.ins[0]);
    if (node.op === "select" && this.#isConstant(node.ins[1], 1) && this.#isConstant(node.ins[2], 0)) return this.#node(node.ins[0]);
    return null;
  }

  #isConstant(id: Id | undefined, value: number): boolean {
    const node = this.#node(id);
    if (node.op === "const") return node.attrs.value === value;
    return node.op === "broadcast" && this.#isConstant(node.ins[0], value);
  }

  /** eq(position, iota along `axis`), in either order; for i == j both readings. */
  #oneHots(mask: Node): readonly OneHot[] {
    if (mask.op !== "eq") return [];
    const result: OneHot[] = [];
    for (const [k, other] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const index = this.#node(mask.ins[k]);
      const position = this.#node(mask.ins[other]);
      if (index.op !== "broadcast" || index.attrs.axes.length !== 1) continue;
      const iota = this.#node(index.ins[0]);
      const axis = index.attrs.axes[0] ?? -1;
      if (iota.op !== "iota") continue;
      if (position.op !== "broadcast" || position.attrs.axes.includes(axis)) continue;
      const from = this.#node(position.ins[0]);
      if (from.type.dtype !== "i32") continue;
      const isIota = from.op === "iota" && sameSize(from.attrs.size, iota.attrs.size);
      result.push({ axis, position: from.id, positionAxes: position.attrs.axes, isIota });
    }
    return result;
  }

  /** Can the take go all the way? Only through what acts on each pair alone, down to contractions, broadcasts, numbers. */
  #reachesLeaves(id: Id, axis: number): boolean {
    const node = this.#node(id);
    if (isElementwise(node.op)) return node.ins.every((operand) => this.#reachesLeaves(operand, axis));
    if (node.op === "broadcast") return node.attrs.axes.length <= 1 || !node.attrs.axes.includes(axis);
    return node.op === "dot" && node.type.shape.length === 2 && node.attrs.batch.length === 0;
  }

  /** x with `hot.axis` taken at `hot.position`; the other axes stay. New id. */
  #take(id: Id, hot: OneHot): Id {
    const key = `${id}:${hot.axis}:${hot.position}`;
    const known = this.#taken.get(key);
    if (known !== undefined) return known;
    const node = this.#node(id);
    const before = this.#b.span;
    const result = this.#takenFrom(node, hot);
    this.#b.span = before;
    this.#taken.set(key, result);
    return result;
  }

  #takenFrom(node: Node, hot: OneHot): Id {
    const b = this.#b;
    const shape = node.type.shape.filter((_, axis) => axis !== hot.axis);
    const lower = (axis: number): number => (axis > hot.axis ? axis - 1 : axis);
    if (isElementwise(node.op)) {
      const ins = node.ins.map((operand) => this.#take(operand, hot));
      b.span = node.span;
      return b.emit(node.op, ins, node.attrs as never);
    }
    b.span = node.span;
    if (node.op === "broadcast") {
      const k = node.attrs.axes.indexOf(hot.axis);
      const operand = this.#to(node.ins[0] ?? -1);
      if (k < 0) return b.broadcast(operand, shape, node.attrs.axes.map(lower));
      const from = this.#node(node.ins[0]);
      if (from.op === "iota") return this.#position(hot, shape);
      return this.#spread(this.#pick(operand, 0, hot), hot, shape);
    }
    if (node.op === "dot") {
      // [row, column]: the taken side is looked up, then rows meet one by one.
      const [x, y] = node.ins.map((operand) => this.#to(operand)) as [Id, Id];
      const takenSide = hot.axis;
      const freeOf = (side: 0 | 1): number => {
        const used = node.attrs.contract.map((pair) => pair[side]);
        return this.#node(node.ins[side]).type.shape.findIndex((_, axis) => !used.includes(axis));
      };
      const [left, right] = [freeOf(0), freeOf(1)];
      const l = takenSide === 0 ? this.#pick(x, left, hot) : x;
      const r = takenSide === 1 ? this.#pick(y, right, hot) : y;
      return b.dot(l, r, node.attrs.contract, [[left, right]]);
    }
    throw new Error(`a take cannot pass ${node.op}`);
  }

  /** operand[position] along an axis; the operand itself where the position is the index itself. */
  #pick(operand: Id, axis: number, hot: OneHot): Id {
    return hot.isIota ? operand : this.#b.emit("gather", [operand, this.#to(hot.position)], { axis });
  }

  #position(hot: OneHot, shape: readonly Size[]): Id {
    return this.#spread(this.#to(hot.position), hot, shape);
  }

  /** A value over the position's axes, as the taken shape has them. */
  #spread(value: Id, hot: OneHot, shape: readonly Size[]): Id {
    return this.#b.broadcast(
      value,
      shape,
      hot.positionAxes.map((axis) => (axis > hot.axis ? axis - 1 : axis)),
    );
  }

  /** Where the position can lie outside the axis: the mask of rows that found their column. */
  #inRange(x: Node, hot: OneHot): Id | null {
    if (hot.isIota) return null;
    const b = this.#b;
    const shape = x.type.shape.filter((_, axis) => axis !== hot.axis);
    const position = this.#position(hot, shape);
    const extent = b.broadcast(b.size(x.type.shape[hot.axis] ?? [], "i32"), shape, []);
    return b.emit("and", [b.emit("ge", [position, b.constLike(0, position)], {}), b.emit("lt", [position, extent], {})], {});
  }

  /** dot(select(eq(c[i], j), w, 0), Y) over j is a gather; over i it is a scatter_add. */
  #oneHotContraction(node: Node<"dot">, side: 0 | 1): Id | null {
    const pair = this.#node(node.ins[side]);
    const other = node.ins[1 - side] ?? -1;
    if (pair.type.shape.length !== 2 || axesOf(pair).length === 0 || node.attrs.batch.length > 0 || node.attrs.contract.length !== 1)
      return null;
    const [mask, weight, zero] = pair.op === "select" ? pair.ins : [];
    if (mask === undefined || weight === undefined || !this.#isConstant(zero, 0)) return null;
    const contracted = node.attrs.contract[0]?.[side] ?? -1;
    const otherAxis = node.attrs.contract[0]?.[1 - side] ?? -1;
    if (otherAxis !== 0) return null;
    const kept = 1 - contracted;
    const w = this.#node(weight);
    if (w.op !== "broadcast") return null;
    const b = this.#b;
    const rest = this.#node(other).type.shape.slice(1);
    for (const hot of this.#oneHots(this.#node(mask))) {
      if (hot.positionAxes.length !== 1 || w.attrs.axes.some((axis) => axis === hot.axis)) continue;
      const rows = [pair.type.shape[1 - hot.axis] ?? [], ...rest];
      const weights = b.broadcast(
        this.#to(w.ins[0] ?? -1),
        rows,
        w.attrs.axes.map(() => 0),
      );
      let rowsFirst: Id;
      if (hot.axis === contracted) {
        // Rows keep, columns are looked up.
        rowsFirst = b.mul(weights, this.#pick(this.#to(other), 0, hot));
      } else {
        const updates = b.mul(weights, this.#to(other));
        rowsFirst = hot.isIota
          ? updates
          : b.emit("scatter_add", [updates, this.#to(hot.position)], { axis: 0, size: pair.type.shape[kept] ?? [] });
      }
      this.#notes.push({ kind: "moved", reason: "a one-hot contraction became a lookup", spans: [node.span] });
      // The kept axis comes first for a left operand, last for a right one.
      const rank = node.type.shape.length;
      return side === 0
        ? rowsFirst
        : b.transpose(
            rowsFirst,
            [...Array(rank).keys()].map((axis) => (axis === rank - 1 ? 0 : axis + 1)),
          );
    }
    return null;
  }
}
