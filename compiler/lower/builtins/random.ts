/** What is drawn anew in each training step, and is not there in anything else. */
import { Dimension } from "../../check/dimension.js";
import { messages } from "../../check/messages.js";
import { refuse } from "../../check/refusal.js";
import { printTensor, type Tensor } from "../../check/value.js";
import type { GraphBuilder } from "../../graph/builder.js";
import type { Id } from "../../graph/graph.js";
import { constant } from "../../graph/size.js";
import type { Arguments } from "../arguments.js";
import type { Draws } from "../draws.js";
import type { Site } from "../elaboration.js";
import { floatTensor } from "../operand.js";
import { axisOf, mapTensor } from "../tensor.js";
import { type Builtin, builtin } from "./builtin.js";

/** x where a number is above the rate, as x / (1 - rate), else 0. */
function dropout(site: Site, args: Arguments): Tensor {
  const rate = args.number("rate");
  if (!(rate >= 0 && rate < 1))
    refuse(messages.outOfBounds, args.get("rate").span, { what: "`rate`", wanted: "at least 0 and below 1", found: rate });
  const x = floatTensor(site, args.get("x"), "dropout");
  const { draws } = site.e;
  if (rate === 0 || draws === null) return x;
  // Between two numbers that can be drawn, in f32 and in f64: every engine keeps the same elements.
  const bound = Math.round(rate * 2 ** 23) * 2 ** -23;
  return mapTensor(site, x, {}, (b, id) => {
    const drawn = draws.uniform(b, b.shape(id));
    const kept = b.emit("gt", [drawn, b.constLike(bound, drawn)], {});
    return b.selectOrZero(kept, b.mul(id, b.constLike(1 / (1 - bound), id)));
  });
}

/** The `count` places along an axis with the largest numbers, in their order; each row before the axis has numbers of its own. */
function keepRandom(site: Site, args: Arguments): Tensor {
  const x = floatTensor(site, args.get("x"), "keep_random");
  if (x.dims.length === 0)
    refuse(messages.needsAxes, args.get("x").span, { what: "`keep_random`", wanted: "an array", found: printTensor(x) });
  const axis = args.axis("axis", x);
  const from = x.dims[axis]?.constant ?? null;
  if (from === null) refuse(messages.notCompileTime, args.get("x").span, { what: "The size of the axis", found: printTensor(x) });
  const count = args.whole("count");
  if (count < 1 || count > from)
    refuse(messages.outOfBounds, args.get("count").span, { what: "`count`", wanted: `from 1 to ${from}`, found: count });
  const { draws } = site.e;
  if (count === from || draws === null) return x;
  const kept = Dimension.of(constant(count), { span: args.get("count").span, words: "`keep_random`" });
  const dims = x.dims.map((dim, at) => (at === axis ? kept : dim));
  return mapTensor(site, x, { dims }, (b, id) => pick(b, id, { axis: axisOf(x, axis), count, draws }));
}

/** A product with rows of one 1 each: its gradient is a product too, and neither adds by index. */
function pick(
  b: GraphBuilder,
  x: Id,
  { axis, count, draws }: { readonly axis: number; readonly count: number; readonly draws: Draws },
): Id {
  const { dtype, shape } = b.type(x);
  const before = shape.slice(0, axis + 1);
  const places = b.emit("sort", [b.emit("topk_index", [draws.uniform(b, before)], { axis, k: count })], { axis });
  const wide = [...shape.slice(0, axis), constant(count), ...shape.slice(axis, axis + 1)];
  const rows = wide.map((_, at) => at).slice(0, -1);
  const place = b.broadcast(b.emit("iota", [], { size: shape[axis] ?? [] }), wide, [axis + 1]);
  const hit = b.emit("eq", [b.broadcast(places, wide, rows), place], {});
  const one = b.broadcast(b.const(1, dtype), wide, []);
  const paired = rows.slice(0, -1).map((at) => [at, at] as const);
  return b.dot(b.selectOrZero(hit, one), x, [[axis + 1, axis]], paired);
}

export const randoms: readonly Builtin[] = [builtin("dropout", "x, rate", dropout), builtin("keep_random", "x, axis, count", keepRandom)];
