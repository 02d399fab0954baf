/**
 * From regions to tiles, for one axis or two: every exit and every escaping value of one level over the same axes goes
 * into one tile, with what it reads of the region cloned into the body.
 */
import { GraphBuilder } from "../../graph/builder.js";
import {
  type Graph,
  type GraphNode,
  type Id,
  indexNodes,
  isTile,
  type Merge,
  type Node,
  type TileIn,
  type TileOut,
  valueIn,
} from "../../graph/graph.js";
import { copy } from "../../graph/rewrite.js";
import type { AxisPairs } from "../../graph/op-table.js";
import { batch, printSize, type Size } from "../../graph/size.js";
import type { Shape, Type } from "../../graph/type.js";
import type { PassNote } from "../pass.js";
import { axesOf, axisMap } from "./axes.js";
import type { Regions } from "./regions.js";

type Labels = readonly (number | null)[];
type Sweep = { readonly level: number; readonly extents: readonly Size[]; readonly members: Node[] };

/** `loopNames[k]` runs over a region value's k-th batch axis. */
export function formTiles(
  graph: Graph,
  regions: Regions,
  loopNames: readonly string[],
): { readonly graph: Graph; readonly notes: readonly PassNote[] } {
  const first = graph.nodes[0];
  return first === undefined ? { graph, notes: [] } : new Former(graph, regions, loopNames, first).run();
}

/** A region value's axes by loop; model axes are whole. */
function labelsOf(node: Node): Labels {
  const axes = axesOf(node);
  return node.type.shape.map((_, axis) => (axes.includes(axis) ? axes.indexOf(axis) : null));
}

class Former {
  readonly #graph: Graph;
  readonly #nodes: ReadonlyMap<Id, GraphNode>;
  readonly #regions: Regions;
  readonly #loopNames: readonly string[];
  readonly #b: GraphBuilder;
  readonly #ids = new Map<Id, Id>();
  readonly #sweepOf = new Map<Id, Sweep>();
  readonly #clonedBefore = new Set<Id>();
  readonly #notes: PassNote[] = [];

  constructor(graph: Graph, regions: Regions, loopNames: readonly string[], first: GraphNode) {
    this.#graph = graph;
    this.#nodes = indexNodes(graph);
    this.#regions = regions;
    this.#loopNames = loopNames;
    this.#b = new GraphBuilder(first.span);
  }

  run(): { graph: Graph; notes: readonly PassNote[] } {
    const sweeps = new Map<string, Sweep>();
    const enter = (member: Node, read: Node, level: number): void => {
      const extents = axesOf(read).map((axis) => read.type.shape[axis] ?? []);
      const key = `${level}|${extents.map(printSize).join("|")}`;
      const sweep = sweeps.get(key) ?? { level, extents, members: [] };
      sweeps.set(key, sweep);
      sweep.members.push(member);
      this.#sweepOf.set(member.id, sweep);
    };
    for (const node of this.#graph.nodes) {
      if (isTile(node)) continue;
      if (this.#regions.isExit(node)) enter(node, this.#readBy(node), this.#regions.level(node.id) - 1);
      else if (this.#regions.escaped.has(node.id)) enter(node, node, this.#regions.level(node.id));
    }
    // Region values are made where a tile asks for them; the others in their order, tiles when first needed.
    for (const node of this.#graph.nodes) if (isTile(node) || !this.#regions.inRegion(node.id)) this.#emit(node.id);
    return {
      graph: this.#b.finish(this.#graph.outputs.map(({ name, value }) => ({ name, value: this.#emit(value) }))),
      notes: this.#notes,
    };
  }

  #node(id: Id | undefined): Node {
    return valueIn(this.#nodes, id);
  }

  #readBy(exit: Node): Node {
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
    const body = new SweepBody(sweep, this.#regions, this.#loopNames, (id) => this.#node(id));
    for (const member of sweep.members) body.addMember(member);
    for (const { value } of body.ins) this.#emit(value);
    const [first] = sweep.members;
    if (first === undefined) return;
    this.#b.span = first.span;
    const tile = this.#b.tile({
      loops: sweep.extents.map((extent, k) => ({ name: this.#loopNames[k] ?? `k${k}`, extent, block: "auto" })),
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
      const { index, perm } = body.outOf(member.id);
      const type = body.types[index];
      if (type === undefined) throw new Error(`%${member.id} is no result of its sweep`);
      const result = this.#b.emit("project", [tile], { index, type });
      this.#ids.set(member.id, perm === null ? result : this.#b.transpose(result, perm));
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

/** `batch` before `contract`, so that equal attributes are equal text. */
const keyOf = (op: string, attrs: object, ins: readonly Id[]): string =>
  `${op}:${JSON.stringify(attrs, Object.keys(attrs).sort())}:${ins.join()}`;

/** The body of one tile under construction. */
class SweepBody {
  readonly ins: TileIn[] = [];
  readonly outs: TileOut[] = [];
  readonly types: Type[] = [];
  /** [old id, id in the body] of each region value, in order. */
  readonly clones: [Id, Id][] = [];
  readonly #regions: Regions;
  readonly #loopNames: readonly string[];
  readonly #node: (id: Id | undefined) => Node;
  readonly #b: GraphBuilder;
  readonly #made = new Map<string, Id>();
  readonly #outs = new Map<string, number>();
  readonly #outOf = new Map<Id, { readonly index: number; readonly perm: readonly number[] | null }>();

  constructor(sweep: Sweep, regions: Regions, loopNames: readonly string[], node: (id: Id | undefined) => Node) {
    this.#regions = regions;
    this.#loopNames = loopNames;
    this.#node = node;
    const [first] = sweep.members;
    if (first === undefined) throw new Error("a sweep without members");
    this.#b = new GraphBuilder(first.span);
  }

  finish(): Graph {
    return this.#b.finish([]);
  }

  /** Which result a member is; `perm` where it is that result transposed. */
  outOf(member: Id): { readonly index: number; readonly perm: readonly number[] | null } {
    return this.#outOf.get(member) ?? { index: -1, perm: null };
  }

  addMember(member: Node): void {
    const twin = this.#regions.isExit(member) && member.op === "dot" ? this.#twin(member) : null;
    if (twin !== null) this.#outOf.set(member.id, twin);
    else this.#outOf.set(member.id, { index: this.#regions.isExit(member) ? this.#exit(member) : this.#whole(member), perm: null });
  }

  /** The same contraction with its operands exchanged, made already: its result transposed costs no second contraction. */
  #twin(exit: Node<"dot">): { readonly index: number; readonly perm: readonly number[] } | null {
    const flip = (pairs: AxisPairs): AxisPairs => pairs.map(([l, r]) => [r, l] as const);
    const attrs = { batch: flip(exit.attrs.batch), contract: flip(exit.attrs.contract) };
    const index = this.#outs.get(keyOf("dot", attrs, [...exit.ins].reverse()));
    if (index === undefined) return null;
    const batch = exit.attrs.batch.length;
    const left = this.#node(exit.ins[0]).type.shape.length - batch - exit.attrs.contract.length;
    const rank = exit.type.shape.length;
    // Its axes: batch, our right ones, our left ones.
    const perm = exit.type.shape.map((_, axis) => (axis < batch ? axis : axis < batch + left ? axis + (rank - batch - left) : axis - left));
    return { index, perm };
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
    return this.#out(`whole:${member.id}`, () => ({
      value: this.#clone(member.id),
      place: labelsOf(member),
      merge: "none",
      by: null,
      type: member.type,
    }));
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
      this.#out(keyOf(op, exit.attrs, exit.ins), () => {
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
      case "scatter_add":
        return out(exit.op, exit.type, "sum", null, () => {
          const ins = exit.ins.map((id, k) =>
            k === side ? operand : this.#operand(id, partnerLabels(exit, side, labels, this.#node(id).type.shape)),
          );
          b.span = exit.span;
          return b.emit(exit.op, ins, exit.attrs as never);
        });
      case "argmax": {
        const { axis } = exit.attrs;
        const loop = labels[axis];
        const largest = this.#out(keyOf("max", { axes: [axis] }, exit.ins), () => {
          b.span = exit.span;
          return {
            value: b.emit("max", [operand], { axes: [axis] }),
            place,
            merge: "max",
            by: null,
            type: { dtype: pair.type.dtype, shape: exit.type.shape },
          };
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
    return this.#out(keyOf("topk", exit.attrs, exit.ins), () => {
      this.#b.span = exit.span;
      return {
        value: this.#b.emit("topk", [operand], exit.attrs),
        place,
        merge: "topk",
        by: null,
        type: { dtype: pair.type.dtype, shape },
      };
    });
  }

  /** Indices within a block → indices within the whole axis. */
  #global(local: Id, loop: number | null | undefined): Id {
    if (loop === null || loop === undefined) return local;
    return this.#b.emit("gather", [this.#index(loop), local], { axis: 0 });
  }

  #block(loop: number): Size {
    return batch(`@${this.#loopNames[loop]}`);
  }

  #blocked(shape: Shape, labels: Labels): Shape {
    return shape.map((size, axis) => {
      const label = labels[axis] ?? null;
      return label === null ? size : this.#block(label);
    });
  }

  #index(loop: number): Id {
    return this.#once(`index:${loop}`, () => this.#b.emit("loop_index", [], { loop, size: this.#block(loop) }));
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
        return this.#operand(
          operandId,
          operand.type.shape.map((_, axis) => {
            const to = map[axis];
            return to === null || to === undefined ? null : (labels[to] ?? null);
          }),
        );
      });
      this.#b.span = node.span;
      const made =
        node.op === "broadcast" || node.op === "reshape"
          ? this.#b.emit(node.op, ins, { ...node.attrs, shape: this.#blocked(node.type.shape, labels) } as never)
          : this.#b.emit(node.op, ins, node.attrs as never);
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
    if (node.op === "const" || node.op === "size" || node.op === "iota")
      return this.#once(`leaf:${id}`, () => this.#b.emit(node.op, [], node.attrs as never));
    return this.#once(`arg:${id}:${labels.join()}`, () => {
      this.ins.push({ value: id, slice: labels });
      return this.#b.emit("arg", [], {
        index: this.ins.length - 1,
        type: { dtype: node.type.dtype, shape: this.#blocked(node.type.shape, labels) },
      });
    });
  }

  /** Is this operand the escaped, stored copy (the right side of a contraction of two pair values)? */
  #readsWhole(id: Id, labels: Labels): boolean {
    const own = labelsOf(this.#node(id));
    return own.some((label, axis) => label !== labels[axis]);
  }
}

/** How the other operand of a contraction or scatter is cut: along the axes that meet the region value's. */
function partnerLabels(exit: Node<"dot"> | Node<"scatter_add">, side: number, labels: Labels, shape: Shape): Labels {
  if (exit.op === "scatter_add") {
    const { axis } = exit.attrs;
    if (side === 0) return labels.slice(axis, axis + shape.length);
    return shape.map((_, k) => (k >= axis && k < axis + labels.length ? (labels[k - axis] ?? null) : null));
  }
  const partner = 1 - side;
  return shape.map((_, axis) => {
    const met = [...exit.attrs.contract, ...exit.attrs.batch].find((pair) => pair[partner] === axis);
    return met === undefined ? null : (labels[met[side] ?? -1] ?? null);
  });
}
