/**
 * Moves factors out of linear exits: scalars always, per-row or per-column factors where the exit keeps that axis and
 * the factor is known only after an earlier sweep.
 *
 *   sum[i, j](l[i, j] / w)              =>  sum[i, j](l[i, j]) / w          w: scalar
 *   sum[j](g[i, j] * r[i] * y[j, k])    =>  r[i] * sum[j](g[i, j] * y[j, k])
 *   sum[j](m[i, j] ? g[i, j] / c[i] : 0) => sum[j](m[i, j] ? g[i, j] : 0) / c[i], and 0 where that sum is 0
 *
 * Factors pass mul, div, neg, select(·, 0), and add, sub, select where both sides have them. Keeps the value up to
 * rounding; never raises a level. Refuses factors under max, logsumexp or top-k (not linear), factors along the
 * reduced axis, and never splits a sum of cotangents: a sweep costs 2n²d, an extra pair of contractions 4n²d.
 */
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type GraphNode, type Id, indexNodes, isTile, type Node, valueIn } from "../graph/graph.js";
import { Renumbering } from "../graph/renumbering.js";
import { copy } from "../graph/rewrite.js";
import { axisMap } from "./sweeps/axes.js";
import { analysePairRegions } from "./sweeps/pair-regions.js";
import type { Regions } from "./sweeps/regions.js";
import type { Pass, PassNote } from "./pass.js";

/** A non-pair value that multiplies (or divides) a pair value; `axes`: where its axes lie in the pair value. */
type Factor = { readonly value: Id; readonly axes: readonly number[]; readonly inverse: boolean; readonly masked: boolean };

const keyOf = (factor: Factor): string => `${factor.value}:${factor.axes.join()}:${factor.inverse}`;

/** How often each factor is to be taken out. */
type Peel = ReadonlyMap<string, number>;

export const hoistFactors: Pass = {
  name: "hoist-factors",
  summary: "moves scalar and kept-axis factors out of sums and contractions over pairs",
  run(graph) {
    const first = graph.nodes[0];
    return first === undefined ? { graph, notes: [] } : new Hoist(graph, first).run();
  },
};

class Hoist {
  readonly #graph: Graph;
  readonly #nodes: ReadonlyMap<Id, GraphNode>;
  readonly #regions: Regions;
  readonly #b: GraphBuilder;
  readonly #ids = new Renumbering();
  readonly #to = this.#ids.to;
  readonly #stripped = new Map<string, Id | null>();
  readonly #known = new Map<Id, readonly Factor[]>();
  readonly #levels = new Map<string, number>();
  readonly #notes: PassNote[] = [];

  constructor(graph: Graph, first: GraphNode) {
    this.#graph = graph;
    this.#nodes = indexNodes(graph);
    this.#regions = analysePairRegions(graph);
    this.#b = new GraphBuilder(first.span);
  }

  run(): { graph: Graph; notes: readonly PassNote[] } {
    for (const node of this.#graph.nodes) {
      this.#b.span = node.span;
      const hoisted = !isTile(node) && this.#regions.isExit(node) ? this.#hoist(node) : null;
      this.#ids.set(node.id, hoisted ?? copy(node, this.#b, this.#to));
    }
    return { graph: this.#b.finish(this.#graph.outputs.map(({ name, value }) => ({ name, value: this.#to(value) }))), notes: this.#notes };
  }

  #node(id: Id | undefined): Node {
    return valueIn(this.#nodes, id);
  }

  #hoist(exit: Node): Id | null {
    if (exit.op !== "sum" && exit.op !== "dot") {
      this.#refuse(exit);
      return null;
    }
    const side = exit.ins.findIndex((id) => this.#regions.inRegion(id));
    const pair = this.#node(exit.ins[side]);
    const map = axisMap(exit, side, pair.type.shape);
    // A factor may leave where each of its axes is one that the exit keeps.
    const candidates = this.#factors(pair.id).filter((factor) =>
      factor.axes.every((axis) => map[axis] !== null && map[axis] !== undefined),
    );
    const others = exit.ins.filter((_, k) => k !== side).map((id) => this.#regions.level(id));
    const chosen = this.#choose(pair.id, candidates, Math.max(0, ...others));
    if (chosen.length === 0) return null;
    const core = this.#strip(pair.id, count(chosen));
    if (core === null) return null;
    const b = this.#b;
    b.span = exit.span;
    const ins = exit.ins.map((id, k) => (k === side ? core : this.#to(id)));
    let result = b.emit(exit.op, ins, exit.attrs as never);
    const shape = exit.type.shape;
    const zero = (x: Id): Id => b.emit("eq", [x, b.constLike(0, x)], {});
    const bare = result;
    for (const factor of chosen) {
      const spread = b.broadcast(
        this.#to(factor.value),
        shape,
        factor.axes.map((axis) => map[axis] ?? 0),
      );
      result = factor.inverse ? b.div(result, spread) : b.mul(result, spread);
    }
    // A row whose pairs are all masked is 0 whatever its factor, 0 / 0 included, as it was under the mask.
    if (chosen.some((factor) => factor.masked && !this.#isFiniteNonZero(factor.value)))
      result = b.select(zero(bare), b.constLike(0, bare), result);
    this.#notes.push({
      kind: "moved",
      reason: `${chosen.length === 1 ? "a factor leaves" : `${chosen.length} factors leave`} ${exit.op}`,
      spans: [exit.span, ...chosen.map((factor) => this.#node(factor.value).span)],
    });
    return result;
  }

  #refuse(exit: Node): void {
    const late = this.#factors(exit.ins[0] ?? -1).filter((factor) => this.#regions.level(factor.value) > 0);
    for (const factor of late)
      this.#notes.push({
        kind: "refused",
        reason: `${exit.op} is not linear: its factor stays inside`,
        spans: [exit.span, this.#node(factor.value).span],
      });
  }

  /** Scalars, and the fewest further factors that bring the exit to its lowest sweep. */
  #choose(pair: Id, candidates: readonly Factor[], floor: number): readonly Factor[] {
    const scalars = candidates.filter((factor) => factor.axes.length === 0);
    const now = this.#levelWithout(pair, count(scalars));
    for (let level = floor; level < now; level++) {
      const chosen = candidates.filter((factor) => factor.axes.length === 0 || this.#regions.level(factor.value) > level);
      if (this.#levelWithout(pair, count(chosen)) <= level) return chosen;
    }
    return scalars;
  }

  #isFiniteNonZero(id: Id): boolean {
    const node = this.#node(id);
    return node.op === "size" || (node.op === "const" && Number.isFinite(node.attrs.value) && node.attrs.value !== 0);
  }

  #isZero(id: Id | undefined): boolean {
    const node = this.#node(id);
    return node.op === "const" ? node.attrs.value === 0 : node.op === "broadcast" && this.#isZero(node.ins[0]);
  }

  /** What a region value is a product of, besides its core. */
  #factors(id: Id): readonly Factor[] {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const factors = this.#factorsNow(id);
    this.#known.set(id, factors);
    return factors;
  }

  #factorsNow(id: Id): readonly Factor[] {
    const node = this.#node(id);
    const [a, b, c] = node.ins as [Id, Id, Id];
    switch (node.op) {
      case "broadcast": {
        if (!this.#regions.inRegion(id) || this.#regions.inRegion(a) || this.#isZero(a)) return [];
        return this.#node(a).op === "iota" ? [] : [{ value: a, axes: node.attrs.axes, inverse: false, masked: false }];
      }
      case "neg":
        return this.#isProduct(a) ? this.#factors(a) : [];
      case "mul":
        return [...this.#factors(a), ...this.#factors(b)];
      case "div":
        return [...this.#factors(a), ...this.#pure(b).map((factor) => ({ ...factor, inverse: true }))];
      case "add":
      case "sub":
        return common(this.#factors(a), this.#factors(b));
      case "select": {
        const factors = this.#isZero(c)
          ? this.#factors(b)
          : this.#isZero(b)
            ? this.#factors(c)
            : common(this.#factors(b), this.#factors(c));
        return factors.map((factor) => ({ ...factor, masked: true }));
      }
      default:
        return [];
    }
  }

  /** A plain broadcast under neg would leave nothing to negate. */
  #isProduct(id: Id): boolean {
    return this.#node(id).op !== "broadcast";
  }

  /** The factor that a divisor is, if it is a plain broadcast. */
  #pure(id: Id): readonly Factor[] {
    return this.#node(id).op === "broadcast" ? this.#factors(id) : [];
  }

  #levelWithout(id: Id, peel: Peel): number {
    if (peel.size === 0 || !this.#regions.inRegion(id)) return this.#regions.level(id);
    const key = keyOfPeel(id, peel);
    const known = this.#levels.get(key);
    if (known !== undefined) return known;
    const node = this.#node(id);
    const parts = this.#distribute(node, peel);
    const level = parts === null ? 0 : Math.max(0, ...node.ins.map((operand, k) => this.#levelWithout(operand, parts[k] ?? new Map())));
    this.#levels.set(key, level);
    return level;
  }

  /** Which operand gives up which factors; null where the node is itself the factor. */
  #distribute(node: Node, peel: Peel): readonly Peel[] | null {
    const [a, b, c] = node.ins as [Id, Id, Id];
    const none: Peel = new Map();
    switch (node.op) {
      case "broadcast":
        return null;
      case "neg":
        return [peel];
      case "mul": {
        const left = meet(peel, count(this.#factors(a)));
        return [left, minus(peel, left)];
      }
      case "div": {
        const right = meet(peel, count(this.#pure(b).map((factor) => ({ ...factor, inverse: true }))));
        return [minus(peel, right), right];
      }
      case "add":
      case "sub":
        return [peel, peel];
      case "select":
        return [none, this.#isZero(b) ? none : peel, this.#isZero(c) ? none : peel];
      default:
        throw new Error(`${node.op} has no factors`);
    }
  }

  /** The value without those factors; null where nothing but factors was there. New id. */
  #strip(id: Id, peel: Peel): Id | null {
    if (peel.size === 0) return this.#to(id);
    const key = keyOfPeel(id, peel);
    const known = this.#stripped.get(key);
    if (known !== undefined) return known;
    const result = this.#stripNow(this.#node(id), peel);
    this.#stripped.set(key, result);
    return result;
  }

  #stripNow(node: Node, peel: Peel): Id | null {
    const parts = this.#distribute(node, peel);
    if (parts === null) return null;
    const b = this.#b;
    const dtype = node.type.dtype;
    const ones = (): Id => b.broadcast(b.const(1, dtype), node.type.shape, []);
    const at = (k: number): Id | null => this.#strip(node.ins[k] ?? -1, parts[k] ?? new Map());
    switch (node.op) {
      case "mul": {
        const [x, y] = [at(0), at(1)];
        b.span = node.span;
        return x === null ? y : y === null ? x : b.mul(x, y);
      }
      case "div": {
        const [x, y] = [at(0), at(1)];
        b.span = node.span;
        return y === null ? x : b.div(x ?? ones(), y);
      }
      case "neg": {
        const x = at(0);
        b.span = node.span;
        return b.neg(x ?? ones());
      }
      default: {
        const ins = node.ins.map((_, k) => at(k));
        b.span = node.span;
        return b.emit(
          node.op,
          ins.map((x) => x ?? ones()),
          node.attrs as never,
        );
      }
    }
  }
}

const keyOfPeel = (id: Id, peel: Peel): string =>
  `${id}|${[...peel]
    .map(([factor, times]) => `${factor}x${times}`)
    .sort()
    .join(";")}`;

function count(factors: readonly Factor[]): Peel {
  const result = new Map<string, number>();
  for (const factor of factors) result.set(keyOf(factor), (result.get(keyOf(factor)) ?? 0) + 1);
  return result;
}

function meet(a: Peel, b: Peel): Peel {
  return new Map(
    [...a].flatMap(([key, times]) => (Math.min(times, b.get(key) ?? 0) > 0 ? [[key, Math.min(times, b.get(key) ?? 0)] as const] : [])),
  );
}

function minus(a: Peel, b: Peel): Peel {
  return new Map([...a].flatMap(([key, times]) => (times - (b.get(key) ?? 0) > 0 ? [[key, times - (b.get(key) ?? 0)] as const] : [])));
}

function common(a: readonly Factor[], b: readonly Factor[]): readonly Factor[] {
  const left = new Map(count(b));
  return a.filter((factor) => {
    const times = left.get(keyOf(factor)) ?? 0;
    left.set(keyOf(factor), times - 1);
    return times > 0;
  });
}
