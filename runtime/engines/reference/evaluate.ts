/** The oracle: walks the graph in order and computes every value whole, in float64. Storage types are ignored, integers wrap. */
import { type Graph, type GraphNode, type Id, isTile, type Node, type Tile, type TileIn } from "../../../compiler/graph/graph.js";
import type { OpName } from "../../../compiler/graph/op-table.js";
import { printNode } from "../../../compiler/graph/print.js";
import { type BatchId, evaluateSize } from "../../../compiler/graph/size.js";
import type { DType, Shape, Type } from "../../../compiler/graph/type.js";
import { integerRange } from "./integers.js";
import { type BlockResult, identityOf, mergeBlock } from "./merge.js";
import type { Block, Call, Rule } from "./rule.js";
import { rules } from "./rules.js";
import { offsetsOf, stridesOf } from "./strides.js";
import { elementCount, emptyValue, type Value } from "./value.js";

export type Dims = Readonly<Record<BatchId, number>>;

export type EvaluateOptions = {
  /** Block sizes, by loop name, of the loops that say `auto`; without one the block is the whole axis. */
  readonly blocks?: Readonly<Record<string, number>>;
};

/** What a node may read beside its operands; a tile's body has its own. */
type Frame = {
  readonly dims: Dims;
  readonly blocks: Readonly<Record<string, number>>;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly args: readonly Value[];
  readonly current: readonly Block[];
};

/** A tile has several results. */
type Results = readonly Value[];

export function evaluateGraph(
  graph: Graph,
  inputs: ReadonlyMap<string, Value>,
  dims: Dims,
  options: EvaluateOptions = {},
): ReadonlyMap<string, Value> {
  for (const [batch, size] of Object.entries(dims))
    if (!Number.isSafeInteger(size) || size < 0) throw new Error(`batch ${batch} cannot be ${size}`);
  const values = evaluateNodes(graph, { dims, blocks: options.blocks ?? {}, inputs, args: [], current: [] });
  return new Map(graph.outputs.map(({ name, value }) => [name, only(values, value)]));
}

/** Every value of the graph, by id: for looking into a computation. */
export function evaluateNodes(graph: Graph, frame: Frame): ReadonlyMap<Id, Results> {
  const values = new Map<Id, Results>();
  const types = new Map<Id, Type>(graph.nodes.flatMap((node) => (isTile(node) ? [] : [[node.id, node.type] as const])));
  for (const node of graph.nodes) {
    try {
      values.set(node.id, evaluateNode(node, values, types, frame));
    } catch (error) {
      throw new Error(`${printNode(node)}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  return values;
}

function only(values: ReadonlyMap<Id, Results>, id: Id): Value {
  const value = values.get(id)?.[0];
  if (value === undefined) throw new Error(`%${id} has no value`);
  return value;
}

function evaluateNode(node: GraphNode, values: ReadonlyMap<Id, Results>, types: ReadonlyMap<Id, Type>, frame: Frame): Results {
  if (isTile(node))
    return evaluateTile(
      node,
      node.ins.map(({ value }) => only(values, value)),
      frame,
    );
  if (node.op === "project") {
    const result = values.get(node.ins[0] ?? -1)?.[node.attrs.index];
    if (result === undefined) throw new Error(`no result ${node.attrs.index}`);
    return [result];
  }
  const inTypes = node.ins.map((id) => types.get(id)?.dtype ?? "f64");
  return [
    evaluateOp(
      node,
      node.ins.map((id) => only(values, id)),
      inTypes,
      frame,
    ),
  ];
}

function evaluateOp(node: Node, ins: readonly Value[], inTypes: readonly DType[], frame: Frame): Value {
  const shape = concrete(node.type.shape, frame.dims);
  const call: Call<OpName> = {
    ins,
    attrs: node.attrs,
    dtype: node.type.dtype,
    inTypes,
    shape,
    extent: (size) => evaluateSize(size, frame.dims),
    shapeOf: (of) => concrete(of, frame.dims),
    input: (name) => checked(name, frame.inputs.get(name), node.type.dtype, shape),
    arg: (index) => frame.args[index] ?? raise(`no operand ${index} of the tile`),
    block: (loop) => frame.current[loop] ?? raise(`no loop ${loop}`),
  };
  // The rule is looked up by the op that types the attributes; TypeScript cannot follow the union.
  const value = (rules[node.op] as Rule<never>)(call as Call<never>);
  if (value.data.length !== elementCount(shape) || !sameNumbers(value.shape, shape))
    throw new Error(`gave [${value.shape.join(", ")}] instead of [${shape.join(", ")}]`);
  return value;
}

const concrete = (shape: Shape, dims: Dims): readonly number[] => shape.map((size) => evaluateSize(size, dims));
const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

function raise(message: string): never {
  throw new Error(message);
}

function holds(dtype: DType, x: number): boolean {
  if (dtype === "bool") return x === 0 || x === 1;
  if (dtype !== "i32" && dtype !== "u32") return true;
  const [low, high] = integerRange[dtype];
  return Number.isInteger(x) && x >= low && x <= high;
}

function checked(name: string, value: Value | undefined, dtype: DType, shape: readonly number[]): Value {
  if (value === undefined) throw new Error(`no value is given for input ${name}`);
  if (!sameNumbers(value.shape, shape) || value.data.length !== elementCount(shape))
    throw new Error(`input ${name} is [${value.shape.join(", ")}], not [${shape.join(", ")}]`);
  const bad = value.data.findIndex((x) => !holds(dtype, x));
  if (bad >= 0) throw new Error(`input ${name} holds ${value.data[bad]}, which is no ${dtype}`);
  return value;
}

// Tiles ------------------------------------------------------------------------------------------------------------

function evaluateTile(tile: Tile, ins: readonly Value[], frame: Frame): Results {
  const wholes = tile.types.map((type, k) =>
    emptyValue(concrete(type.shape, frame.dims), identityOf[tile.outs[k]?.merge ?? "none"](type.dtype)),
  );
  for (const current of blocksOf(tile, frame)) {
    const dims = { ...frame.dims };
    tile.loops.forEach(({ name }, loop) => {
      dims[`@${name}`] = current[loop]?.length ?? 0;
    });
    const args = tile.ins.map((input, k) => cut(ins[k] ?? raise(`operand ${k} is missing`), input, current));
    const values = evaluateNodes(tile.body, { ...frame, dims, args, current });
    mergeBlock(
      tile.outs.map((out, k) => blockResult(tile, k, wholes[k] ?? raise(`result ${k} has no type`), only(values, out.value), current)),
    );
  }
  return wholes;
}

/** All combinations of blocks, the last loop innermost; the last block of a loop may be smaller. */
function blocksOf(tile: Tile, frame: Frame): readonly (readonly Block[])[] {
  return tile.loops.reduce<readonly (readonly Block[])[]>(
    (outer, { name, extent, block }) => {
      const whole = evaluateSize(extent, frame.dims);
      const step = block === "auto" ? (frame.blocks[name] ?? Math.max(whole, 1)) : block;
      if (!Number.isSafeInteger(step) || step < 1) throw new Error(`loop ${name} cannot run by ${step}`);
      const blocks = Array.from({ length: Math.ceil(whole / step) }, (_, k) => ({
        start: k * step,
        length: Math.min(step, whole - k * step),
      }));
      return outer.flatMap((before) => blocks.map((b) => [...before, b]));
    },
    [[]],
  );
}

/** The offsets, in an array of this shape, of the block that `loops` cut out of it. */
function blockOffsets(
  shape: readonly number[],
  loops: readonly (number | null)[],
  current: readonly Block[],
): { readonly offsets: Int32Array; readonly shape: readonly number[] } {
  const strides = stridesOf(shape);
  const ranges = shape.map((extent, axis) => {
    const loop = loops[axis] ?? null;
    return loop === null ? { start: 0, length: extent } : (current[loop] ?? raise(`no loop ${loop}`));
  });
  const base = ranges.reduce((sum, { start }, axis) => sum + start * (strides[axis] ?? 1), 0);
  const offsets = offsetsOf(ranges.map(({ length }, axis) => ({ extent: length, stride: strides[axis] ?? 1 })));
  return { offsets: offsets.map((offset) => base + offset), shape: ranges.map(({ length }) => length) };
}

function cut(x: Value, input: TileIn, current: readonly Block[]): Value {
  const { offsets, shape } = blockOffsets(x.shape, input.slice, current);
  return { shape, data: Float64Array.from(offsets, (offset) => x.data[offset] ?? 0) };
}

function blockResult(tile: Tile, k: number, whole: Value, part: Value, current: readonly Block[]): BlockResult {
  const [out, type] = [tile.outs[k], tile.types[k]];
  if (out === undefined || type === undefined) return raise(`no result ${k}`);
  const { offsets, shape } = blockOffsets(whole.shape, out.place, current);
  if (!sameNumbers(shape, part.shape)) throw new Error(`result ${k} of a block is [${part.shape.join(", ")}], not [${shape.join(", ")}]`);
  return { out, dtype: type.dtype, whole, part, offsets };
}
