/** Expressions of a region → the entries of one scalar DAG. */
import type { Id, Node } from "../graph/graph.js";
import { asNumber, constant } from "../graph/size.js";
import type { DType } from "../graph/type.js";
import type { LoopId } from "../plan/plan.js";
import type { SymbolicParameter, SymbolicView } from "./call.js";
import type { Cluster, Clustering } from "./cluster.js";
import { scalarText } from "./kernel-text.js";
import type { Access, Scalar, ScalarOp, WindowAxis } from "./kernel.js";
import { type AxisIndex, hasWindow, indexOperand, indexText } from "./layout.js";
import { nodeClass } from "./node-class.js";

export type Places = {
  /** Where the bytes of a stored value are. */
  readonly placeOf: (id: Id) => SymbolicView;
  readonly stored: (dtype: DType) => DType;
  /** The program-wide number of a tile's loop. */
  readonly loop: (k: number) => LoopId;
};

/** The kernel that a DAG belongs to: what its entries name is shared by all DAGs of the kernel. */
export type Expressions = {
  readonly clusters: Clustering;
  readonly cluster: Cluster;
  readonly places: Places;
  readonly parameter: (parameter: SymbolicParameter) => number;
  readonly load: (place: SymbolicView, index: readonly AxisIndex[], dtype: DType) => { readonly operand: number; readonly access: Access };
  readonly window: (
    place: SymbolicView,
    index: readonly AxisIndex[],
    dtype: DType,
  ) => { readonly operand: number; readonly axes: readonly WindowAxis[] };
};

export class ScalarWriter {
  readonly scalars: Scalar[] = [];
  readonly #kernel: Expressions;
  /** A shared subexpression is walked once, however many paths lead to it: node and index → scalar. */
  readonly #values = new Map<string, number>();
  /** Equal entries are one: text of the entry → its number. */
  readonly #known = new Map<string, number>();

  constructor(kernel: Expressions) {
    this.#kernel = kernel;
  }

  value(id: Id, index: readonly AxisIndex[]): number {
    const key = `${id} ${indexText(index)}`;
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = this.#compute(id, index);
    this.#values.set(key, value);
    return value;
  }
  index(dim: number): number {
    return this.#scalar({ kind: "index", dim, dtype: "i32" });
  }

  #compute(id: Id, index: readonly AxisIndex[]): number {
    const { clusters, cluster, places } = this.#kernel;
    const nodes = clusters.nodes;
    const node = nodes.op(id);
    const dtype = places.stored(node.type.dtype);
    const kind = nodeClass[node.op];
    const elsewhere = clusters.producer(id) !== cluster && clusters.isStored(id);
    if (kind === "layout" && !(node.op === "windows" && elsewhere)) {
      const operand = node.ins[0] ?? -1;
      const inner = indexOperand(node, nodes.shape(operand), index);
      if (inner !== null) return this.value(operand, inner);
    }
    if (hasWindow(index))
      return this.#scalar({ kind: "window", ...this.#kernel.window(places.placeOf(id), index, node.type.dtype), dtype });
    if (kind === "leaf") return this.#leaf(node, index, dtype);
    if (node === cluster.node) return this.#scalar({ kind: "accumulator", dtype });
    if (kind === "points" && (clusters.producer(id) === cluster || !clusters.isStored(id)))
      return this.#scalar({ kind: "op", op: node.op as ScalarOp, ins: node.ins.map((operand) => this.value(operand, index)), dtype });
    return this.#scalar({ kind: "load", ...this.#kernel.load(places.placeOf(id), index, node.type.dtype), dtype });
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
        return this.#position(index[0], this.#kernel.places.loop(node.attrs.loop));
      default:
        throw new Error(`${node.op} is no leaf`);
    }
  }
  #position(index: AxisIndex | undefined, loop: LoopId | null): number {
    const start = index?.start ?? constant(0);
    const base = start.length === 0 && loop === null ? null : this.#parameter({ size: start, start: loop }, "i32");
    const dim = index?.dim ?? null;
    if (dim === null) return base ?? this.#scalar({ kind: "const", value: 0, dtype: "i32" });
    const position = this.index(dim);
    return base === null ? position : this.#scalar({ kind: "op", op: "add", ins: [base, position], dtype: "i32" });
  }
  #parameter(parameter: SymbolicParameter, dtype: DType): number {
    const value = parameter.start === null ? asNumber(parameter.size) : null;
    if (value !== null) return this.#scalar({ kind: "const", value, dtype });
    return this.#scalar({ kind: "parameter", parameter: this.#kernel.parameter(parameter), dtype });
  }

  #scalar(scalar: Scalar): number {
    const key = scalarText(scalar);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const number = this.scalars.push(scalar) - 1;
    this.#known.set(key, number);
    return number;
  }
}
