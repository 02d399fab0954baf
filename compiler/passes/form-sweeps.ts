/**
 * Makes one tile of each sweep: all exits of one level over one pair of axes, with the slice of pair values that they
 * read cloned into its body.
 *
 *   sum[i, j](f(X·Yᵀ)), dot(g(X·Yᵀ), Y)  =>  one tile over blocks of i and j; the sum and the contraction are its results
 *
 * What an earlier sweep computed is computed again (`recomputed`), never stored. A pair value that something needs whole
 * leaves its tile as an n×m result, and a note says what needs it and why. Keeps the value up to the order of summation
 * over blocks.
 */
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type GraphNode, type Id, indexNodes, isTile, type Merge, type Node, type TileIn, type TileOut } from "../graph/graph.js";
import { copy } from "../graph/rewrite.js";
import { batch, printSize, type Size } from "../graph/size.js";
import type { Shape, Type } from "../graph/type.js";
import { analysePairRegions, axesOf, axisMap, type PairRegions } from "./analysis/pair-regions.js";
import type { Pass, PassNote } from "./pass.js";

/** Loop 0 runs over a pair value's first batch axis, loop 1 over its second. */
const loopNames = ["i", "j"] as const;
const block = (loop: number): Size => batch(`@${loopNames[loop]}`);

type Labels = readonly (number | null)[];
type Sweep = { readonly level: number; readonly extents: readonly [Size, Size]; readonly members: Node[] };

export const formSweeps: Pass = {
  name: "form-sweeps",
  summary: "clones pair values into one tile per sweep and takes the exits from it",
  run(graph) {
    const first = graph.nodes[0];
    return first === undefined ? { graph, notes: [] } : new Former(graph, first).run();
  },
};

/** A pair value's axes by loop; model axes are whole. */
function labelsOf(node: Node): Labels {
  const axes = axesOf(node);
  return node.type.shape.map((_, axis) => (axes.includes(axis) ? axes.indexOf(axis) : null));
}

const blocked = (shape: Shape, labels: Labels): Shape => shape.map((size, axis) => (labels[axis] === null || labels[axis] === undefined ? size : block(labels[axis])));

class Former {
  readonly #graph: Graph;
  readonly #nodes: ReadonlyMap<Id, GraphNode>;
  readonly #regions: PairRegions;
  readonly #b: GraphBuilder;
  readonly #ids = new Map<Id, Id>();
  readonly #sweepOf = new Map<Id, Sweep>();
  readonly #clonedBefore = new Set<Id>();
  readonly #notes: PassNote[] = [];

  constructor(graph: Graph, first: GraphNode) {
    this.#graph = graph;
    this.#nodes = indexNodes(graph);
    this.#regions = analysePairRegions(graph);
    this.#b = new GraphBuilder(first.span);
  }

  run(): { graph: Graph; notes: readonly PassNote[] } {
    const sweeps = new Map<string, Sweep>();
    const enter = (member: Node, pair: Node, level: number): void => {
      const [r, c] = axesOf(pair);
      const extents = [pair.type.shape[r ?? 0] ?? [], pair.type.shape[c ?? 0] ?? []] as const;
      const key = `${level}|${extents.map(printSize).join("|")}`;
      const sweep = sweeps.get(key) ?? { level, extents, members: [] };
      sweeps.set(key, sweep);
      sweep.members.push(member);
      this.#sweepOf.set(member.id, sweep);
    };
    for (const node of this.#graph.nodes) {
      if (isTile(node)) continue;
      if (this.#regions.isExit(node)) enter(node, this.#pairOf(node), this.#regions.level(node.id) - 1);
      else if (this.#regions.escaped.has(node.id)) enter(node, node, this.#regions.level(node.id));
    }
    for (const escape of this.#regions.escapes) {
      const value = this.#node(escape.value);
      this.#notes.push({ kind: "refused", reason: escape.reason, spans: escape.user === null ? [value.span] : [value.span, escape.user.span] });
    }
    // Region values are made where a tile asks for them; the others in their order, tiles when first needed.
    for (const node of this.#graph.nodes) if (isTile(node) || !this.#regions.inRegion(node.id)) this.#emit(node.id);
    return { graph: this.#b.finish(this.#graph.outputs.map(({ name, value }) => ({ name, value: this.#emit(value) }))), notes: this.#notes };
  }

  #node(id: Id | undefined): Node {
    const node = this.#nodes.get(id ?? -1);
    if (node === undefined || isTile(node)) throw new Error(`%${id} is not a value`);
    return node;
  }

  #pairOf(exit: Node): Node {
    return this.#node(exit.ins.find((id) => this.#regions.inRegion(id)));
  }

  /** The new id of a value outside of regions, or of one that escapes. */
  #emit(id: Id): Id {
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    const sweep = this.#sweepOf.get(id);
    if (sweep !== undefined) {
      this.#emitSweep(sweep);
      return this.#emit(id);
    }
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`no node %${id}`);
    if (!isTile(node) && this.#regions.inRegion(id)) throw new Error(`%${id} (${node.op}) belongs to a region and does not escape`);
    const operands = isTile(node) ? node.ins.map((input) => input.value) : node.ins;
    for (const operand of operands) this.#emit(operand);
    this.#b.span = node.span;
    const made = copy(node, this.#b, (operand) => this.#emit(operand));
    this.#ids.set(id, made);
    return made;
  }

  #emitSweep(sweep: Sweep): void {
    const body = new SweepBody(sweep, this.#regions, (id) => this.#node(id));
    for (const member of sweep.members) body.addMember(member);
    for (const { value } of body.ins) this.#emit(value);
    const [first] = sweep.members;
    if (first === undefined) return;
    this.#b.span = first.span;
    const tile = this.#b.tile({
      loops: sweep.extents.map((extent, k) => ({ name: loopNames[k] ?? "k", extent, block: "auto" })),
      ins: body.ins.map(({ value, slice }) => ({ value: this.#emit(value), slice })),
      outs: body.outs,
      body: body.finish(),
      recomputed: body.clones.filter(([old]) => this.#clonedBefore.has(old)).map(([, made]) => made),
      types: body.types,
      span: first.span,
    });
    for (const [old] of body.clones) this.#clonedBefore.add(old);
    for (const member of sweep.members) {
      this.#b.span = member.span;
      this.#ids.set(member.id, this.#b.emit("project", [tile], { index: body.outOf(member.id), type: member.type }));
    }
    const kinds = sweep.members.map((member) => (this.#regions.isExit(member) ? member.op : "whole"));
    this.#notes.push({
      kind: "fused",
      reason: `one sweep over ${sweep.extents.map(printSize).join(" × ")} makes ${tally(kinds)}`,
      spans: sweep.members.map((member) => member.span),
    });
  }
}

const tally = (kinds: readonly string[]): string =>
  [...new Set(kinds)].map((kind) => `${kinds.filter((other) => other === kind).length} ${kind}`).join(", ");

/** The body of one tile under construction. */
class SweepBody {
  readonly ins: TileIn[] = [];
  readonly outs: TileOut[] = [];
  readonly types: Type[] = [];
  /** [old id, id in the body] of each region value, in order. */
  readonly clones: [Id, Id][] = [];
  readonly #regions: PairRegions;
  readonly #node: (id: Id | undefined) => Node;
  readonly #b: GraphBuilder;
  readonly #made = new Map<string, Id>();
  readonly #outs = new Map<string, number>();
  readonly #outOf = new Map<Id, number>();

  constructor(sweep: Sweep, regions: PairRegions, node: (id: Id | undefined) => Node) {
    this.#regions = regions;
    this.#node = node;
    const [first] = sweep.members;
    if (first === undefined) throw new Error("a sweep without members");
    this.#b = new GraphBuilder(first.span);
  }

  finish(): Graph {
    return this.#b.finish([]);
  }

  outOf(member: Id): number {
    return this.#outOf.get(member) ?? -1;
  }

  addMember(member: Node): void {
    const out = this.#regions.isExit(member) ? this.#exit(member) : this.#whole(member);
    this.#outOf.set(member.id, out);
  }

  #out(key: string, make: () => { value: Id; place: Labels; merge: Merge; by: number | null; type: Type }): number {
    const known = this.#outs.get(key);
    if (known !== undefined) return known;
    const { type, ...out } = make();
    this.outs.push(out);
    this.types.push(type);
    this.#outs.set(key, this.outs.length - 1);
    return this.outs.length - 1;
  }

  /** A region value that something needs whole. */
  #whole(member: Node): number {
    return this.#out(`whole:${member.id}`, () => ({ value: this.#clone(member.id), place: labelsOf(member), merge: "none", by: null, type: member.type }));
  }

  #exit(exit: Node): number {
    const side = exit.ins.findIndex((id) => this.#regions.inRegion(id));
    const pair = this.#node(exit.ins[side]);
    const labels = labelsOf(pair);
    const map = axisMap(exit, side, pair.type.shape);
    const place: (number | null)[] = exit.type.shape.map(() => null);
    map.forEach((to, axis) => {
      if (to !== null) place[to] = labels[axis] ?? null;
    });
    const b = this.#b;
    const operand = this.#clone(pair.id);
    const out = (op: string, type: Type, merge: Merge, by: number | null, value: () => Id): number =>
      this.#out(`${op}:${JSON.stringify(exit.attrs)}:${exit.ins.join()}`, () => {
        b.span = exit.span;
        return { value: value(), place, merge, by, type };
      });
    switch (exit.op) {
      case "sum":
      case "max":
      case "min":
      case "logsumexp":
        return out(exit.op, exit.type, exit.op, null, () => b.emit(exit.op, [operand], exit.attrs));
      case "dot":
        return out("dot", exit.type, "sum", null, () => {
          const ins = exit.ins.map((id, k) => (k === side ? operand : this.#operand(id, partnerLabels(exit, side, labels, this.#node(id).type.shape))));
          b.span = exit.span;
          return b.emit("dot", ins, exit.attrs);
        });
      case "argmax": {
        const { axis } = exit.attrs;
        const loop = labels[axis];
        const largest = this.#out(`max:${JSON.stringify({ axes: [axis] })}:${exit.ins.join()}`, () => {
          b.span = exit.span;
          return { value: b.emit("max", [operand], { axes: [axis] }), place, merge: "max", by: null, type: { dtype: pair.type.dtype, shape: exit.type.shape } };
        });
        return out("argmax", exit.type, "argmax", largest, () => this.#global(b.emit("argmax", [operand], { axis }), loop));
      }
      case "topk":
        return this.#topk(pair, operand, exit, place, exit.type.shape);
      case "topk_index": {
        const values = this.#topk(pair, operand, exit, place, exit.type.shape);
        const loop = labels[exit.attrs.axis];
        return out("topk_index", exit.type, "topk_index", values, () => {
          const local = b.emit("topk_index", [operand], exit.attrs);
          const missing = b.constLike(2147483647, local);
          return b.select(b.emit("eq", [local, missing], {}), local, this.#global(local, loop));
        });
      }
      default:
        throw new Error(`${exit.op} is not an exit`);
    }
  }

  #topk(pair: Node, operand: Id, exit: Node<"topk"> | Node<"topk_index">, place: Labels, shape: Shape): number {
    return this.#out(`topk:${JSON.stringify(exit.attrs)}:${pair.id}`, () => {
      this.#b.span = exit.span;
      return { value: this.#b.emit("topk", [operand], exit.attrs), place, merge: "topk", by: null, type: { dtype: pair.type.dtype, shape } };
    });
  }

  /** Indices within a block → indices within the whole axis. */
  #global(local: Id, loop: number | null | undefined): Id {
    if (loop === null || loop === undefined) return local;
    return this.#b.emit("gather", [this.#index(loop), local], { axis: 0 });
  }

  #index(loop: number): Id {
    return this.#once(`index:${loop}`, () => this.#b.emit("loop_index", [], { loop, size: block(loop) }));
  }

  #once(key: string, make: () => Id): Id {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const id = make();
    this.#made.set(key, id);
    return id;
  }

  /** A region value in the body. */
  #clone(id: Id): Id {
    return this.#once(`clone:${id}`, () => {
      const node = this.#node(id);
      const labels = labelsOf(node);
      const ins = node.ins.map((operandId, k) => {
        const operand = this.#node(operandId);
        const map = axisMap(node, k, operand.type.shape);
        return this.#operand(operandId, operand.type.shape.map((_, axis) => {
          const to = map[axis];
          return to === null || to === undefined ? null : (labels[to] ?? null);
        }));
      });
      this.#b.span = node.span;
      const made = node.op === "broadcast" ? this.#b.broadcast(ins[0] ?? -1, blocked(node.type.shape, labels), node.attrs.axes) : this.#b.emit(node.op, ins, node.attrs as never);
      this.clones.push([id, made]);
      return made;
    });
  }

  /** An operand of a body node, cut along the given loops. */
  #operand(id: Id, labels: Labels): Id {
    if (this.#regions.inRegion(id) && labels.some((label) => label !== null) && !this.#readsWhole(id, labels)) return this.#clone(id);
    const node = this.#node(id);
    this.#b.span = node.span;
    const [label] = labels;
    if (node.op === "iota" && label !== null && label !== undefined) return this.#index(label);
    if (node.op === "const" || node.op === "size" || node.op === "iota") return this.#once(`leaf:${id}`, () => this.#b.emit(node.op, [], node.attrs as never));
    return this.#once(`arg:${id}:${labels.join()}`, () => {
      this.ins.push({ value: id, slice: labels });
      return this.#b.emit("arg", [], { index: this.ins.length - 1, type: { dtype: node.type.dtype, shape: blocked(node.type.shape, labels) } });
    });
  }

  /** Is this operand the escaped, stored copy (the right side of a contraction of two pair values)? */
  #readsWhole(id: Id, labels: Labels): boolean {
    const own = labelsOf(this.#node(id));
    return own.some((label, axis) => label !== labels[axis]);
  }
}

/** How the other operand of a contraction is cut: along the axes that meet the pair value's. */
function partnerLabels(exit: Node<"dot">, side: number, labels: Labels, shape: Shape): Labels {
  const partner = 1 - side;
  return shape.map((_, axis) => {
    const met = [...exit.attrs.contract, ...exit.attrs.batch].find((pair) => pair[partner] === axis);
    return met === undefined ? null : (labels[met[side] ?? -1] ?? null);
  });
}
