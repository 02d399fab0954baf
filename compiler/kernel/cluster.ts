/**
 * Which nodes are computed together: a straight list of nodes becomes clusters, each one kernel (or one whole-array op).
 *
 * A cluster of points has an index space, at most one contraction, and every elementwise node that can be computed at the
 * same points; its reductions are results. Values stay in registers inside a cluster and are stored between clusters.
 * Cheap expressions belong to no cluster: each reader computes them again.
 */
import { type GraphNode, type Id, isTile, type Node } from "../graph/graph.js";
import { sameSize } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import type { Access } from "./kernel.js";
import { identityIndex } from "./layout.js";
import { nodeClass } from "./node-class.js";
import { copies, type Read, type Region, RegionNodes, showsBytes } from "./region-nodes.js";

export type Cluster = {
  readonly id: number;
  readonly depth: number;
  /** The sizes of the dims, without a contraction's inner ones. */
  readonly space: Shape;
  /** What the cluster is about: a contraction, a whole-array op, a tile; null where it only has points. */
  readonly node: GraphNode | null;
  /** Nodes with a value at each point; node axis k runs along dim `live[k]`. */
  readonly live: Map<Id, Access>;
  /** Reductions of the space; the operand's axis k runs along dim `reductions[k]`. */
  readonly reductions: Map<Id, Access>;
  /** What of it other clusters read. */
  readonly stored: Set<Id>;
  /** What it reads of other clusters and of outside. */
  readonly reads: Set<Id>;
  readonly after: Set<Cluster>;
};

export class Clustering {
  readonly #region: Region;
  readonly nodes: RegionNodes;
  readonly #position: ReadonlyMap<Id, number>;
  readonly #producer = new Map<Id, Cluster>();
  readonly #clusters = new Set<Cluster>();
  #count = 0;

  constructor(region: Region) {
    this.#region = region;
    this.nodes = new RegionNodes(region);
    this.#position = new Map(region.nodes.map((node, k) => [node.id, k]));
    for (const node of region.nodes) this.#place(node);
  }

  // Placing nodes ------------------------------------------------------------------------------------------------------

  #place(node: GraphNode): void {
    if (isTile(node))
      return this.#whole(
        node,
        node.ins.flatMap((input) => this.#basesOf(input.value)),
        0,
      );
    const kind = nodeClass[node.op];
    const self = identityIndex(node.type.shape.length);
    switch (kind) {
      case "given":
      case "leaf":
        if (kind === "leaf" && this.nodes.wanted.has(node.id)) this.#producer.set(node.id, this.#join(node, []));
        if (kind === "given" && this.#region.wanted.has(node.id)) this.#join(node, [{ base: node.id, index: self }]);
        return;
      case "project":
        return this.#follow(node.id, node.ins[0] ?? -1);
      case "layout":
        if (node.op === "windows") {
          if (this.nodes.wanted.has(node.id)) this.#producer.set(node.id, this.#join(node, this.nodes.readsOf(node, self)));
        } else if (this.nodes.baseOf(node.id) !== node.id) {
          if (this.#region.wanted.has(node.id)) this.#join(node, this.nodes.readsOf(node, self));
          else if (this.nodes.wanted.has(node.id)) {
            if (showsBytes(node)) this.#follow(node.id, this.nodes.baseOf(node.ins[0] ?? -1));
            else this.#producer.set(node.id, this.#join(node, this.nodes.readsOf(node, self)));
          }
        } else if (this.nodes.isAlias(node)) {
          this.#follow(node.id, this.nodes.baseOf(node.ins[0] ?? -1));
          if (this.#region.wanted.has(node.id)) this.#join(node, [{ base: node.id, index: self }]);
        } else
          this.#whole(
            node,
            this.nodes.readsOf(node, identityIndex(this.nodes.shape(node.ins[0] ?? -1).length)).map(({ base }) => base),
          );
        return;
      case "points":
        if (!this.nodes.isCheap(node.id)) this.#producer.set(node.id, this.#join(node, this.nodes.readsOf(node, self)));
        return;
      case "reduction":
        return this.#reduce(node);
      case "contraction":
        return this.#contract(node);
      case "whole":
        return this.#whole(
          node,
          node.ins.flatMap((operand) => (copies(node) ? this.#basesOf(operand) : [this.nodes.baseOf(operand)])),
        );
      case "absent":
        throw new Error(`${node.op} (%${node.id}) is not left when kernels are formed`);
    }
  }

  #basesOf(id: Id): readonly Id[] {
    return this.nodes.reads(id).map(({ base }) => base);
  }

  #follow(id: Id, producerOf: Id): void {
    const cluster = this.#producer.get(producerOf);
    if (cluster !== undefined) this.#producer.set(id, cluster);
  }

  #create(node: GraphNode | null, depth: number, space: Shape): Cluster {
    const cluster: Cluster = {
      id: this.#count++,
      depth,
      space,
      node,
      live: new Map(),
      reductions: new Map(),
      stored: new Set(),
      reads: new Set(),
      after: new Set(),
    };
    this.#clusters.add(cluster);
    return cluster;
  }

  /** Makes what other clusters produce be stored, and comes after them. */
  #require(cluster: Cluster, bases: readonly Id[]): void {
    for (const base of bases) {
      const producer = this.#producer.get(base);
      if (producer === cluster && cluster.live.has(base)) continue;
      cluster.reads.add(base);
      if (producer === undefined) continue;
      producer.stored.add(this.nodes.storageOf(base));
      if (producer !== cluster) cluster.after.add(producer);
    }
  }
  #whole(node: GraphNode, bases: readonly Id[], depth = this.#region.depth(node.id)): void {
    const cluster = this.#create(node, depth, []);
    this.#producer.set(node.id, cluster);
    cluster.stored.add(node.id);
    this.#require(cluster, bases);
  }

  #contract(node: Node): void {
    const cluster = this.#create(node, this.#region.depth(node.id), node.type.shape);
    this.#producer.set(node.id, cluster);
    cluster.live.set(
      node.id,
      node.type.shape.map((_, axis) => axis),
    );
    if (this.nodes.wanted.has(node.id)) cluster.stored.add(node.id);
    this.#require(
      cluster,
      node.ins.flatMap((operand) => this.#basesOf(operand)),
    );
  }

  /** Computes (or copies) a value at the points of some cluster. */
  #join(node: Node, reads: readonly Read[]): Cluster {
    const depth = this.#region.depth(node.id);
    const cluster = this.#home(reads, node.type.shape, depth) ?? this.#create(null, depth, node.type.shape);
    const dims = dimsThrough(cluster, reads, node.type.shape) ?? node.type.shape.map((_, axis) => axis);
    this.#require(
      cluster,
      reads.map(({ base }) => base),
    );
    cluster.live.set(node.id, dims);
    if (this.nodes.wanted.has(node.id)) cluster.stored.add(node.id);
    return cluster;
  }

  #reduce(node: Node): void {
    const operand = node.ins[0] ?? -1;
    const shape = this.nodes.shape(operand);
    const reads = this.nodes.reads(operand);
    const depth = this.#region.depth(node.id);
    const cluster = this.#home(reads, shape, depth) ?? this.#sameSpace(reads, shape, depth) ?? this.#create(null, depth, shape);
    const dims = dimsThrough(cluster, reads, shape) ?? shape.map((_, axis) => axis);
    this.#require(
      cluster,
      reads.map(({ base }) => base),
    );
    this.#producer.set(node.id, cluster);
    cluster.reductions.set(node.id, dims);
    if (this.nodes.wanted.has(node.id)) cluster.stored.add(node.id);
  }

  // Joining ------------------------------------------------------------------------------------------------------------

  /** The cluster at whose points the reads are live; several become one where nothing between them forbids it. */
  #home(reads: readonly Read[], shape: Shape, depth: number): Cluster | null {
    const producers = new Set(reads.flatMap(({ base }) => this.#producer.get(base) ?? []));
    const candidates = [...producers]
      .filter((c) => c.depth === depth && reads.some((read) => pointsOf(read, c, shape) !== null))
      .sort((a, b) => b.id - a.id);
    let home: Cluster | null = null;
    for (const candidate of candidates) {
      const joined: Set<Cluster> = new Set(home === null ? [candidate] : [home, candidate]);
      if ([...joined].filter(({ node }) => node !== null).length > 1 || !this.#mayJoin(reads, shape, joined)) continue;
      home = home === null ? candidate : this.#merge(home, candidate, reads, shape);
    }
    return home;
  }

  /** All that the reads take from these clusters is live at the same points, and nothing else that is read waits for them. */
  #mayJoin(reads: readonly Read[], shape: Shape, joined: ReadonlySet<Cluster>): boolean {
    const outside = new Set([...joined].flatMap((c) => [...c.after]));
    // One that waits for the other reads more of it than its points.
    if ([...joined].some((c) => outside.has(c))) return false;
    for (const cluster of joined) {
      let points: string | null = null;
      for (const read of reads.filter(({ base }) => this.#producer.get(base) === cluster)) {
        const at = pointsOf(read, cluster, shape)?.join() ?? null;
        if (at === null || (points !== null && points !== at)) return false;
        points = at;
      }
    }
    for (const { base } of reads) {
      const producer = this.#producer.get(base);
      if (producer !== undefined) outside.add(producer);
    }
    return !reaches(
      [...outside].filter((c) => !joined.has(c)),
      joined,
    );
  }

  #merge(a: Cluster, b: Cluster, reads: readonly Read[], shape: Shape): Cluster {
    const [into, from] = b.node !== null ? [b, a] : [a, b];
    const [intoDims, fromDims] = [into, from].map((cluster) => {
      const read = reads.find(({ base }) => this.#producer.get(base) === cluster);
      return (read && pointsOf(read, cluster, shape)) ?? [];
    });
    /** dim of `from` → dim of `into`, by way of the axes of the reader. */
    const moved = (dims: Access): Access => dims.map((dim) => intoDims?.[fromDims?.indexOf(dim) ?? -1] ?? -1);
    for (const [id, dims] of from.live) into.live.set(id, moved(dims));
    for (const [id, dims] of from.reductions) into.reductions.set(id, moved(dims));
    for (const id of [...from.live.keys(), ...from.reductions.keys()]) this.#producer.set(id, into);
    for (const [id, cluster] of this.#producer) if (cluster === from) this.#producer.set(id, into);
    for (const id of from.stored) into.stored.add(id);
    for (const id of from.reads) into.reads.add(id);
    for (const cluster of from.after) into.after.add(cluster);
    this.#clusters.delete(from);
    for (const cluster of this.#clusters) if (cluster.after.delete(from)) cluster.after.add(into);
    into.after.delete(into);
    return into;
  }

  /** A cluster over an equal space that a reduction of cheap values may ride along with: in a tile, or where both read an array of that rank. */
  #sameSpace(reads: readonly Read[], shape: Shape, depth: number): Cluster | null {
    const producers = reads.flatMap(({ base }) => this.#producer.get(base) ?? []);
    let behind: ReadonlySet<Cluster> | null = null;
    for (const cluster of this.#clusters) {
      if (
        cluster.depth !== depth ||
        cluster.space.length !== shape.length ||
        !cluster.space.every((size, k) => sameSize(size, shape[k] ?? []))
      )
        continue;
      if (cluster.node !== null && (isTile(cluster.node) || cluster.node.op !== "dot")) continue;
      const shared = reads.some(
        ({ base }) => this.nodes.shape(base).length === shape.length && (cluster.reads.has(base) || cluster.live.has(base)),
      );
      const related = shared || (depth > 0 && shape.length > 1);
      if (!related || (behind ??= allBehind(producers)).has(cluster)) continue;
      return cluster;
    }
    return null;
  }

  /** A last cluster that reads some values at the points of one space: for the results of a tile that no other can merge. */
  reader(values: readonly Id[], space: Shape, depth: number): Cluster {
    const cluster = this.#create(null, depth, space);
    this.#require(
      cluster,
      values.flatMap((id) => this.#basesOf(id)),
    );
    return cluster;
  }

  // The result ---------------------------------------------------------------------------------------------------------

  /** Has the value bytes that a cluster writes? */
  isStored(id: Id): boolean {
    return this.#producer.get(id)?.stored.has(this.nodes.storageOf(id)) ?? false;
  }
  producer(id: Id): Cluster | undefined {
    return this.#producer.get(id);
  }

  /**
   * In an order in which they can run, close to that of the nodes. A contraction has its own place, not that of the last that rides
   * along: the norm of a gradient stands at the end of a training step, and what the gradient is made of would be held until then.
   */
  ordered(): readonly Cluster[] {
    const last = (cluster: Cluster): number =>
      Math.max(
        ...(cluster.node === null ? [...cluster.live.keys(), ...cluster.reductions.keys()] : [cluster.node.id]).map(
          (id) => this.#position.get(id) ?? 0,
        ),
      );
    const waiting = [...this.#clusters].map((cluster) => ({ cluster, at: last(cluster) })).sort((a, b) => a.at - b.at);
    const done = new Set<Cluster>();
    const order: Cluster[] = [];
    while (waiting.length > 0) {
      const k = waiting.findIndex(({ cluster }) => [...cluster.after].every((c) => done.has(c)));
      const [next] = waiting.splice(k, 1);
      if (k < 0 || next === undefined) throw new Error("clusters wait for each other");
      done.add(next.cluster);
      order.push(next.cluster);
    }
    return order;
  }
}

/**
 * The dims at which a read is live in a cluster, per axis of the reader, whose shape this is; null where it is not live, or not at
 * every point once. A slice from 0 reads with no start, but not all.
 */
function pointsOf({ base, index }: Read, cluster: Cluster, shape: Shape): Access | null {
  const dims = cluster.live.get(base);
  if (dims === undefined || index.length !== shape.length || dims.length !== cluster.space.length) return null;
  const points: number[] = [];
  for (const [axis, { dim, start, window }] of index.entries()) {
    if (window !== undefined || dim === null || start.length > 0 || points[dim] !== undefined) return null;
    const point = dims[axis] ?? -1;
    if (!sameSize(cluster.space[point] ?? [], shape[dim] ?? [])) return null;
    points[dim] = point;
  }
  return points;
}

function dimsThrough(cluster: Cluster, reads: readonly Read[], shape: Shape): Access | null {
  for (const read of reads) {
    const points = pointsOf(read, cluster, shape);
    if (points !== null) return points;
  }
  return null;
}

function reaches(from: readonly Cluster[], targets: ReadonlySet<Cluster>): boolean {
  const seen = new Set<Cluster>();
  const stack = [...from];
  for (let c = stack.pop(); c !== undefined; c = stack.pop()) {
    if (targets.has(c)) return true;
    if (seen.has(c)) continue;
    seen.add(c);
    stack.push(...c.after);
  }
  return false;
}

/** They and what they wait for. */
function allBehind(from: readonly Cluster[]): ReadonlySet<Cluster> {
  const seen = new Set(from);
  // A set is walked in the order of insertion, what is added on the way too.
  for (const cluster of seen) for (const earlier of cluster.after) seen.add(earlier);
  return seen;
}
