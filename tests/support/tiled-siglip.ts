/** The sigmoid loss in one sweep, tiled by hand: what the passes must arrive at, and what engines are first held to. */
import { GraphBuilder } from "../../compiler/graph/builder.js";
import type { Graph } from "../../compiler/graph/graph.js";
import { batch, constant } from "../../compiler/graph/size.js";
import { scalar, type Type } from "../../compiler/graph/type.js";

const span = { file: "siglip.sig", start: 0, end: 0 };

/** Inputs X[n, d], Y[m, d], t_prime, bias; outputs loss, dX, dY, dt, db. */
export function tiledSiglip(width: number): Graph {
  const [n, m, d] = [batch("n"), batch("m"), constant(width)];
  const [I, J] = [batch("@i"), batch("@j")];
  const array = (...shape: Type["shape"]): Type => ({ dtype: "f32", shape });

  const b = new GraphBuilder(span);
  const x = b.emit("arg", [], { index: 0, type: array(I, d) });
  const y = b.emit("arg", [], { index: 1, type: array(J, d) });
  const t = b.emit("arg", [], { index: 2, type: scalar("f32") });
  const bias = b.emit("arg", [], { index: 3, type: scalar("f32") });
  const similarity = b.dot(x, y, [[1, 1]]);
  const logits = b.add(b.mul(similarity, b.broadcast(b.exp(t), [I, J], [])), b.broadcast(bias, [I, J], []));
  const i = b.broadcast(b.emit("loop_index", [], { loop: 0, size: I }), [I, J], [0]);
  const j = b.broadcast(b.emit("loop_index", [], { loop: 1, size: J }), [I, J], [1]);
  const same = b.emit("eq", [i, j], {});
  const z = b.select(same, logits, b.neg(logits));
  const each = b.div(b.softplus(b.neg(z)), b.broadcast(b.size(n), [I, J], []));
  // d each / d logits = ∓ sigmoid(−z) / n
  const slope = b.div(b.sigmoid(b.neg(z)), b.broadcast(b.size(n), [I, J], []));
  const g = b.select(same, b.neg(slope), slope);
  const scaled = b.mul(g, b.broadcast(b.exp(t), [I, J], []));
  const loss = b.sum(each, [0, 1]);
  const dX = b.dot(scaled, y, [[1, 0]]);
  const dY = b.dot(scaled, x, [[0, 0]]);
  const dt = b.sum(b.mul(scaled, similarity), [0, 1]);
  const db = b.sum(g, [0, 1]);
  const body = b.finish([]);

  const top = new GraphBuilder(span);
  const X = top.emit("input", [], { name: "X", role: "data", type: array(n, d) });
  const Y = top.emit("input", [], { name: "Y", role: "data", type: array(m, d) });
  const tPrime = top.emit("input", [], { name: "t_prime", role: "param", type: scalar("f32") });
  const biasInput = top.emit("input", [], { name: "bias", role: "param", type: scalar("f32") });
  const tile = top.tile({
    loops: [
      { name: "i", extent: n, block: "auto" },
      { name: "j", extent: m, block: "auto" },
    ],
    ins: [
      { value: X, slice: [0, null] },
      { value: Y, slice: [1, null] },
      { value: tPrime, slice: [] },
      { value: biasInput, slice: [] },
    ],
    outs: [
      { value: loss, place: [], merge: "sum", by: null },
      { value: dX, place: [0, null], merge: "sum", by: null },
      { value: dY, place: [1, null], merge: "sum", by: null },
      { value: dt, place: [], merge: "sum", by: null },
      { value: db, place: [], merge: "sum", by: null },
    ],
    body,
    recomputed: [],
    types: [scalar("f32"), array(n, d), array(m, d), scalar("f32"), scalar("f32")],
    span,
  });
  const results = ["loss", "dX", "dY", "dt", "db"];
  const types = [scalar("f32"), array(n, d), array(m, d), scalar("f32"), scalar("f32")];
  return top.finish(
    results.map((name, index) => ({ name, value: top.emit("project", [tile], { index, type: types[index] ?? scalar("f32") }) })),
  );
}
