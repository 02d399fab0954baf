/**
 * A tile whose cheap operands are computed in its body, from blocks of what they are made of, instead of being stored whole.
 *
 *   tile (%z[i, _]) {%0 = arg 0; …} where %z = mul %x, broadcast %r   =>   tile (%x[i, _], %r[i]) {%2 = mul %0, broadcast %1; …}
 */
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type Id, isTile, type Node, type Tile, type TileIn } from "../graph/graph.js";
import { copy } from "../graph/rewrite.js";
import { batch, type Size } from "../graph/size.js";
import type { Shape } from "../graph/type.js";
import type { RegionNodes } from "./region-nodes.js";

type Slice = TileIn["slice"];

export function sinkOperands(tile: Tile, nodes: RegionNodes): Tile {
  return tile.ins.some(({ value }) => nodes.sinks(value)) ? new Sinking(tile, nodes).run() : tile;
}

class Sinking {
  readonly #tile: Tile;
  readonly #nodes: RegionNodes;
  readonly #b: GraphBuilder;
  readonly #ins: TileIn[] = [];
  /** Value and slice → its id in the body. */
  readonly #made = new Map<string, Id>();

  constructor(tile: Tile, nodes: RegionNodes) {
    this.#tile = tile;
    this.#nodes = nodes;
    this.#b = new GraphBuilder(tile.span);
  }

  run(): Tile {
    const ids = new Map<Id, Id>();
    const to = (old: Id): Id => ids.get(old) ?? raise(`%${old} is not made in the body`);
    for (const node of this.#tile.body.nodes) {
      if (isTile(node)) throw new Error("a tile's body holds no tile");
      ids.set(node.id, node.op === "arg" ? this.#operand(node.attrs.index) : this.#copy(node, to));
    }
    const body: Graph = this.#b.finish([]);
    const outs = this.#tile.outs.map((out) => ({ ...out, value: to(out.value) }));
    return { ...this.#tile, ins: this.#ins, outs, body, recomputed: this.#tile.recomputed.map(to) };
  }

  #copy(node: Node, to: (old: Id) => Id): Id {
    this.#b.span = node.span;
    return copy(node, this.#b, to);
  }

  #operand(index: number): Id {
    const { value, slice } = this.#tile.ins[index] ?? raise(`no operand ${index}`);
    return this.#nodes.sinks(value) ? this.#value(value, slice) : this.#block(value, slice);
  }

  #value(id: Id, slice: Slice): Id {
    const node = this.#nodes.op(id);
    if (node.op !== "broadcast" && node.op !== "transpose" && !this.#nodes.isCheap(id)) return this.#block(id, slice);
    return this.#once(id, slice, () => {
      const along = (axes: readonly number[]): Slice => axes.map((axis) => slice[axis] ?? null);
      const ins = (inner: Slice): readonly Id[] => {
        const made = node.ins.map((operand) => this.#value(operand, inner));
        this.#b.span = node.span;
        return made;
      };
      switch (node.op) {
        case "broadcast":
          return this.#b.emit("broadcast", ins(along(node.attrs.axes)), { ...node.attrs, shape: this.#blocked(node.type.shape, slice) });
        case "transpose":
          return this.#b.emit("transpose", ins(along(node.attrs.perm.map((_, axis) => node.attrs.perm.indexOf(axis)))), node.attrs);
        case "iota": {
          const [loop = null] = slice;
          if (loop !== null) return this.#b.emit("loop_index", [], { loop, size: this.#blockSize(loop) });
          return this.#b.emit("iota", [], node.attrs);
        }
        default:
          return this.#b.emit(node.op, ins(slice), node.attrs as never);
      }
    });
  }

  /** A block of a stored value. */
  #block(value: Id, slice: Slice): Id {
    return this.#once(value, slice, () => {
      const { dtype, shape } = this.#nodes.op(value).type;
      const index = this.#ins.push({ value, slice }) - 1;
      return this.#b.emit("arg", [], { index, type: { dtype, shape: this.#blocked(shape, slice) } });
    });
  }

  #once(value: Id, slice: Slice, make: () => Id): Id {
    const key = `${value} ${slice.join()}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const id = make();
    this.#made.set(key, id);
    return id;
  }

  #blockSize(loop: number): Size {
    return batch(`@${this.#tile.loops[loop]?.name ?? raise(`no loop ${loop}`)}`);
  }
  #blocked(shape: Shape, slice: Slice): Shape {
    return shape.map((size, axis) => {
      const loop = slice[axis] ?? null;
      return loop === null ? size : this.#blockSize(loop);
    });
  }
}

function raise(message: string): never {
  throw new Error(message);
}
