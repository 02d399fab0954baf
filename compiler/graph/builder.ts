/** The only way to make nodes: infers types by the op table and numbers the nodes. */
import type { Graph, GraphNode, GraphOutput, Id, Node, Tile } from "./graph.js";
import { isTile } from "./graph.js";
import type { Origin } from "./origin.js";
import { type Attrs, type AxisPairs, type OpName, type OpSpec, ops } from "./op-table.js";
import { multiplySizes, one, sameSize, type Size } from "./size.js";
import type { DType, Shape, Type } from "./type.js";

export class GraphBuilder {
  readonly #nodes: GraphNode[] = [];
  readonly #byId = new Map<Id, GraphNode>();
  /** The place in the source that new nodes come from. */
  span: Origin;

  constructor(span: Origin) {
    this.span = span;
  }

  /** Adds one op. Throws `TypeRuleError` where the operands do not fit. */
  emit<K extends OpName>(op: K, ins: readonly Id[], attrs: Attrs[K]): Id {
    const spec = ops[op] as unknown as OpSpec<K>;
    if (spec.arity !== "many" && spec.arity !== ins.length) throw new Error(`${op} takes ${spec.arity} operands, got ${ins.length}`);
    const type = spec.type(op === "project" ? [] : ins.map((id) => this.type(id)), attrs);
    return this.#push({ id: this.#nodes.length, op, ins, attrs, type, span: this.span } as unknown as Node);
  }

  tile(tile: Omit<Tile, "id" | "op">): Id {
    return this.#push({ ...tile, id: this.#nodes.length, op: "tile" });
  }

  #push(node: GraphNode): Id {
    this.#nodes.push(node);
    this.#byId.set(node.id, node);
    return node.id;
  }

  /** A node of many is the value itself, the others are on the way to it. */
  standFor(id: Id, origin: Origin): void {
    const node = { ...this.node(id), span: origin };
    this.#nodes[id] = node;
    this.#byId.set(id, node);
  }

  node(id: Id): GraphNode {
    const node = this.#byId.get(id);
    if (node === undefined) throw new Error(`no node %${id}`);
    return node;
  }

  type(id: Id): Type {
    const node = this.node(id);
    if (isTile(node)) throw new Error(`%${id} is a tile; project one of its results`);
    return node.type;
  }

  shape(id: Id): Shape {
    return this.type(id).shape;
  }

  finish(outputs: readonly GraphOutput[]): Graph {
    return { nodes: this.#nodes.slice(), outputs };
  }

  // Spellings that every caller needs; each is one node unless it says otherwise ---------------------------------

  const(value: number, dtype: DType = "f32"): Id {
    return this.emit("const", [], { value, dtype });
  }
  size(size: Size, dtype: DType = "f32"): Id {
    return this.emit("size", [], { size, dtype });
  }
  /** Each element's place along an axis, over a whole shape: two nodes. */
  indexAlong(shape: Shape, axis: number): Id {
    return this.broadcast(this.emit("iota", [], { size: shape[axis] ?? one }), shape, [axis]);
  }
  /** A constant with the type of x: two nodes. */
  constLike(value: number, x: Id): Id {
    const { dtype, shape } = this.type(x);
    return this.broadcast(this.const(value, dtype), shape, []);
  }
  neg(x: Id): Id {
    return this.emit("neg", [x], {});
  }
  exp(x: Id): Id {
    return this.emit("exp", [x], {});
  }
  log(x: Id): Id {
    return this.emit("log", [x], {});
  }
  sigmoid(x: Id): Id {
    return this.emit("sigmoid", [x], {});
  }
  softplus(x: Id): Id {
    return this.emit("softplus", [x], {});
  }
  add(x: Id, y: Id): Id {
    return this.emit("add", [x, y], {});
  }
  sub(x: Id, y: Id): Id {
    return this.emit("sub", [x, y], {});
  }
  mul(x: Id, y: Id): Id {
    return this.emit("mul", [x, y], {});
  }
  div(x: Id, y: Id): Id {
    return this.emit("div", [x, y], {});
  }
  select(condition: Id, x: Id, y: Id): Id {
    return this.emit("select", [condition, x, y], {});
  }
  /** x where the condition holds, else 0: up to three nodes. */
  selectOrZero(condition: Id, x: Id): Id {
    return this.select(condition, x, this.constLike(0, x));
  }
  cast(x: Id, dtype: DType): Id {
    return this.type(x).dtype === dtype ? x : this.emit("cast", [x], { dtype });
  }
  /** No node where the shape is there already. */
  broadcast(x: Id, shape: Shape, axes: readonly number[]): Id {
    return axes.length === shape.length ? x : this.emit("broadcast", [x], { shape, axes });
  }
  /** No node for the identity. */
  transpose(x: Id, perm: readonly number[]): Id {
    return perm.every((p, i) => p === i) ? x : this.emit("transpose", [x], { perm });
  }
  reshape(x: Id, shape: Shape): Id {
    const from = this.shape(x);
    return from.length === shape.length && from.every((s, i) => sameSize(s, shape[i] ?? [])) ? x : this.emit("reshape", [x], { shape });
  }
  /** No node where there is nothing to reduce. */
  sum(x: Id, axes: readonly number[]): Id {
    return axes.length === 0 ? x : this.emit("sum", [x], { axes });
  }
  dot(x: Id, y: Id, contract: AxisPairs, batch: AxisPairs = []): Id {
    return this.emit("dot", [x, y], { batch, contract });
  }
  /** Puts reduced axes back: the inverse shape of a reduction over `axes`. */
  unreduce(x: Id, shape: Shape, axes: readonly number[]): Id {
    return this.broadcast(
      x,
      shape,
      shape.map((_, i) => i).filter((i) => !axes.includes(i)),
    );
  }
}

/** The number of elements along axes, as a size. */
export const extentOf = (shape: Shape, axes: readonly number[]): Size =>
  axes.reduce<Size>((total, axis) => multiplySizes(total, shape[axis] ?? one), one);
