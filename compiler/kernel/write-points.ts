/** A cluster of points → one kernel: its operands, its scalars and what it stores. */
import type { Span } from "../../grammar/span.js";
import type { Id, Merge } from "../graph/graph.js";
import { isTile } from "../graph/graph.js";
import { addSizes, constant, multiplySizes, printSize, type Size } from "../graph/size.js";
import type { DType, Shape } from "../graph/type.js";
import type { LoopId } from "../plan/plan.js";
import type { SymbolicCall, SymbolicParameter, SymbolicView } from "./call.js";
import type { Cluster, Clustering } from "./cluster.js";
import type { Access, Factor, FactorScalar, Kernel, KernelOperand, KernelOut, WindowAxis, WindowTerm } from "./kernel.js";
import { type AxisIndex, indexView } from "./layout.js";
import { type Expressions, type Places, ScalarWriter } from "./write-scalars.js";

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

export const atDims = (dims: Access): readonly AxisIndex[] => dims.map((dim) => ({ dim, start: constant(0) }));

export class PointWriter implements Expressions {
  readonly clusters: Clustering;
  readonly cluster: Cluster;
  readonly places: Places;
  readonly #extents: Size[];
  readonly #operands: SymbolicView[] = [];
  readonly #operandTypes: KernelOperand[] = [];
  readonly #parameters: SymbolicParameter[] = [];

  constructor(clusters: Clustering, cluster: Cluster, places: Places) {
    this.clusters = clusters;
    this.cluster = cluster;
    this.places = places;
    this.#extents = [...cluster.space];
  }

  write(outs: readonly PointOut[], span: Span): SymbolicCall {
    const contraction = this.#contraction();
    const writer = new ScalarWriter(this);
    const values = outs.map(({ value }) => ("position" in value ? writer.index(value.position) : writer.value(value.node, value.index)));
    const stores = outs.map(({ view, dtype, access, merge, topk, by }, k): KernelOut => {
      return { operand: this.#operand(view, this.places.stored(dtype)), access, value: values[k] ?? -1, merge, topk, by };
    });
    const points = { operands: this.#operandTypes, dims: this.#extents.length, scalars: writer.scalars, outs: stores };
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

  #contraction(): { readonly left: Factor; readonly right: Factor; readonly inner: number } | null {
    const node = this.cluster.node;
    if (node === null || isTile(node) || node.op !== "dot") return null;
    const [x = -1, y = -1] = node.ins;
    const { batch, contract } = node.attrs;
    const shape = (id: Id): Shape => this.clusters.nodes.shape(id);
    const rank = this.cluster.space.length;
    contract.forEach(([axis]) => this.#extents.push(shape(x)[axis] ?? []));
    let free = batch.length;
    const side = (id: Id, which: 0 | 1): Factor => {
      const dims = shape(id).map((_, axis) => {
        const [b, c] = [batch, contract].map((pairs) => pairs.findIndex((pair) => pair[which] === axis)) as [number, number];
        return b >= 0 ? b : c >= 0 ? rank + c : free++;
      });
      const writer = new ScalarWriter(this);
      const value = writer.value(id, atDims(dims));
      return { scalars: writer.scalars.map(withoutAccumulator), value };
    };
    return { left: side(x, 0), right: side(y, 1), inner: contract.length };
  }

  // What the scalars name ----------------------------------------------------------------------------------------------

  parameter(parameter: SymbolicParameter): number {
    const key = (p: SymbolicParameter): string => `${printSize(p.size)} ${p.start}`;
    const known = this.#parameters.findIndex((p) => key(p) === key(parameter));
    return known >= 0 ? known : this.#parameters.push(parameter) - 1;
  }

  /** The window that points with this index see; dims that index no axis do not appear in it. */
  load(place: SymbolicView, index: readonly AxisIndex[], dtype: DType): { readonly operand: number; readonly access: Access } {
    const access = [...new Set(index.flatMap(({ dim }) => (dim === null ? [] : [dim])))];
    const packed = index.map((i) => ({ ...i, dim: i.dim === null ? null : access.indexOf(i.dim) }));
    const view = indexView(
      place,
      packed,
      access.map((dim) => this.#extents[dim] ?? []),
    );
    return { operand: this.#operand(view, this.places.stored(dtype)), access };
  }
  /** All of the value; positions say where. */
  window(
    place: SymbolicView,
    index: readonly AxisIndex[],
    dtype: DType,
  ): { readonly operand: number; readonly axes: readonly WindowAxis[] } {
    const offset = index.reduce(
      (sum, { start }, axis) => addSizes(sum, multiplySizes(start, place.dims[axis]?.stride ?? constant(0))),
      place.offset,
    );
    const term = (dim: number, step: number): WindowTerm => ({ dim, divisor: 1, modulus: null, step });
    const axes = index.map(({ dim, window }): WindowAxis => {
      if (window === undefined) return { terms: dim === null ? [] : [term(dim, 1)], start: 0, over: 1, extent: null };
      return { ...window, terms: window.terms.map((t) => term(t.dim, t.step)) };
    });
    return { operand: this.#operand({ ...place, offset }, this.places.stored(dtype)), axes };
  }
  #operand(view: SymbolicView, dtype: DType): number {
    const text = viewText(view);
    const known = this.#operands.findIndex((other) => viewText(other) === text);
    if (known >= 0) return known;
    this.#operandTypes.push({ dtype, rank: view.dims.length });
    return this.#operands.push(view) - 1;
  }
}

function withoutAccumulator(scalar: ScalarWriter["scalars"][number]): FactorScalar {
  if (scalar.kind === "accumulator") throw new Error("a contraction reads its own sum");
  return scalar;
}

function viewText({ buffer, offset, bases, dims }: SymbolicView): string {
  const list = (sizes: Shape): string => sizes.map(printSize).join();
  return `${buffer} ${printSize(offset)} ${bases.map(({ loop, stride }) => `${loop}:${printSize(stride)}`).join()} ${list(dims.map(({ size }) => size))} ${list(dims.map(({ stride }) => stride))}`;
}
