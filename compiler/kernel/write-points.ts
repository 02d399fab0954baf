/** A cluster of points → one kernel: its scalar DAG, its operands and what it stores. */
import type { Span } from "../../grammar/span.js";
import type { Id, Merge, Node } from "../graph/graph.js";
import { isTile } from "../graph/graph.js";
import { asNumber, constant, printSize, type Size } from "../graph/size.js";
import type { DType, Shape } from "../graph/type.js";
import type { LoopId } from "../plan/plan.js";
import type { SymbolicCall, SymbolicParameter, SymbolicView } from "./call.js";
import type { Cluster, Clustering } from "./cluster.js";
import { scalarText } from "./kernel-text.js";
import type { Access, Factor, FactorScalar, Kernel, KernelOperand, KernelOut, Scalar, ScalarOp } from "./kernel.js";
import { type AxisIndex, indexOperand, indexView } from "./layout.js";
import { nodeClass } from "./node-class.js";
import type { RegionNodes } from "./region-nodes.js";

/** One result: a value at every point, where it goes, and how points that meet are merged. */
export type PointOut = {
  /** A node, or the position along a dim (plus the block's start, where the body says so). */
  readonly value: { readonly node: Id; readonly index: readonly AxisIndex[] } | { readonly position: number };
  readonly view: SymbolicView;
  readonly dtype: DType;
  readonly access: Access;
  readonly merge: Merge;
  readonly topk: KernelOut["topk"];
  /** Index of the result, in this list, whose value decides. */
  readonly by: number | null;
  readonly first: readonly LoopId[];
};

export type Places = {
  /** Where the bytes of a stored value are. */
  readonly placeOf: (id: Id) => SymbolicView;
  readonly stored: (dtype: DType) => DType;
  /** The program-wide number of a tile's loop. */
  readonly loop: (k: number) => LoopId;
};

export const atDims = (dims: Access): readonly AxisIndex[] => dims.map((dim) => ({ dim, start: constant(0) }));

export class PointWriter {
  readonly #clusters: Clustering;
  readonly #nodes: RegionNodes;
  readonly #cluster: Cluster;
  readonly #places: Places;
  readonly #extents: Size[];
  readonly #operands: SymbolicView[] = [];
  readonly #operandTypes: KernelOperand[] = [];
  readonly #parameters: SymbolicParameter[] = [];
  readonly #scalars: Scalar[] = [];
  /** A shared subexpression is walked once, however many paths lead to it: node and index → scalar. */
  readonly #values = new Map<string, number>();
  /** Equal entries are one: text of the entry → its number. */
  readonly #known = new Map<string, number>();

  constructor(clusters: Clustering, cluster: Cluster, places: Places) {
    this.#clusters = clusters;
    this.#nodes = clusters.nodes;
    this.#cluster = cluster;
    this.#places = places;
    this.#extents = [...cluster.space];
  }

  write(outs: readonly PointOut[], span: Span): SymbolicCall {
    const contraction = this.#contraction();
    const kernelOuts = outs.map((out): KernelOut => {
      const value =
        "position" in out.value
          ? this.#scalar({ kind: "index", dim: out.value.position, dtype: "i32" })
          : this.#value(out.value.node, out.value.index);
      return { operand: -1, access: out.access, value, merge: out.merge, topk: out.topk, by: out.by };
    });
    const stores = outs.map(
      (out, k): KernelOut => ({ ...(kernelOuts[k] as KernelOut), operand: this.#operand(out.view, this.#places.stored(out.dtype)) }),
    );
    const points = { operands: this.#operandTypes, dims: this.#extents.length, scalars: this.#scalars, outs: stores };
    const reduces = stores.some(({ merge, access }) => merge !== "none" && access.length < points.dims);
    const kernel: Kernel =
      contraction !== null ? { form: "contract", ...points, ...contraction } : { form: reduces ? "reduce" : "map", ...points };
    return {
      kernel,
      operands: this.#operands,
      extents: this.#extents,
      parameters: this.#parameters,
      first: outs.map(({ first }) => first),
      span,
    };
  }

  // Contraction --------------------------------------------------------------------------------------------------------

  #contraction(): { readonly left: Factor; readonly right: Factor; readonly inner: number } | null {
    const node = this.#cluster.node;
    if (node === null || isTile(node) || node.op !== "dot") return null;
    const [x = -1, y = -1] = node.ins;
    const { batch, contract } = node.attrs;
    const rank = this.#cluster.space.length;
    contract.forEach(([axis]) => this.#extents.push(this.#nodes.shape(x)[axis] ?? []));
    let free = batch.length;
    const side = (id: Id, which: 0 | 1): Factor => {
      const dims = this.#nodes.shape(id).map((_, axis) => {
        const [b, c] = [batch, contract].map((pairs) => pairs.findIndex((pair) => pair[which] === axis)) as [number, number];
        return b >= 0 ? b : c >= 0 ? rank + c : free++;
      });
      const { base, index } = this.#nodes.resolve(id, atDims(dims));
      const { dtype } = this.#nodes.op(base).type;
      const load: FactorScalar = {
        kind: "load",
        ...this.#load(this.#places.placeOf(base), index, dtype),
        dtype: this.#places.stored(dtype),
      };
      return { scalars: [load], value: 0 };
    };
    return { left: side(x, 0), right: side(y, 1), inner: contract.length };
  }

  // Scalars ------------------------------------------------------------------------------------------------------------

  #value(id: Id, index: readonly AxisIndex[]): number {
    const key = `${id} ${index.map(({ dim, start }) => `${dim}+${printSize(start)}`).join()}`;
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = this.#compute(id, index);
    this.#values.set(key, value);
    return value;
  }
  #compute(id: Id, index: readonly AxisIndex[]): number {
    const node = this.#nodes.op(id);
    const dtype = this.#places.stored(node.type.dtype);
    const kind = nodeClass[node.op];
    if (kind === "layout") {
      const operand = node.ins[0] ?? -1;
      const inner = indexOperand(node, this.#nodes.shape(operand), index);
      if (inner !== null) return this.#value(operand, inner);
    }
    if (kind === "leaf") return this.#leaf(node, index, dtype);
    if (node === this.#cluster.node) return this.#scalar({ kind: "accumulator", dtype });
    if (kind === "points" && (this.#nodes.isCheap(id) || this.#clusters.producer(id) === this.#cluster))
      return this.#scalar({ kind: "op", op: node.op as ScalarOp, ins: node.ins.map((operand) => this.#value(operand, index)), dtype });
    return this.#scalar({ kind: "load", ...this.#load(this.#places.placeOf(id), index, node.type.dtype), dtype });
  }

  #leaf(node: Node, index: readonly AxisIndex[], dtype: DType): number {
    switch (node.op) {
      case "const":
        return this.#scalar({ kind: "const", value: node.attrs.value, dtype });
      case "size":
        return this.#parameter({ size: node.attrs.size, start: null }, dtype);
      case "iota":
        return this.#position(index[0], null);
      case "loop_index":
        return this.#position(index[0], this.#places.loop(node.attrs.loop));
      default:
        throw new Error(`${node.op} is no leaf`);
    }
  }
  #position(index: AxisIndex | undefined, loop: LoopId | null): number {
    const start = index?.start ?? constant(0);
    const base = start.length === 0 && loop === null ? null : this.#parameter({ size: start, start: loop }, "i32");
    const dim = index?.dim ?? null;
    if (dim === null) return base ?? this.#scalar({ kind: "const", value: 0, dtype: "i32" });
    const position = this.#scalar({ kind: "index", dim, dtype: "i32" });
    return base === null ? position : this.#scalar({ kind: "op", op: "add", ins: [base, position], dtype: "i32" });
  }
  #parameter(parameter: SymbolicParameter, dtype: DType): number {
    const value = parameter.start === null ? asNumber(parameter.size) : null;
    if (value !== null) return this.#scalar({ kind: "const", value, dtype });
    const key = (p: SymbolicParameter): string => `${printSize(p.size)} ${p.start}`;
    const known = this.#parameters.findIndex((p) => key(p) === key(parameter));
    return this.#scalar({ kind: "parameter", parameter: known >= 0 ? known : this.#parameters.push(parameter) - 1, dtype });
  }

  #scalar(scalar: Scalar): number {
    const key = scalarText(scalar);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const number = this.#scalars.push(scalar) - 1;
    this.#known.set(key, number);
    return number;
  }

  // Operands -----------------------------------------------------------------------------------------------------------

  /** The window that points with this index see; dims that index no axis do not appear in it. */
  #load(place: SymbolicView, index: readonly AxisIndex[], dtype: DType): { readonly operand: number; readonly access: Access } {
    const access = [...new Set(index.flatMap(({ dim }) => (dim === null ? [] : [dim])))];
    const packed = index.map((i) => ({ ...i, dim: i.dim === null ? null : access.indexOf(i.dim) }));
    const view = indexView(
      place,
      packed,
      access.map((dim) => this.#extents[dim] ?? []),
    );
    return { operand: this.#operand(view, this.#places.stored(dtype)), access };
  }
  #operand(view: SymbolicView, dtype: DType): number {
    const text = viewText(view);
    const known = this.#operands.findIndex((other) => viewText(other) === text);
    if (known >= 0) return known;
    this.#operandTypes.push({ dtype, rank: view.dims.length });
    return this.#operands.push(view) - 1;
  }
}

function viewText({ buffer, offset, bases, dims }: SymbolicView): string {
  const list = (sizes: Shape): string => sizes.map(printSize).join();
  return `${buffer} ${printSize(offset)} ${bases.map(({ loop, stride }) => `${loop}:${printSize(stride)}`).join()} ${list(dims.map(({ size }) => size))} ${list(dims.map(({ stride }) => stride))}`;
}
