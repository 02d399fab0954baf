/** A region's clusters → kernel calls and the buffers between them. */
import type { Span } from "../../grammar/span.js";
import { type Id, isTile, type Merge, type Node, type Tile } from "../graph/graph.js";
import type { Origin } from "../graph/origin.js";
import { addSizes, asNumber, constant, type Size } from "../graph/size.js";
import { type DType, isFloat, type Shape } from "../graph/type.js";
import type { BufferId, LoopId } from "../plan/plan.js";
import { contiguous, type SymbolicCall, type SymbolicView, windowOf } from "./call.js";
import { type Cluster, Clustering } from "./cluster.js";
import { foldDims } from "./fold-dims.js";
import type { Access, Kernel } from "./kernel.js";
import { identityIndex, indexView, reshapeView } from "./layout.js";
import { nodeClass } from "./node-class.js";
import { orderDims } from "./order-dims.js";
import { type Placement, placedPieces } from "./placed-pieces.js";
import { keyOf, reducedPoints, sameKey } from "./reduced-points.js";
import { type Region, type RegionNodes, showsBytes } from "./region-nodes.js";
import { roundSums, type Widened } from "./round-sums.js";
import { sinkOperands } from "./sink-operands.js";
import { unstoreCheap } from "./unstore-cheap.js";
import { atDims, type PointOut, PointWriter } from "./write-points.js";
import type { Places } from "./write-scalars.js";

/** One result of a tile's body: where its block goes and how blocks meet. */
export type Sink = {
  readonly value: Id;
  readonly view: SymbolicView;
  /** Of the bytes. */
  readonly dtype: DType;
  readonly merge: Merge;
  readonly first: readonly LoopId[];
  /** Another sink, by its place in the list. */
  readonly by: number | null;
  /** For an index that its kernel merges: the value along the reduced axis that goes in place of the position in the block. */
  readonly travels: Id | null;
  /** The first axis that no loop runs over: the one that counts the k best. */
  readonly whole: number;
};

/** What happens at one depth of the loops around the region: a kernel, or a whole tile. */
export type Step = { readonly depth: number } & (
  | { readonly call: SymbolicCall }
  | { readonly tile: Tile; readonly operands: readonly SymbolicView[]; readonly results: readonly BufferId[] }
);

export type RegionHost = Pick<Places, "stored" | "loop"> & {
  /** Sums of a tile that are one number are added up in f64. */
  readonly wideSums: boolean;
  /** A new buffer for a value of the region, computed at this depth. */
  readonly buffer: (
    node: { readonly id: Id | null; readonly op: string; readonly span: Origin },
    dtype: DType,
    shape: Shape,
    depth: number,
  ) => BufferId;
};

export type FormedRegion = { readonly steps: readonly Step[]; readonly bufferOf: (id: Id) => BufferId };

export function formRegion(region: Region, sinks: readonly Sink[], fullDepth: number, host: RegionHost): FormedRegion {
  return new RegionFormer(region, sinks, fullDepth, host).form();
}

class RegionFormer {
  readonly #region: Region;
  readonly #sinks: readonly Sink[];
  readonly #fullDepth: number;
  readonly #host: RegionHost;
  readonly #clusters: Clustering;
  readonly #nodes: RegionNodes;
  readonly #placed: ReadonlyMap<Id, Placement>;
  readonly #buffers = new Map<Id, BufferId>();
  readonly #steps: Step[] = [];
  readonly #places: Places;

  constructor(region: Region, sinks: readonly Sink[], fullDepth: number, host: RegionHost) {
    this.#region = region;
    this.#sinks = sinks;
    this.#fullDepth = fullDepth;
    this.#host = host;
    this.#clusters = new Clustering(region);
    unstoreCheap(this.#clusters);
    this.#nodes = this.#clusters.nodes;
    this.#placed = placedPieces(region, this.#nodes, (id) => this.#clusters.isStored(id));
    this.#places = { placeOf: (id) => this.#place(id), stored: host.stored, loop: host.loop };
  }

  form(): FormedRegion {
    const direct = this.#sinks.filter((sink) => this.#isDirect(sink));
    const rest = this.#sinks.filter((sink) => !direct.includes(sink));
    const readers = this.#joint(rest).map((group) => {
      const [lead] = group;
      const shape = this.#nodes.shape(lead?.value ?? -1);
      return {
        group,
        cluster: this.#clusters.reader(
          group.map(({ value }) => value),
          shape,
          this.#fullDepth,
        ),
      };
    });
    const readerClusters = new Set(readers.map(({ cluster }) => cluster));
    for (const cluster of this.#clusters.ordered()) {
      if (readerClusters.has(cluster)) continue;
      const own = direct.filter(({ value }) => this.#clusters.producer(value) === cluster);
      if (cluster.stored.size === 0 && own.length === 0) continue;
      if (cluster.node === null || (!isTile(cluster.node) && cluster.node.op === "dot")) this.#points(cluster, own);
      else this.#whole(cluster, cluster.node, own);
    }
    for (const { group, cluster } of readers) this.#mergeParts(cluster, group);
    // A value that changes with fewer loops never reads one that changes with more: the sort keeps every order that matters.
    const steps = this.#steps.toSorted((a, b) => a.depth - b.depth);
    return { steps, bufferOf: (id) => this.#buffers.get(id) ?? raise(`%${id} has no buffer`) };
  }

  // Where values lie ---------------------------------------------------------------------------------------------------

  #place(id: Id): SymbolicView {
    const node = this.#nodes.op(id);
    if (nodeClass[node.op] === "given") return this.#region.given(id);
    if (showsBytes(node) && this.#nodes.isAlias(node)) {
      const operand = node.ins[0] ?? -1;
      const shape = this.#nodes.shape(operand);
      const { base, index } = this.#nodes.resolve(operand, identityIndex(shape.length));
      return reshapeView(indexView(this.#place(base), index, shape), node.type.shape) ?? raise(`%${id} is no view`);
    }
    return this.#wholeView(id, this.#buffers.get(id) ?? raise(`%${id} (${node.op}) is read before it is stored`));
  }
  #wholeView(id: Id, buffer: BufferId): SymbolicView {
    return this.#placed.get(id)?.view(buffer) ?? this.#nodes.wholeView(id, buffer);
  }
  #store(node: Node, depth: number): BufferId {
    const placed = this.#placed.get(node.id);
    if (placed !== undefined) {
      const shared = this.#buffers.get(placed.concat.id) ?? this.#store(placed.concat, depth);
      this.#buffers.set(node.id, shared);
      return shared;
    }
    const buffer = this.#host.buffer(node, node.type.dtype, node.type.shape, depth);
    this.#buffers.set(node.id, buffer);
    return buffer;
  }

  // Points -------------------------------------------------------------------------------------------------------------

  #points(cluster: Cluster, sinks: readonly Sink[]): void {
    const outs: PointOut[] = [];
    let span: Span | null = cluster.node?.span ?? null;
    const stored = [...cluster.stored].map((id) => this.#nodes.op(id)).sort((a, b) => rank(a) - rank(b));
    for (const node of stored) {
      span ??= node.span;
      const view = this.#wholeView(node.id, this.#store(node, cluster.depth));
      const live = cluster.live.get(node.id);
      if (live !== undefined) outs.push({ ...plain(node, live), view, merge: "none", topk: null, by: null, first: [] });
      else this.#reduction(cluster, node, view, outs);
    }
    const places = new Map<Sink, number>();
    for (const sink of sinks.toSorted((a, b) => Number(a.by !== null) - Number(b.by !== null))) {
      const node = this.#nodes.op(sink.value);
      span ??= node.span;
      const live = cluster.live.get(node.id);
      const { view, dtype, merge, first, travels } = sink;
      places.set(sink, outs.length);
      if (live !== undefined) {
        outs.push({ ...plain(node, live), view, dtype, merge, topk: null, by: null, first });
        continue;
      }
      const reduced = { ...reducedPoints(node, dimsOf(cluster, node)), view, dtype, first };
      const lead = sink.by === null ? undefined : this.#sinks[sink.by];
      if (travels === null || lead === undefined) outs.push(reduced);
      else {
        const value = "position" in reduced.value ? { node: travels, index: atDims([reduced.value.position]) } : reduced.value;
        outs.push({ ...reduced, value, by: places.get(lead) ?? raise(`%${node.id} follows a value of another kernel`) });
      }
    }
    const call = new PointWriter(this.#clusters, cluster, this.#places).write(outs, span ?? raise("a cluster without nodes"));
    const order = this.#dimsInMemory(cluster, stored);
    this.#call(cluster.depth, order === null ? call : orderDims(call, order));
  }

  /** The dims as they lie in what the cluster stores, the outermost first: those of the last value that does not lie row by row; null without one. */
  #dimsInMemory(cluster: Cluster, stored: readonly Node[]): Access | null {
    const ordered = stored.flatMap(({ id }) => {
      const [live, order] = [cluster.live.get(id), this.#nodes.orderOf(id)];
      return live === undefined || order === null ? [] : [order.map((axis) => live[axis] ?? -1)];
    });
    return ordered.at(-1) ?? null;
  }

  /** Adds a stored reduction; an index brings the value that it follows: the program's own where that is stored beside, else one more. */
  #reduction(cluster: Cluster, node: Node, view: SymbolicView, outs: PointOut[]): void {
    const dims = dimsOf(cluster, node);
    const reduced = reducedPoints(node, dims);
    const key = keyOf(node, reduced, dims, this.#nodes.op(node.ins[0] ?? -1).type.dtype);
    let by: number | null = null;
    if (key !== null) {
      const same = outs.findIndex((out) => out.first.length === 0 && sameKey(out, key));
      by = same >= 0 ? same : outs.length;
      const { dtype, merge } = key;
      if (same < 0) {
        const buffer = this.#host.buffer({ id: null, op: merge, span: node.span }, dtype, node.type.shape, cluster.depth);
        outs.push({ ...key, view: contiguous(buffer, node.type.shape), first: [] });
      }
    }
    outs.push({ ...reduced, by, view, first: [] });
  }

  // A tile's results ---------------------------------------------------------------------------------------------------

  /** Can the kernel that computes the value merge it into the whole? Else indices and the values they follow are merged together, later. */
  #isDirect(sink: Sink): boolean {
    if (sink.travels !== null || this.#sinks.some(({ by, travels }) => travels !== null && by !== null && this.#sinks[by] === sink))
      return true;
    if (sink.by !== null || sink.merge === "topk" || this.#sinks.some(({ by }) => by !== null && this.#sinks[by] === sink)) return false;
    const node = this.#nodes.op(sink.value);
    if (this.#region.depth(node.id) !== this.#fullDepth) return false;
    switch (nodeClass[node.op]) {
      case "points":
        return !this.#nodes.isCheap(node.id);
      case "contraction":
        return true;
      case "reduction":
        // An index needs its value beside it.
        return node.op === sink.merge || (sink.merge === "none" && node.op !== "argmax" && node.op !== "topk_index");
      default:
        return node.op === "scatter_add" && sink.merge === "sum";
    }
  }

  /** The other results, those that follow each other together. */
  #joint(sinks: readonly Sink[]): readonly (readonly Sink[])[] {
    const leads = sinks.filter(({ by }) => by === null);
    return leads.map((lead) => [lead, ...sinks.filter(({ by }) => by !== null && this.#sinks[by] === lead)]);
  }

  #mergeParts(cluster: Cluster, group: readonly Sink[]): void {
    const span = this.#nodes.op(group[0]?.value ?? -1).span;
    const outs = group.map((sink, k): PointOut => {
      const node = this.#nodes.op(sink.value);
      const dims = node.type.shape.map((_, axis) => axis);
      // The k best of a block and the k best so far: the axis that counts them is reduced again.
      const ranks =
        sink.merge === "topk" || sink.merge === "topk_index"
          ? { axis: sink.whole, k: asNumber(node.type.shape[sink.whole] ?? []) ?? raise(`%${node.id}: k is not known`) }
          : null;
      return {
        value: { node: node.id, index: atDims(dims) },
        dtype: sink.dtype,
        view: sink.view,
        merge: sink.merge,
        access: dims.filter((axis) => axis !== ranks?.axis),
        topk: ranks,
        by: k === 0 ? null : 0,
        first: sink.first,
      };
    });
    this.#call(this.#fullDepth, new PointWriter(this.#clusters, cluster, this.#places).write(outs, span));
  }

  // Whole arrays -------------------------------------------------------------------------------------------------------

  #call(depth: number, call: SymbolicCall): void {
    this.#steps.push({ depth, call: foldDims(call) });
  }

  #whole(cluster: Cluster, node: Node | Tile, sinks: readonly Sink[]): void {
    if (isTile(node)) return this.#tile(cluster, node);
    const sizes = (id: Id): Shape => this.#nodes.shape(id);
    const view = (id: Id): SymbolicView => {
      const { base, index } = this.#nodes.resolve(id, identityIndex(sizes(id).length));
      return indexView(this.#place(base), index, sizes(id));
    };
    const [x = -1, y = -1] = node.ins;
    switch (node.op) {
      case "gather":
      case "scatter_add": {
        const kernel = (operands: readonly SymbolicView[]): Kernel => ({
          form: node.op,
          axis: node.attrs.axis,
          operands: this.#typed(operands, [this.#dtype(x), this.#dtype(y), node.type.dtype]),
        });
        const emit = (out: SymbolicView, first: readonly LoopId[]): void => {
          const operands = [view(x), view(y), out];
          this.#call(cluster.depth, { kernel: kernel(operands), operands, extents: [], parameters: [], first: [first], span: node.span });
        };
        for (const sink of sinks) emit(sink.view, sink.first);
        if (sinks.length === 0 || this.#isRead(node.id)) emit(contiguous(this.#store(node, cluster.depth), node.type.shape), []);
        return;
      }
      case "cumsum":
      case "sort": {
        const operands = [view(x), contiguous(this.#store(node, cluster.depth), node.type.shape)];
        const typed = this.#typed(operands, [this.#dtype(x), node.type.dtype]);
        const kernel: Kernel =
          node.op === "sort"
            ? { form: "sort", axis: node.attrs.axis, operands: typed }
            : { form: "cumsum", axis: node.attrs.axis, reverse: node.attrs.reverse, operands: typed };
        this.#call(cluster.depth, { kernel, operands, extents: [], parameters: [], first: [[]], span: node.span });
        return;
      }
      case "pad": {
        const out = contiguous(this.#store(node, cluster.depth), node.type.shape);
        const { axis, low, high } = node.attrs;
        const inner = sizes(x)[axis] ?? [];
        for (const [start, size] of [
          [constant(0), low],
          [addSizes(low, inner), high],
        ] as const)
          if (size.length > 0) this.#fill(node, cluster.depth, windowOf(out, axis, start, size));
        this.#copy(cluster, x, windowOf(out, axis, low, inner), node);
        return;
      }
      case "concat": {
        const out = contiguous(this.#buffers.get(node.id) ?? this.#store(node, cluster.depth), node.type.shape);
        const made = new Set([...this.#placed.values()].flatMap(({ concat, piece }) => (concat.id === node.id ? [piece] : [])));
        let start: Size = constant(0);
        for (const [k, piece] of node.ins.entries()) {
          const size = sizes(piece)[node.attrs.axis] ?? [];
          if (!made.has(k)) this.#copy(cluster, piece, windowOf(out, node.attrs.axis, start, size), node);
          start = addSizes(start, size);
        }
        return;
      }
      case "reshape": {
        const out = contiguous(this.#store(node, cluster.depth), sizes(x));
        if (reshapeView(out, node.type.shape) === null) raise(`%${node.id}: the last block would leave gaps`);
        this.#copy(cluster, x, out, node);
        return;
      }
      default:
        raise(`${node.op} is no whole-array op`);
    }
  }

  #dtype(id: Id): DType {
    return this.#nodes.op(id).type.dtype;
  }
  #typed(operands: readonly SymbolicView[], dtypes: readonly DType[]): Kernel["operands"] {
    return operands.map(({ dims }, k) => ({ dtype: this.#host.stored(dtypes[k] ?? "f32"), rank: dims.length }));
  }
  /** Read by another cluster, not only merged into a result. */
  #isRead(id: Id): boolean {
    return this.#region.wanted.has(id) || this.#clusters.ordered().some(({ reads }) => reads.has(id));
  }

  #copy(cluster: Cluster, id: Id, view: SymbolicView, node: Node): void {
    const points: Cluster = { ...cluster, node: null, space: view.dims.map(({ size }) => size) };
    const dims = points.space.map((_, axis) => axis);
    const out: PointOut = {
      value: { node: id, index: atDims(dims) },
      dtype: node.type.dtype,
      view,
      access: dims,
      merge: "none",
      topk: null,
      by: null,
      first: [],
    };
    this.#call(cluster.depth, new PointWriter(this.#clusters, points, this.#places).write([out], node.span));
  }

  #fill(node: Node, depth: number, view: SymbolicView): void {
    const dtype = this.#host.stored(node.type.dtype);
    const access = view.dims.map((_, axis) => axis);
    const kernel: Kernel = {
      form: "map",
      dims: access.length,
      operands: [{ dtype, rank: access.length }],
      scalars: [{ kind: "const", value: 0, dtype }],
      outs: [{ operand: 0, access, value: 0, merge: "none", topk: null, by: null }],
    };
    this.#call(depth, {
      kernel,
      operands: [view],
      extents: view.dims.map(({ size }) => size),
      parameters: [],
      first: [[]],
      span: node.span,
    });
  }

  #tile(cluster: Cluster, whole: Tile): void {
    const tile = sinkOperands(whole, this.#nodes);
    const operands = tile.ins.map(({ value }) => {
      const shape = this.#nodes.shape(value);
      const { base, index } = this.#nodes.resolve(value, identityIndex(shape.length));
      return indexView(this.#place(base), index, shape);
    });
    const projects = this.#region.nodes.filter((node): node is Node<"project"> => node.op === "project" && node.ins[0] === tile.id);
    const wide: Widened[] = [];
    const results = tile.types.map((type, index) => {
      const mine = projects.filter((node) => node.attrs.index === index);
      const wanted = mine.find(({ id }) => this.#region.wanted.has(id)) ?? mine[0];
      const { merge = "none" } = tile.outs[index] ?? {};
      const span = wanted?.span ?? tile.span;
      const as = (dtype: DType, id: Id | null): BufferId => this.#host.buffer({ id, op: merge, span }, dtype, type.shape, cluster.depth);
      const buffer = as(type.dtype, wanted?.id ?? null);
      for (const { id } of mine) this.#buffers.set(id, buffer);
      const widens = this.#host.wideSums && merge === "sum" && type.shape.length === 0 && isFloat(this.#host.stored(type.dtype));
      if (!widens || this.#host.stored(type.dtype) === "f64") return buffer;
      const from = as("f64", null);
      wide.push({ from, to: buffer, dtype: this.#host.stored(type.dtype) });
      return from;
    });
    this.#steps.push({ depth: cluster.depth, tile, operands, results });
    if (wide.length > 0) this.#call(cluster.depth, roundSums(wide, tile.span));
  }
}

const dimsOf = (cluster: Cluster, node: Node): Access => cluster.reductions.get(node.id) ?? raise(`%${node.id} reduces nothing here`);

/** Values before the indices that follow them. */
const rank = (node: Node): number => (node.op === "argmax" || node.op === "topk_index" ? 1 : 0);

const plain = (node: Node, dims: Access): Pick<PointOut, "value" | "dtype" | "access"> => ({
  value: { node: node.id, index: atDims(dims) },
  dtype: node.type.dtype,
  access: dims,
});

function raise(message: string): never {
  throw new Error(message);
}
