/**
 * What docs/numerics.md says under "The same bits", on every engine that comes with the package. Logits that a second sweep
 * computes a little differently would flip masks and top-k, and no tolerance would notice.
 */
import { describe, expect, test } from "vitest";
import { openEngine } from "../../runtime/engines/registry.js";
import { compileText } from "../support/compile-text.js";
import { planFor, runOn } from "../support/run-engine.js";
import { normals } from "./normals.js";

const WIDTH = 48;
const sizes = { n: 37, m: 29 };
const inputs = new Map([
  ["x", normals("x", [sizes.n, WIDTH])],
  ["y", normals("y", [sizes.m, WIDTH])],
]);

/** Each row has one largest logit, so the second sweep must find exactly one a row that equals it. */
const hits = `pipeline hits {
  batch n, m
  input x: f32[n, ${WIDTH}]
  input y: f32[m, ${WIDTH}]
  l[i, j] = 1.7 * dot(x[i], y[j]) + 0.3
  top[i] = max[j](l[i, j])
  output found = sum[i, j](where(l[i, j] == top[i], 1, 0))
  loss = mean[i](logsumexp[j](l[i, j]))
}`;

const engines = [
  { name: "planref", precision: "f64" },
  { name: "planref", precision: "f32" },
  { name: "tfjs:wasm", precision: "f32" },
  { name: "tfjs:cpu", precision: "f32" },
] as const;

describe.each(engines)("$name in $precision", ({ name, precision }) => {
  test.each([[{ i: 7, j: 5 }], [{ i: 16, j: 29 }], [{ i: 1, j: 8 }], [{ i: 37, j: 1 }]])(
    "blocks %o: the second sweep's logits are the first one's",
    async (blocks) => {
      const engine = await openEngine(name, precision, () => undefined);
      const { template } = compileText(hits, { target: engine.target(precision), gradients: true });
      const plan = planFor(template, sizes, blocks);
      expect(plan.tiles.length).toBe(2);
      const results = await runOn(engine, template, plan, inputs);
      expect(results.get("found")?.data[0]).toBe(sizes.n);
      const again = await runOn(engine, template, plan, inputs);
      expect([...again].map(([output, { data }]) => [output, [...data]])).toEqual(
        [...results].map(([output, { data }]) => [output, [...data]]),
      );
    },
  );
});
