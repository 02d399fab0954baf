/** Where two blocks meet: ties, rows that are masked in one block or in both, logits of 1e4, NaN. */
import { describe, expect, test } from "vitest";
import type { Merge } from "../../../compiler/graph/graph.js";
import { mergers } from "../../../runtime/engines/tfjs/accumulators.js";
import { loadBackend } from "../../../runtime/engines/tfjs/load-backend.js";
import { quirks } from "../../../runtime/engines/tfjs/quirks.js";

const inf = Number.POSITIVE_INFINITY;
const none = 2147483647;
const backends = await Promise.all((["wasm", "cpu"] as const).map(async (name) => ({ name, ...(await loadBackend(name)) })));

type Pair = { readonly whole: readonly number[]; readonly part: readonly number[] };

describe.each(backends)("blocks meet on $name", ({ name, tf, backend }) => {
  /** `by`: the values that indices follow. */
  async function merged(
    merge: Merge,
    { whole, part }: Pair,
    by: Pair | null = null,
    axis: number | null = null,
  ): Promise<readonly number[]> {
    await tf.setBackend(name);
    const follows = by !== null;
    const tensor = (values: readonly number[], dtype: "float32" | "int32") => tf.tensor([...values], [values.length], dtype);
    const values = by === null ? null : { whole: tensor(by.whole, "float32"), part: tensor(by.part, "float32") };
    const dtype = follows ? "int32" : "float32";
    const result = mergers[merge]({
      tf,
      quirks: quirks[backend],
      whole: tensor(whole, dtype),
      part: tensor(part, dtype),
      by: values,
      axis,
    });
    return Array.from(result.dataSync());
  }

  test("logsumexp: no overflow, no NaN where both are −∞", async () => {
    const whole = [1e4, -1e4, 1e4, -inf, -1e4, -inf, inf, 3, Number.NaN];
    const part = [9999, -1e4, -1e4, -1e4, -inf, -inf, 3, inf, 1];
    const expected = [1e4 + Math.log1p(Math.exp(-1)), -1e4 + Math.log(2), 1e4, -1e4, -1e4, -inf, inf, inf, Number.NaN];
    const actual = await merged("logsumexp", { whole, part });
    actual.forEach((value, k) => {
      const wanted = expected[k] ?? Number.NaN;
      if (Number.isFinite(wanted)) expect(Math.abs(value - wanted) / Math.abs(wanted), `element ${k}`).toBeLessThan(1e-6);
      else expect(value, `element ${k}`).toBe(wanted);
    });
  });

  test("max and min keep a NaN of either block", async () => {
    const pair = { whole: [1, Number.NaN, 3], part: [2, 1, Number.NaN] };
    expect(await merged("max", pair)).toEqual([2, Number.NaN, Number.NaN]);
    expect(await merged("min", pair)).toEqual([1, Number.NaN, Number.NaN]);
  });

  test("argmax: a tie stays with the earlier block, a NaN outranks, and an empty block names nothing", async () => {
    const indices = { whole: [0, 1, 2, none, 3, 1], part: [7, 8, 9, 6, 7, 8] };
    const values = { whole: [5, 5, -inf, -inf, Number.NaN, 5], part: [5, 6, -inf, -inf, Number.NaN, Number.NaN] };
    expect(await merged("argmax", indices, values)).toEqual([0, 8, 2, 6, 3, 8]);
  });

  test("topk_index: the best of both in falling order, ties to the earlier block", async () => {
    const indices = { whole: [4, 0, 2], part: [9, 8, 7] };
    const values = { whole: [5, 3, 1], part: [5, 3, 2] };
    expect(await merged("topk_index", indices, values, 0)).toEqual([4, 9, 0]);
    expect(await merged("topk", values, null, 0)).toEqual([5, 5, 3]);
  });
});
