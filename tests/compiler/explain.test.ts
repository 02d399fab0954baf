import { describe, expect, test } from "vitest";
import { explain, whyNotFused } from "../../compiler/explain.js";
import { compileText } from "../support/compile-text.js";

const clip = `pipeline clip {
  batch n
  input x : f32[n, 8]
  input y : f32[n, 8]
  param t : f32 = 1
  logits[i, j] = exp(t) * dot(x[i], y[j])
  rows[i] = logsumexp[j](logits[i, j])
  columns[j] = logsumexp[i](logits[i, j])
  loss = (mean[i](rows[i]) + mean[j](columns[j])) / 2 - mean[i](logits[i, i])
}`;

describe("explain", () => {
  const { program, template, notes } = compileText(clip);

  test("says which sweep makes what, and what is recomputed", () => {
    const { sweeps, refused } = explain(template, notes);
    expect(sweeps.map(({ exits }) => exits.map(({ op, type }) => `${op} ${type}`))).toEqual([
      ["logsumexp f32[n]", "logsumexp f32[n]"],
      expect.arrayContaining(["dot f32[n, 8]", "dot f32[n, 8]"]),
    ]);
    expect(sweeps.map(({ similarities }) => similarities.map(({ recomputed }) => recomputed))).toEqual([[false], [true]]);
    expect(refused).toEqual([]);
    const [similarity] = sweeps[0]?.similarities ?? [];
    expect(clip.slice(similarity?.span.start, similarity?.span.end)).toContain("dot(x[i], y[j])");
  });

  test("two values of one sweep are fused", () => {
    expect(whyNotFused(program, template, notes, "logits", "rows")).toMatchObject({ kind: "fused", sweep: 1 });
  });

  test("an unknown name lists the known ones", () => {
    expect(whyNotFused(program, template, notes, "logitz", "rows")).toMatchObject({
      kind: "unknown",
      name: "logitz",
      known: expect.arrayContaining(["logits", "rows"]),
    });
  });

  test("what has no pairs is outside of the sweeps", () => {
    const why = whyNotFused(program, template, notes, "x", "rows");
    expect(why).toMatchObject({ kind: "apart", reason: expect.stringContaining("`x` has no paired axes") });
  });

  test("a later sweep says which result it waits for", () => {
    const two = compileText(
      `pipeline p {
  batch n
  input x : f32[n, 8]
  input y : f32[n, 8]
  l[i, j] = dot(x[i], y[j])
  lse[i] = logsumexp[j](l[i, j])
  p[i, j] = exp(l[i, j] - lse[i])
  q[i] = max[j](p[i, j])
  loss = mean[i](q[i])
}`,
      { gradients: false },
    );
    const why = whyNotFused(two.program, two.template, two.notes, "lse", "p");
    expect(why).toMatchObject({
      kind: "apart",
      reason: expect.stringContaining("`p` needs a result that is whole only after the sweep that makes `lse` (sweep 1)"),
    });
  });

  test("a refusal is the reason", () => {
    const text = clip.replace("  rows[i]", "  running = cumsum(logits, axis: 1)\n  rows[i]").replace("loss = ", "loss = sum(running) + ");
    const refused = compileText(text);
    const why = whyNotFused(refused.program, refused.template, refused.notes, "logits", "running");
    expect(why).toMatchObject({ kind: "apart", reason: expect.stringContaining("cumsum runs along paired axis 1") });
  });
});
