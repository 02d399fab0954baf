/**
 * Random numbers of a training step: each is keyed by seed, step, the place in the program and the element's position in the whole
 * array. So slices, tiles and a second forward pass draw the same. A program that is lowered for anything else has none.
 */
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import { constant, one, type Size } from "../graph/size.js";
import type { Shape } from "../graph/type.js";

/** The key of the step: i32[2]. */
export const randomInput = "train.random";

export class Draws {
  #key: readonly [Id, Id] | null = null;
  #site = 0;

  /** A number in (0, 1) for each element; its row and its place in the row say which. Every call is a place of its own. */
  uniform(b: GraphBuilder, shape: Shape): Id {
    this.#key ??= keyOf(b);
    const [k, l] = this.#key;
    const site = this.#site++;
    const everywhere = (value: Id): Id => b.broadcast(value, shape, []);
    const zero = (): Id => everywhere(b.const(0, "i32"));
    const along = (axis: number): Id => b.indexAlong(shape, axis);
    const places = shape.slice(1).map((_, at) => at + 1);
    const place = places.reduce<Id | null>(
      (before, axis) => (before === null ? along(axis) : b.add(b.mul(before, everywhere(b.size(sizeAt(shape, axis), "i32"))), along(axis))),
      null,
    );
    const row = shape.length === 0 ? zero() : along(0);
    const own = b.add(l, b.const(site, "i32"));
    return b.emit("random", [place ?? zero(), row, everywhere(k), everywhere(own)], {});
  }
}

function keyOf(b: GraphBuilder): readonly [Id, Id] {
  const words = b.emit("input", [], { name: randomInput, role: "step", type: { dtype: "i32", shape: [constant(2)] } });
  const word = (k: number): Id => b.reshape(b.emit("slice", [words], { axis: 0, start: constant(k), stop: constant(k + 1) }), []);
  return [word(0), word(1)];
}

const sizeAt = (shape: Shape, axis: number): Size => shape[axis] ?? one;
