/**
 * Dropout of a training step: each element is kept or not by a random number of its own, keyed by seed, step, the place in the
 * program and the element's position in the whole array. So slices, tiles and a second forward pass agree, and evaluation, which
 * never comes here, has none.
 *
 *   dropout %x {rate = 0.25}   =>   select (random(place, row, k, l + site) > 0.25), %x * 1/0.75, 0
 */
import type { GraphBuilder } from "../graph/builder.js";
import { type Graph, type Id, isTile } from "../graph/graph.js";
import { rewrite } from "../graph/rewrite.js";
import { constant, one, type Size } from "../graph/size.js";
import type { Shape } from "../graph/type.js";

/** The key of the step: i32[2]. */
export const randomInput = "train.random";

export function drawDropout(graph: Graph): Graph {
  let site = 0;
  let key: readonly [Id, Id] | null = null;
  return rewrite(graph, (node, { b, to }) => {
    if (isTile(node) || node.op !== "dropout") return null;
    const x = to(node.ins[0] ?? -1);
    key ??= keyOf(b);
    // Between two numbers that can be drawn, in f32 and in f64: every engine keeps the same elements.
    const rate = Math.round(node.attrs.rate * 2 ** 23) * 2 ** -23;
    const drawn = randomLike(b, x, key, site++);
    const kept = b.emit("gt", [drawn, b.constLike(rate, drawn)], {});
    return b.selectOrZero(kept, b.mul(x, b.constLike(1 / (1 - rate), x)));
  });
}

function keyOf(b: GraphBuilder): readonly [Id, Id] {
  const words = b.emit("input", [], { name: randomInput, role: "step", type: { dtype: "i32", shape: [constant(2)] } });
  const word = (k: number): Id => b.reshape(b.emit("slice", [words], { axis: 0, start: constant(k), stop: constant(k + 1) }), []);
  return [word(0), word(1)];
}

function randomLike(b: GraphBuilder, x: Id, [k, l]: readonly [Id, Id], site: number): Id {
  const { shape } = b.type(x);
  const everywhere = (value: Id): Id => b.broadcast(value, shape, []);
  const zero = (): Id => everywhere(b.const(0, "i32"));
  const along = (axis: number): Id => b.broadcast(b.emit("iota", [], { size: sizeAt(shape, axis) }), shape, [axis]);
  const places = shape.slice(1).map((_, at) => at + 1);
  const place = places.reduce<Id | null>(
    (before, axis) => (before === null ? along(axis) : b.add(b.mul(before, everywhere(b.size(sizeAt(shape, axis), "i32"))), along(axis))),
    null,
  );
  const row = shape.length === 0 ? zero() : along(0);
  const own = b.add(l, b.const(site, "i32"));
  return b.emit("random", [place ?? zero(), row, everywhere(k), everywhere(own)], {});
}

const sizeAt = (shape: Shape, axis: number): Size => shape[axis] ?? one;
