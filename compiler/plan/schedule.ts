/**
 * The program as kernels in block loops over buffers, batch sizes still open: made once per template.
 * `bind` puts numbers in.
 */
import type { Span } from "../../grammar/span.js";
import { type Graph, type GraphNode, type Id, isTile, type Node, operandsOf, type Tile } from "../graph/graph.js";
import { labelOf } from "../graph/origin.js";
import { batchesOf } from "../graph/size.js";
import { type DType, isFloat, printShape, type Shape } from "../graph/type.js";
import { blockOf, blockSize, contiguous, loopOf, type SymbolicCall, type SymbolicView } from "../kernel/call.js";
import { formRegion, type RegionHost, type Sink, type Step } from "../kernel/form-region.js";
import { kernelText } from "../kernel/kernel-text.js";
import { renameLoops } from "../kernel/rename-loops.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Target } from "../target.js";
import { type TravellingIndex, travellingIndices } from "./travelling-index.js";
import { keepTiles } from "./keep-tiles.js";
import type { BufferId, BufferRole, LoopId, PlanPort } from "./plan.js";
import type { Schedule, SymbolicBuffer, SymbolicLoop, SymbolicStatement } from "./symbolic-plan.js";

/** In float64 every float of the program is stored as one. */
export const storedAs = (dtype: DType, precision: Target["precision"]): DType => (precision === "f64" && isFloat(dtype) ? "f64" : dtype);

type KernelTarget = Pick<Target, "precision" | "wideSums">;

export function scheduleGraph(graph: Graph, target: KernelTarget): { readonly schedule: Schedule; readonly kernels: readonly Kernel[] } {
  return new Scheduler(graph, target).run();
}

class Scheduler {
  readonly #graph: Graph;
  readonly #target: KernelTarget;
  readonly #loops: SymbolicLoop[] = [];
  readonly #buffers: SymbolicBuffer[] = [];
  /** Equal shapes are one, so that their numbers are found once per plan: text → shape. */
  readonly #shapes = new Map<string, Shape>();
  readonly #kernels: Kernel[] = [];
  /** Equal kernels are one: text → number. */
  readonly #kernelNumbers = new Map<string, number>();

  constructor(graph: Graph, target: KernelTarget) {
    this.#graph = graph;
    this.#target = target;
  }

  run(): { readonly schedule: Schedule; readonly kernels: readonly Kernel[] } {
    const nodes = reachable(this.#graph);
    const inputs = new Map<Id, BufferId>();
    const ports: PlanPort[] = [];
    for (const node of nodes) {
      if (isTile(node) || node.op !== "input") continue;
      const known = ports.find(({ name }) => name === node.attrs.name);
      const buffer = known?.buffer ?? this.#buffer(node.attrs.name, "given", node.type.dtype, node.type.shape, [], node.span);
      inputs.set(node.id, buffer);
      if (known === undefined) ports.push({ name: node.attrs.name, buffer });
    }
    const produced = this.#graph.outputs.filter(({ value }) => !inputs.has(value));
    const outputNames = new Map(produced.map(({ name, value }) => [value, name]));
    const wanted = new Set(outputNames.keys());
    const types = new Map(nodes.flatMap((node) => (isTile(node) ? [] : [[node.id, node.type.shape] as const])));
    const { steps, bufferOf } = formRegion(
      { nodes, depth: () => 0, given: (id) => contiguous(inputs.get(id) ?? raise(`%${id} is no input`), types.get(id) ?? []), wanted },
      [],
      0,
      this.#host([], outputNames),
    );
    const statements = steps.flatMap((step) => this.#step(step));
    const outputs = this.#graph.outputs.map(({ name, value }) => ({ name, buffer: inputs.get(value) ?? bufferOf(value) }));
    const schedule = { loops: this.#loops, buffers: this.#buffers, statements, keeps: [], inputs: ports, outputs };
    return { schedule: keepTiles(schedule, this.#kernels, (kernel) => this.#number(kernel)), kernels: this.#kernels };
  }

  #buffer(name: string, role: BufferRole, dtype: DType, shape: Shape, loops: readonly LoopId[], span: Span): BufferId {
    const text = printShape(shape);
    const known = this.#shapes.get(text) ?? shape;
    this.#shapes.set(text, known);
    return this.#buffers.push({ name, role, dtype: storedAs(dtype, this.#target.precision), shape: known, loops, span }) - 1;
  }

  /** `results`: names of the values that leave the program. */
  #host(loops: readonly LoopId[], results: ReadonlyMap<Id, string>): RegionHost {
    return {
      wideSums: this.#target.wideSums ?? false,
      stored: (dtype) => storedAs(dtype, this.#target.precision),
      loop: (k) => loops[k] ?? raise(`no loop ${k}`),
      buffer: (node, dtype, shape, depth) => {
        const result = node.id === null ? undefined : results.get(node.id);
        const inside = loops.slice(0, depth);
        const role = inside.length > 0 ? "block" : result === undefined ? "temporary" : "result";
        return this.#buffer(result ?? labelOf(node.op, node.span), role, dtype, shape, inside, node.span);
      },
    };
  }

  #step(step: Step): readonly SymbolicStatement[] {
    return "call" in step ? [this.#call(step.call)] : this.#tile(step.tile, step.operands, step.results);
  }

  #call(call: SymbolicCall): SymbolicStatement {
    return { kind: "call", kernel: this.#number(call.kernel), call };
  }
  #number(kernel: Kernel): number {
    const text = kernelText(kernel);
    const known = this.#kernelNumbers.get(text);
    if (known !== undefined) return known;
    const number = this.#kernels.push(kernel) - 1;
    this.#kernelNumbers.set(text, number);
    return number;
  }

  #tile(tile: Tile, operands: readonly SymbolicView[], results: readonly BufferId[]): readonly SymbolicStatement[] {
    const loops = tile.loops.map(({ name, extent, block }, index) => this.#loops.push({ tile: tile.id, index, name, extent, block }) - 1);
    const at = (k: number | null): LoopId | null => (k === null ? null : (loops[k] ?? raise(`%${tile.id} has no loop ${k}`)));
    const body = renameLoops(tile.body, Object.fromEntries(tile.loops.map(({ name }, k) => [`@${name}`, blockSize(at(k) ?? -1)])));
    const travelling = travellingIndices(body, tile);
    const nodes = bodyNodes(body, tile, travelling);
    const depths = depthsOf(nodes, tile, loops);
    const args = new Map(nodes.flatMap((node) => (!isTile(node) && node.op === "arg" ? [[node.id, node.attrs.index] as const] : [])));
    const given = (id: Id): SymbolicView => {
      const k = args.get(id) ?? raise(`%${id} is no operand`);
      return blockOf(operands[k] ?? raise(`no operand ${k}`), (tile.ins[k]?.slice ?? []).map(at));
    };
    const sinks = tile.outs.map(({ value, place, merge, by }, k): Sink => {
      const whole = contiguous(results[k] ?? -1, tile.types[k]?.shape ?? []);
      const { value: merged, travels } = travelling.get(k) ?? { value, travels: null };
      return {
        value: merged,
        travels,
        view: blockOf(whole, place.map(at)),
        dtype: this.#buffers[whole.buffer]?.dtype ?? raise(`%${tile.id} has no result ${k}`),
        merge,
        first: loops.filter((_, l) => !place.includes(l)),
        by,
        whole: place.indexOf(null),
      };
    });
    const region = { nodes, depth: (id: Id) => depths.get(id) ?? 0, given, wanted: new Set<Id>() };
    const { steps } = formRegion(region, sinks, loops.length, this.#host(loops, new Map()));
    return this.#nest(steps, loops, 0);
  }

  /** What changes with fewer loops stands before the loops that it does not change with. */
  #nest(steps: readonly Step[], loops: readonly LoopId[], depth: number): readonly SymbolicStatement[] {
    const here = steps.filter((step) => step.depth === depth).flatMap((step) => this.#step(step));
    const loop = loops[depth];
    return loop === undefined ? here : [...here, { kind: "for", loop, body: this.#nest(steps, loops, depth + 1) }];
  }
}

/** What the outputs need. */
function reachable(graph: Graph): readonly GraphNode[] {
  const needed = new Set(graph.outputs.map(({ value }) => value));
  for (const node of graph.nodes.toReversed()) if (needed.has(node.id)) operandsOf(node).forEach((id) => needed.add(id));
  return graph.nodes.filter((node) => needed.has(node.id) || (!isTile(node) && node.op === "input"));
}

function bodyNodes(body: Graph, tile: Tile, travelling: ReadonlyMap<number, TravellingIndex>): readonly GraphNode[] {
  const needed = tile.outs.flatMap((out, k) => {
    const { value, travels } = travelling.get(k) ?? { value: out.value, travels: null };
    return travels === null ? [value] : [value, travels];
  });
  return reachable({ nodes: body.nodes, outputs: needed.map((value) => ({ name: "", value })) });
}

/** Per node of a body, how many loops (from the outside) it changes with: by its operands, its indices and the length of its block. */
function depthsOf(nodes: readonly GraphNode[], tile: Tile, loops: readonly LoopId[]): ReadonlyMap<Id, number> {
  const depths = new Map<Id, number>();
  const byLoop = (loop: LoopId | null): number => (loop === null ? 0 : loops.indexOf(loop) + 1);
  const own = (node: Node): number => {
    const sizes = node.type.shape.flatMap(batchesOf).map((id) => byLoop(loopOf(id)));
    if (node.op === "arg") sizes.push(...(tile.ins[node.attrs.index]?.slice ?? []).map((k) => (k === null ? 0 : k + 1)));
    if (node.op === "loop_index") sizes.push(node.attrs.loop + 1);
    return Math.max(0, ...sizes);
  };
  for (const node of nodes) {
    if (isTile(node)) throw new Error("a tile's body holds no tile");
    depths.set(node.id, Math.max(own(node), ...node.ins.map((id) => depths.get(id) ?? 0)));
  }
  return depths;
}

function raise(message: string): never {
  throw new Error(message);
}
