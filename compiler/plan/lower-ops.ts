/**
 * Tiled graph → statements that run one op at a time over buffers that the engine allocates (`granularity: "op"`).
 * A tile becomes nested `for`s. Every statement lives in the outermost loop that its operands allow, so that what does
 * not change is computed once; every temporary dies straight after its last use.
 */
import type { Span } from "../../grammar/span.js";
import { type Graph, type Id, isTile, type Node, operandsOf, type Tile, type TileOut } from "../graph/graph.js";
import { isElementwise } from "../graph/op-table.js";
import { type BatchId, batchesOf, constant, degree, evaluateSize, product, sameSize, type Size, substituteSize } from "../graph/size.js";
import { labelOf } from "../graph/origin.js";
import { sameShape, type Shape, type Type } from "../graph/type.js";
import { logicalBytes, numberStatements, peakOf } from "./logical-memory.js";
import { mentions, placeFrees, type ScheduleItem } from "./place-frees.js";
import type { BufferId, BufferRole, LoopId, Plan, PlanBuffer, PlanPort, PlanStatement, TileChoice } from "./plan.js";
import { broadcastStored, joinStored, padTo } from "./stored-shape.js";

export type OpSchedule = Pick<Plan, "statements" | "buffers" | "inputs" | "outputs" | "peakBytes" | "peakAt">;

export function lowerOps(graph: Graph, dims: Readonly<Record<BatchId, number>>, tiles: readonly TileChoice[]): OpSchedule {
  const lowering = new Lowering(dims, tiles);
  lowering.graph(graph);
  return lowering.finish(graph);
}

/** Where a graph value is. `stored`: see stored-shape. `depth`: how many loops are around the statement that makes it. */
type Value = { readonly buffer: BufferId; readonly stored: Shape; readonly type: Type; readonly depth: number };

type DraftBuffer = Omit<PlanBuffer, "name" | "role" | "from" | "to" | "offset" | "degree"> & { name: string; role: BufferRole };

type Loop = { readonly id: LoopId; readonly name: string; readonly extent: number; readonly step: number };

/** One straight list of nodes being lowered: the graph itself or a tile's body. */
type Scope = {
  readonly values: Map<Id, Value>;
  readonly loops: readonly Loop[];
  /** What runs under 0, 1, … loops; the first list is the one around the tile. */
  readonly lists: readonly ScheduleItem[][];
  /** Copies of late broadcasts at full size, made when first asked for. */
  readonly full: Map<BufferId, Value>;
};

class Lowering {
  readonly #dims: Readonly<Record<BatchId, number>>;
  readonly #tiles: ReadonlyMap<Id, TileChoice>;
  readonly #buffers: DraftBuffer[] = [];
  readonly #inputs: PlanPort[] = [];
  readonly #top: ScheduleItem[] = [];
  readonly #scope: Scope;
  #loops = 0;

  constructor(dims: Readonly<Record<BatchId, number>>, tiles: readonly TileChoice[]) {
    this.#dims = dims;
    this.#tiles = new Map(tiles.map((choice) => [choice.tile, choice]));
    this.#scope = { values: new Map(), loops: [], lists: [this.#top], full: new Map() };
  }

  graph(graph: Graph): void {
    const results = new Map<Id, ReadonlyMap<number, Value>>();
    for (const node of graph.nodes) {
      if (isTile(node)) results.set(node.id, this.#tile(node, projectionsOf(graph, node)));
      else if (node.op === "project") {
        const value = results.get(node.ins[0] ?? -1)?.get(node.attrs.index);
        if (value === undefined) throw new Error(`%${node.id} projects no result of a tile`);
        this.#scope.values.set(node.id, value);
      } else this.#node(node, this.#scope);
    }
  }

  finish(graph: Graph): OpSchedule {
    const outputs = graph.outputs.map(
      ({ name, value }): PlanPort => ({ name, buffer: this.#whole(valueOf(this.#scope, value), this.#scope).buffer }),
    );
    for (const { name, buffer } of outputs) {
      const draft = this.#buffers[buffer];
      if (draft?.role !== "temporary") continue;
      draft.role = "result";
      draft.name = name;
    }
    const survivors = new Set([...outputs, ...this.#inputs].map(({ buffer }) => buffer));
    const statements = placeFrees(this.#top, survivors);
    const buffers = withLifetimes(this.#buffers, statements);
    const peak = peakOf({ dims: this.#dims, buffers, statements });
    return { statements, buffers, inputs: this.#inputs, outputs, peakBytes: peak.bytes, peakAt: peak.at };
  }

  // Single ops -----------------------------------------------------------------------------------------------------

  #node(node: Node, scope: Scope): void {
    if (node.op === "input") {
      const buffer = this.#buffer(node.attrs.name, "given", node.type, [], node.span);
      this.#inputs.push({ name: node.attrs.name, buffer });
      scope.values.set(node.id, { buffer, stored: node.type.shape, type: node.type, depth: 0 });
      return;
    }
    if (node.op === "stored") {
      scope.values.set(node.id, valueOf(scope, node.ins[0] ?? -1));
      return;
    }
    scope.values.set(node.id, node.op === "broadcast" ? this.#broadcast(node, scope) : this.#compute(node, scope));
  }

  #compute(node: Node, scope: Scope): Value {
    const late = isElementwise(node.op);
    const ins = node.ins.map((id) => (late ? valueOf(scope, id) : this.#whole(valueOf(scope, id), scope)));
    return this.#emit(node, ins, late ? joinStored(ins.map(({ stored }) => stored)) : node.type.shape, scope);
  }

  /** No axis is repeated yet; where only axes in front are new, nothing runs at all. */
  #broadcast(node: Node<"broadcast">, scope: Scope): Value {
    const operand = valueOf(scope, node.ins[0] ?? -1);
    const stored = broadcastStored(operand.stored, node.type.shape.length, node.attrs.axes);
    const padded = padTo(stored, Math.max(stored.length, operand.stored.length));
    if (sameShape(padded, operand.stored)) return { ...operand, type: node.type };
    return { ...this.#reshape(operand, stored, node, scope), type: node.type };
  }

  /** The value with every axis at its full size. */
  #whole(value: Value, scope: Scope): Value {
    if (sameShape(value.stored, value.type.shape)) return value;
    const known = scope.full.get(value.buffer);
    if (known !== undefined && sameShape(known.stored, value.type.shape)) return known;
    const { shape } = value.type;
    const span = this.#buffers[value.buffer]?.span ?? nowhere;
    const origin = { id: -1, span, ins: [] };
    const whole = sameShape(padTo(value.stored, shape.length), shape)
      ? this.#reshape(value, shape, origin, scope)
      : this.#emit(
          // The operand may have 1 where the result repeats it: engines stretch such axes too.
          {
            ...origin,
            op: "broadcast",
            attrs: { shape, axes: value.stored.map((_, k) => shape.length - value.stored.length + k) },
            type: value.type,
          },
          [value],
          shape,
          scope,
        );
    scope.full.set(value.buffer, whole);
    return whole;
  }

  #reshape(value: Value, shape: Shape, origin: Pick<Node, "id" | "ins" | "span">, scope: Scope): Value {
    return this.#emit({ ...origin, op: "reshape", attrs: { shape }, type: { dtype: value.type.dtype, shape } }, [value], shape, scope);
  }

  #emit(node: Node, ins: readonly Value[], stored: Shape, scope: Scope): Value {
    const type: Type = { dtype: node.type.dtype, shape: stored };
    const depth = Math.max(0, ...ins.map((value) => value.depth), ...sizesOf(node, stored).flatMap((size) => loopsIn(size, scope.loops)));
    const out = this.#buffer(labelOf(node.op, node.span), depth === 0 ? "temporary" : "block", type, scope.loops, node.span);
    const reads = ins.map(({ buffer }) => buffer);
    // Attributes still belong to the op: only the type says how much of the value is stored.
    const statement: PlanStatement = { kind: "op", node: { ...node, type } as Node, ins: reads, out };
    listAt(scope, depth).push({ kind: "leaf", statement, makes: [out], reads, consumes: [] });
    return { buffer: out, stored, type: node.type, depth };
  }

  // Tiles ----------------------------------------------------------------------------------------------------------

  #tile(tile: Tile, projections: ReadonlySet<number>): ReadonlyMap<number, Value> {
    const choice = this.#tiles.get(tile.id);
    const loops = tile.loops.map(({ name, extent, block }, k): Loop => {
      const whole = evaluateSize(extent, this.#dims);
      const step = choice?.loops[k]?.block ?? (block === "auto" ? whole : block);
      if (!Number.isSafeInteger(step) || step < 1) throw new Error(`loop ${name} of %${tile.id} cannot run by ${step}`);
      return { id: this.#loops++, name, extent: whole, step: Math.min(step, Math.max(whole, 1)) };
    });
    const scope: Scope = { values: new Map(), loops, lists: [this.#top, ...loops.map((): ScheduleItem[] => [])], full: new Map() };
    const wanted = wantedOuts(tile, projections);
    this.#body(tile, wanted, scope);
    const accumulators = this.#merges(tile, wanted, scope);
    this.#nest(
      scope,
      [...accumulators.values()].map(({ buffer }) => buffer),
    );
    return new Map([...accumulators].map(([k, accumulator]) => [k, this.#joined(tile, outAt(tile, k), accumulator, scope)]));
  }

  #body(tile: Tile, wanted: readonly number[], scope: Scope): void {
    const needed = reachable(
      tile.body,
      wanted.map((k) => outAt(tile, k).value),
    );
    for (const node of tile.body.nodes) {
      if (!needed.has(node.id)) continue;
      if (isTile(node)) throw new Error(`%${tile.id} holds a tile: only one level of tiles can be lowered`);
      if (node.op === "arg") scope.values.set(node.id, this.#cut(tile, node, scope));
      else this.#node(node, scope);
    }
  }

  /** The block of an operand; the operand itself where no loop cuts it. */
  #cut(tile: Tile, node: Node<"arg">, scope: Scope): Value {
    const input = tile.ins[node.attrs.index];
    if (input === undefined) throw new Error(`%${tile.id} has no operand ${node.attrs.index}`);
    const operand = valueOf(this.#scope, input.value);
    // A late broadcast has no blocks along the axes that it does not store.
    const hidden = input.slice.length - operand.stored.length;
    const slice = operand.stored.map((size, k) =>
      sameSize(size, operand.type.shape[hidden + k] ?? size) ? (input.slice[hidden + k] ?? null) : null,
    );
    if (slice.every((loop) => loop === null)) return { ...operand, type: node.type, depth: 0 };
    const stored = operand.stored.map((size, k) => (slice[k] === null ? size : (node.type.shape[hidden + k] ?? size)));
    const depth = Math.max(...slice.map((loop) => (loop === null ? 0 : loop + 1)));
    const source = this.#buffers[operand.buffer];
    const out = this.#buffer(source?.name ?? "arg", "block", { dtype: node.type.dtype, shape: stored }, scope.loops, node.span);
    const axes = slice.map((loop) => loopId(loop, scope));
    const statement: PlanStatement = { kind: "cut", from: operand.buffer, axes, out, span: node.span };
    listAt(scope, depth).push({ kind: "leaf", statement, makes: [out], reads: [operand.buffer], consumes: [] });
    return { buffer: out, stored, type: node.type, depth };
  }

  /** One accumulator per result that is read, by its place among the tile's results. */
  #merges(tile: Tile, wanted: readonly number[], scope: Scope): ReadonlyMap<number, { readonly buffer: BufferId }> {
    const merges = wanted.map((k) => {
      const out = outAt(tile, k);
      const value = this.#whole(valueOf(scope, out.value), scope);
      const type = tile.types[k];
      if (type === undefined) throw new Error(`result ${k} of %${tile.id} has no type`);
      const into = this.#buffer(this.#buffers[value.buffer]?.name ?? out.merge, "temporary", type, [], tile.span);
      return { k, out, value, into, depth: Math.max(1, value.depth, ...loopsOfOut(out, scope).map((loop) => loop + 1)) };
    });
    const used = new Set<BufferId>();
    // A part is consumed, so it must be the merge's own: made in the same list and read by no other merge or inner loop.
    const owned = merges.map((merge) => {
      const innermost = scope.lists.slice(merge.depth + 1).every((list) => list.every((item) => !mentions(item, merge.value.buffer)));
      const own = merge.value.depth === merge.depth && merge.depth > 0 && innermost && !used.has(merge.value.buffer);
      used.add(merge.value.buffer);
      return { ...merge, part: own ? merge.value.buffer : this.#copyOf(merge.value, merge.depth, scope) };
    });
    // Indices first: they compare the values that they follow as those were before this block.
    for (const { out, into, part, depth, k } of [...owned].sort((a, b) => Number(a.out.by === null) - Number(b.out.by === null))) {
      const followed = out.by === null ? undefined : owned.find((other) => other.k === out.by);
      if (out.by !== null && followed === undefined) throw new Error(`result ${k} of %${tile.id} follows no result`);
      const by = followed === undefined ? null : { into: followed.into, part: followed.part };
      const statement: PlanStatement = {
        kind: "merge",
        merge: out.merge,
        into,
        part,
        axes: out.place.map((loop) => loopId(loop, scope)),
        k: rankedAxis(tile, out),
        first: scope.loops.slice(0, depth).flatMap(({ id }, loop) => (out.place.includes(loop) ? [] : [id])),
        by,
        span: tile.span,
      };
      const list = listAt(scope, depth);
      const after = list.findLastIndex((item) => mentions(item, part) || (by !== null && mentions(item, by.part)));
      list.splice(after + 1, 0, {
        kind: "leaf",
        statement,
        makes: [],
        reads: by === null ? [into] : [into, by.into, by.part],
        consumes: [part],
      });
    }
    return new Map(merges.map(({ k, into }) => [k, { buffer: into }]));
  }

  #copyOf(value: Value, depth: number, scope: Scope): BufferId {
    const { shape } = value.type;
    const node: Node = {
      id: -1,
      op: "reshape",
      ins: [],
      attrs: { shape },
      type: value.type,
      span: this.#buffers[value.buffer]?.span ?? nowhere,
    };
    const out = this.#buffer(this.#buffers[value.buffer]?.name ?? "copy", "block", value.type, scope.loops, node.span);
    listAt(scope, depth).push({
      kind: "leaf",
      statement: { kind: "op", node, ins: [value.buffer], out },
      makes: [out],
      reads: [value.buffer],
      consumes: [],
    });
    return out;
  }

  #nest({ loops, lists }: Scope, accumulators: readonly BufferId[]): void {
    for (let depth = loops.length; depth > 0; depth--) {
      const [loop, items] = [loops[depth - 1], lists[depth] ?? []];
      if (loop === undefined || items.length === 0) continue;
      const { id, name, extent, step } = loop;
      lists[depth - 1]?.push({
        kind: "loop",
        loop: { kind: "for", loop: id, name, extent, step },
        makes: depth === 1 ? accumulators : [],
        items,
      });
    }
  }

  #joined(tile: Tile, out: TileOut, { buffer }: { readonly buffer: BufferId }, scope: Scope): Value {
    const draft = this.#buffers[buffer];
    const k = tile.outs.indexOf(out);
    const type = tile.types[k];
    if (draft === undefined || type === undefined) throw new Error(`result ${k} of %${tile.id} has no buffer`);
    const whole: Value = { buffer, stored: type.shape, type, depth: 0 };
    if (out.place.every((loop) => loop === null)) return whole;
    const joined = this.#buffer(draft.name, "temporary", type, [], tile.span);
    const statement: PlanStatement = {
      kind: "join",
      from: buffer,
      axes: out.place.map((loop) => loopId(loop, scope)),
      out: joined,
      span: tile.span,
    };
    this.#top.push({ kind: "leaf", statement, makes: [joined], reads: [], consumes: [buffer] });
    return { ...whole, buffer: joined };
  }

  #buffer(name: string, role: BufferRole, type: Type, loops: readonly Loop[], span: Span): BufferId {
    const blocks = Object.fromEntries(loops.map((loop) => [`@${loop.name}`, constant(loop.step)]));
    const shape = type.shape.map((size) => substituteSize(size, blocks));
    const extents = shape.map((size) => evaluateSize(size, this.#dims));
    const id = this.#buffers.length;
    const bytes = extents.reduce((total, extent) => total * extent, logicalBytes[type.dtype]);
    this.#buffers.push({ id, name, role, dtype: type.dtype, shape: extents, bytes, size: product(shape), span });
    return id;
  }
}

const nowhere: Span = { file: "", start: 0, end: 0 };

function valueOf(scope: Scope, id: Id): Value {
  const value = scope.values.get(id);
  if (value === undefined) throw new Error(`%${id} is read before it is made`);
  return value;
}

function listAt(scope: Scope, depth: number): ScheduleItem[] {
  const list = scope.lists[depth];
  if (list === undefined) throw new Error(`no list under ${depth} loops`);
  return list;
}

function outAt(tile: Tile, k: number): TileOut {
  const out = tile.outs[k];
  if (out === undefined) throw new Error(`%${tile.id} has no result ${k}`);
  return out;
}

function loopId(loop: number | null, scope: Scope): LoopId | null {
  if (loop === null) return null;
  const found = scope.loops[loop];
  if (found === undefined) throw new Error(`no loop ${loop}`);
  return found.id;
}

/** Depths that a size asks for: inside every loop whose block it names. */
const loopsIn = (size: Size, loops: readonly Loop[]): readonly number[] =>
  batchesOf(size).flatMap((name) => loops.flatMap((loop, k) => (name === `@${loop.name}` ? [k + 1] : [])));

/** Sizes that a statement is evaluated with: its result's, and bounds that do not show in it. */
function sizesOf(node: Node, stored: Shape): readonly Size[] {
  if (node.op === "slice") return [...stored, node.attrs.start, node.attrs.stop];
  if (node.op === "pad") return [...stored, node.attrs.low, node.attrs.high];
  return stored;
}

/** The loops in which a result changes. A result that nothing merges changes where it is placed, others in every loop. */
function loopsOfOut(out: TileOut, scope: Scope): readonly number[] {
  return out.merge === "none" ? out.place.flatMap((loop) => (loop === null ? [] : [loop])) : scope.loops.map((_, k) => k);
}

/** The axis along which the entries of a top-k compete. */
function rankedAxis(tile: Tile, out: TileOut): number | null {
  if (out.merge !== "topk" && out.merge !== "topk_index") return null;
  const axis = out.place.indexOf(null);
  if (axis === -1) throw new Error(`a ${out.merge} of %${tile.id} has a loop along every axis`);
  return axis;
}

/** The results of a tile that the graph reads. */
const projectionsOf = ({ nodes }: Graph, tile: Tile): ReadonlySet<number> =>
  new Set(nodes.flatMap((node) => (!isTile(node) && node.op === "project" && node.ins[0] === tile.id ? [node.attrs.index] : [])));

function wantedOuts(tile: Tile, read: ReadonlySet<number>): readonly number[] {
  const wanted = new Set(read);
  for (const k of read) {
    const by = tile.outs[k]?.by ?? null;
    if (by !== null) wanted.add(by);
  }
  return [...wanted].sort((a, b) => a - b);
}

function reachable(graph: Graph, roots: readonly Id[]): ReadonlySet<Id> {
  const found = new Set(roots);
  for (const node of [...graph.nodes].reverse()) if (found.has(node.id)) for (const operand of operandsOf(node)) found.add(operand);
  return found;
}

/** First and last mention of each buffer in the flat order. */
function withLifetimes(drafts: readonly DraftBuffer[], statements: readonly PlanStatement[]): readonly PlanBuffer[] {
  const numbers = numberStatements(statements);
  const spans = drafts.map(() => ({ from: Number.POSITIVE_INFINITY, to: 0 }));
  for (const [statement, at] of numbers)
    for (const buffer of buffersOf(statement)) {
      const span = spans[buffer];
      if (span === undefined) continue;
      span.from = Math.min(span.from, at);
      span.to = Math.max(span.to, at);
    }
  const end = Math.max(numbers.size - 1, 0);
  return drafts.map((draft, id): PlanBuffer => {
    const { from, to } = spans[id] ?? { from: 0, to: 0 };
    const held = draft.role === "given" || draft.role === "result";
    return { ...draft, degree: degree(draft.size), from: draft.role === "given" ? 0 : from, to: held ? end : to, offset: null };
  });
}

function buffersOf(statement: PlanStatement): readonly BufferId[] {
  if (statement.kind === "op") return [...statement.ins, statement.out];
  if (statement.kind === "cut" || statement.kind === "join") return [statement.from, statement.out];
  if (statement.kind === "merge")
    return [statement.into, statement.part, ...(statement.by === null ? [] : [statement.by.into, statement.by.part])];
  return statement.kind === "free" ? [statement.buffer] : [];
}
