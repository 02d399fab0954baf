/** Engines that run kernels: whatever number of tiles the second sweep reads instead of computing them, every result has the same bits. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { planWith } from "../../compiler/bind.js";
import { compileText } from "../support/compile-text.js";
import { tileChoices } from "../support/op-plan.js";
import { randomFrom } from "../support/random.js";
import { runOn, type Value } from "../support/run-engine.js";
import { subjects } from "./subjects.js";

const width = 48;
const dims = { n: 53, m: 53 };
/** Four by four tiles, the last ones shorter. */
const blocks = { i: 16, j: 14 };

function inputs(): ReadonlyMap<string, Value> {
  const random = randomFrom(29);
  const draw = (shape: readonly number[], next: () => number): Value => ({
    shape,
    data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next),
  });
  return new Map([
    ["image", draw([dims.n, width], random.normal)],
    ["text", draw([dims.n, width], random.normal)],
    ["image_id", draw([dims.n], () => random.below(20))],
    ["text_id", draw([dims.n], () => random.below(20))],
    ["t_prime", draw([], () => 2)],
    ["bias", draw([], () => -1)],
  ]);
}

for (const { name, engine, precision } of subjects.filter(({ engine, precision }) => engine.target(precision).granularity === "kernel"))
  test.each(["clip", "hard_negatives"])(`${name} ${precision}: %s`, async (pipeline) => {
    const text = readFileSync(new URL(`../../pipelines/${pipeline}.sig`, import.meta.url), "utf8");
    const { template } = compileText(text, { target: engine.target(precision), sets: { width: String(width) } });
    const tiles = tileChoices(template.graph, dims, blocks);
    const run = async (count: number) => runOn(engine, template, planWith(template, dims, tiles, [count]), inputs());
    const none = await run(0);
    expect(planWith(template, dims, tiles, [16]).kept).toMatchObject([{ count: 16, of: 16 }]);
    for (const count of [1, 6, 15, 16]) expect([count, await run(count)]).toEqual([count, none]);
  });
