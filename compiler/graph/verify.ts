/** What is legal at each stage. A violation is our own fault: it throws, with the node's text. */
import { isComposite } from "./decompose.js";
import { type Graph, type GraphNode, type Id, isTile, type Merge, type Node, operandsOf, type Tile, type TileOut } from "./graph.js";
import { type Attrs, type OpName, type OpSpec, ops, TypeRuleError } from "./op-table.js";
import { printNode } from "./print.js";
import { batch, batchesOf, printSize, sameSize, type Size } from "./size.js";
import { isFloat, printType, sameType, type Type } from "./type.js";

/** source: as lowered. core: after gradients, primitives only. tiled: pairs live in tiles. */
export type Stage = "source" | "core" | "tiled";

export class GraphFault extends Error {}

const opNames = Object.keys(ops) as readonly OpName[];
const composites = opNames.filter(isComposite);
const bodyOnly: readonly OpName[] = ["arg", "loop_index"];

/** The ops that a stage does not know. */
const refused = {
  source: [...bodyOnly, "project"],
  core: [...bodyOnly, "project", ...composites, "stop_gradient"],
  tiled: [...composites, "stop_gradient"],
} as const satisfies Record<Stage, readonly OpName[]>;

const hasTiles = { source: false, core: false, tiled: true } as const satisfies Record<Stage, boolean>;

/** Where nodes stand: the tiles around them, innermost last. */
type Place = { readonly stage: Stage; readonly around: readonly Tile[] };

export function verify(graph: Graph, stage: Stage): void {
  const types = verifyNodes(graph, { stage, around: [] });
  const names = new Set<string>();
  for (const { name, value } of graph.outputs) {
    if (!types.has(value)) throw new GraphFault(`output "${name}" is %${value}, which is no value of the graph`);
    if (names.has(name)) throw new GraphFault(`two outputs are called "${name}"`);
    names.add(name);
  }
  verifyInputs(graph);
}

/** Messages are made when they are needed: this runs on every node after every pass, and types are long to print. */
function check(condition: boolean, node: GraphNode, message: string | (() => string)): asserts condition {
  if (!condition) throw new GraphFault(`${typeof message === "string" ? message : message()}\n  ${printNode(node)}`);
}

/** Two reads of one input must agree on what it is. */
function verifyInputs(graph: Graph): void {
  const first = new Map<string, Node<"input">>();
  for (const node of graph.nodes) {
    if (node.op !== "input") continue;
    const before = first.get(node.attrs.name);
    check(
      before === undefined || (sameType(before.type, node.type) && before.attrs.role === node.attrs.role),
      node,
      "an input of this name has another type or role",
    );
    first.set(node.attrs.name, node);
  }
}

/** Checks nodes in order; gives the types of all values. */
function verifyNodes(graph: Graph, place: Place): ReadonlyMap<Id, Type> {
  const types = new Map<Id, Type>();
  const tiles = new Map<Id, Tile>();
  for (const node of graph.nodes) {
    check(!types.has(node.id) && !tiles.has(node.id), node, () => `%${node.id} is defined twice`);
    for (const operand of operandsOf(node)) {
      check(types.has(operand) || tiles.has(operand), node, () => `%${operand} is not defined before it is read`);
      check(node.op === "project" || !tiles.has(operand), node, () => `%${operand} is a tile; only project may read it`);
    }
    if (isTile(node)) {
      check(hasTiles[place.stage], node, () => `a tile in stage ${place.stage}`);
      verifyTile(node, types, place);
      tiles.set(node.id, node);
    } else {
      verifyOp(node, types, tiles, place);
      types.set(node.id, node.type);
    }
  }
  return types;
}

function verifyOp(node: Node, types: ReadonlyMap<Id, Type>, tiles: ReadonlyMap<Id, Tile>, { stage, around }: Place): void {
  const names: readonly OpName[] = refused[stage];
  check(!names.includes(node.op), node, () => `${node.op} in stage ${stage}`);
  const spec = ops[node.op] as unknown as OpSpec<never>;
  check(
    spec.arity === "many" ? node.ins.length > 0 : node.ins.length === spec.arity,
    node,
    () => `${node.op} takes ${spec.arity} operands`,
  );
  if (node.op === "project") {
    const tile = tiles.get(node.ins[0] ?? -1);
    check(tile !== undefined, node, "project reads a tile");
    const type = tile.types[node.attrs.index];
    check(
      type !== undefined && sameType(type, node.type),
      node,
      () => `result ${node.attrs.index} is ${type === undefined ? "missing" : printType(type)}`,
    );
  }
  const inferred = infer(node, spec, node.op === "project" ? [] : node.ins.map((id) => types.get(id)).filter((type) => type !== undefined));
  check(sameType(inferred, node.type), node, () => `the operands give ${printType(inferred)}`);
  for (const size of node.type.shape)
    for (const id of batchesOf(size))
      check(
        !id.startsWith("@") || around.some((tile) => tile.loops.some(({ name }) => `@${name}` === id)),
        node,
        () => `${id} is no block here`,
      );
  verifyPlace(node, around[around.length - 1]);
}

function infer(node: Node, spec: OpSpec<never>, ins: readonly Type[]): Type {
  try {
    return spec.type(ins, node.attrs as Attrs[OpName] as never);
  } catch (error) {
    if (error instanceof TypeRuleError) throw new GraphFault(`${error.message}\n  ${printNode(node)}`);
    throw error;
  }
}

const hasBlocks = (size: Size): boolean => batchesOf(size).some((id) => id.startsWith("@"));

/** What may stand in a body only, and what may not. */
function verifyPlace(node: Node, tile: Tile | undefined): void {
  if (tile === undefined) return check(!bodyOnly.includes(node.op), node, () => `${node.op} outside a body`);
  check(node.op !== "input", node, "a body reads its operands by arg");
  if (node.op === "iota") check(!hasBlocks(node.attrs.size), node, "an iota over a block counts from 0 in each; loop_index is meant");
  if (node.op === "size") check(!hasBlocks(node.attrs.size), node, "the size of a block changes with the tile; a global size is meant");
  if (node.op === "loop_index") {
    const loop = tile.loops[node.attrs.loop];
    check(loop !== undefined && sameSize(node.attrs.size, batch(`@${loop.name}`)), node, () => `loop ${node.attrs.loop} has another block`);
  }
}

// Tiles ------------------------------------------------------------------------------------------------------------

function verifyTile(tile: Tile, types: ReadonlyMap<Id, Type>, place: Place): void {
  const around = [...place.around, tile];
  verifyLoops(tile, place.around);
  const inner = verifyNodes(tile.body, { ...place, around });
  check(tile.body.outputs.length === 0, tile, "a body has no named outputs");
  verifyArgs(tile, types);
  check(tile.types.length === tile.outs.length, tile, "one type per result");
  tile.outs.forEach((out, k) => verifyOut(tile, out, k, inner.get(out.value)));
  for (const id of tile.recomputed) check(inner.has(id), tile, () => `recomputed %${id} is not in the body`);
}

function verifyLoops(tile: Tile, around: readonly Tile[]): void {
  check(tile.loops.length === 1 || tile.loops.length === 2, tile, "a tile has one or two loops");
  const taken = new Set(around.flatMap(({ loops }) => loops.map(({ name }) => name)));
  for (const { name, block } of tile.loops) {
    check(/^[A-Za-z]\w*$/.test(name) && !taken.has(name), tile, () => `a loop cannot be called ${name} here`);
    check(block === "auto" || (Number.isSafeInteger(block) && block >= 1), tile, () => `loop ${name} cannot run by ${block}`);
    taken.add(name);
  }
}

/** A type as the body sees it: sliced axes have the block's size. */
function blockType(tile: Tile, type: Type, slice: readonly (number | null)[]): Type {
  const shape = type.shape.map((size, axis) => {
    const loop = tile.loops[slice[axis] ?? -1];
    return loop === undefined ? size : batch(`@${loop.name}`);
  });
  return { dtype: type.dtype, shape };
}

function verifyArgs(tile: Tile, types: ReadonlyMap<Id, Type>): void {
  const args = tile.body.nodes.filter((node) => node.op === "arg");
  check(args.length === tile.ins.length, tile, "the body has one arg per operand");
  tile.ins.forEach(({ value, slice }, k) => {
    const type = types.get(value);
    check(type !== undefined && slice.length === type.shape.length, tile, () => `operand ${k} is cut along ${slice.length} axes`);
    slice.forEach((loop, axis) => {
      if (loop === null) return;
      const extent = tile.loops[loop]?.extent;
      check(
        extent !== undefined && sameSize(extent, type.shape[axis] ?? []),
        tile,
        () => `operand ${k}: axis ${axis} is not the extent of loop ${loop}`,
      );
    });
    const arg = args.find(({ attrs }) => attrs.index === k);
    check(arg !== undefined, tile, () => `the body does not take operand ${k}`);
    const expected = blockType(tile, type, slice);
    check(sameType(arg.type, expected), arg, () => `operand ${k} of the tile is ${printType(expected)} in the body`);
  });
}

/** The merge that the values of an index result must have. */
const followedMerge = { argmax: "max", topk_index: "topk" } as const satisfies Partial<Record<Merge, Merge>>;
const follows = (merge: Merge): merge is keyof typeof followedMerge => Object.hasOwn(followedMerge, merge);

function verifyOut(tile: Tile, out: TileOut, k: number, type: Type | undefined): void {
  const result = tile.types[k];
  check(type !== undefined && result !== undefined, tile, () => `result ${k}: the body has no value %${out.value}`);
  check(out.place.length === type.shape.length, tile, () => `result ${k} has ${type.shape.length} axes, ${out.place.length} are placed`);
  const loops = out.place.filter((loop) => loop !== null);
  check(new Set(loops).size === loops.length, tile, () => `result ${k} places one loop twice`);
  type.shape.forEach((size, axis) => {
    const loop = out.place[axis] ?? null;
    if (loop === null)
      return check(
        !batchesOf(size).some((id) => tile.loops.some(({ name }) => `@${name}` === id)),
        tile,
        () => `result ${k}: axis ${axis} is ${printSize(size)}, so a loop must place it`,
      );
    const name = tile.loops[loop]?.name;
    check(
      name !== undefined && sameSize(size, batch(`@${name}`)),
      tile,
      () => `result ${k}: axis ${axis} is ${printSize(size)}, not a block of loop ${loop}`,
    );
  });
  const whole = { dtype: type.dtype, shape: type.shape.map((size, axis) => tile.loops[out.place[axis] ?? -1]?.extent ?? size) };
  check(sameType(whole, result), tile, () => `result ${k} is ${printType(whole)}, stated as ${printType(result)}`);
  verifyMerge(tile, out, k, type);
}

function verifyMerge(tile: Tile, { merge, place, by }: TileOut, k: number, type: Type): void {
  const whole = place.filter((loop) => loop === null).length;
  if (merge === "none")
    check(place.length - whole === tile.loops.length, tile, () => `result ${k}: a loop that is not placed needs a merge`);
  else check(type.dtype !== "bool", tile, () => `result ${k}: bools do not merge`);
  if (merge === "logsumexp") check(isFloat(type.dtype), tile, () => `result ${k}: logsumexp merges floats`);
  if (merge === "topk" || merge === "topk_index") check(whole === 1, tile, () => `result ${k}: exactly one axis holds the k`);
  if (!follows(merge)) return check(by === null, tile, () => `result ${k}: ${merge} follows nothing`);
  check(type.dtype === "i32", tile, () => `result ${k}: indices are i32`);
  const values = tile.outs[by ?? -1];
  const samePlace =
    values !== undefined && values.place.length === place.length && values.place.every((loop, axis) => loop === place[axis]);
  check(
    samePlace && values.merge === followedMerge[merge],
    tile,
    () => `result ${k}: ${merge} follows a ${followedMerge[merge]} of the same axes`,
  );
}
