/** Block sizes on whole programs: what is chosen against every choice there is, and how often a plan's cost is asked for. */
import { beforeAll, describe, expect, test } from "vitest";
import { bind, type Dims, fitter, planWith } from "../../../compiler/bind.js";
import type { Template } from "../../../compiler/compile.js";
import { type Id, isTile } from "../../../compiler/graph/graph.js";
import { chooseTiles } from "../../../compiler/plan/choose-tiles.js";
import { KernelPlanner } from "../../../compiler/plan/kernel-planner.js";
import type { TileChoice } from "../../../compiler/plan/plan.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { compileText } from "../../support/compile-text.js";

const target = createPlanrefEngine().target("f32");

/** Rows of one input through a layer, pairs in one sweep, or two where rows and columns are summed first. */
const small = (loss: string): string => `
  import { linear } from "std/layers.sig"
  pipeline small {
    batch n
    input x: f32[n, 6]
    input y: f32[n, 4]
    encoder a = linear(6, 4)
    zx = tanh(a(tanh(x)))
    ${loss}
  }`;
const losses = {
  "one sweep": "loss = sum[i, j](softplus(dot(zx[i], y[j]))) / n",
  "two sweeps": "s[i, j] = dot(zx[i], y[j])\n loss = sum[i](logsumexp[j](s[i, j]) - s[i, i]) / n",
};
const tower = (depth: number): string => `
  import { vit } from "std/vision.sig"
  import { text_transformer } from "std/text.sig"
  pipeline deep {
    batch n
    input image: f32[n, 16, 16, 3]
    input tokens: i32[n, 6]
    encoder img = vit(16, ${depth}, 2, 8)
    encoder txt = text_transformer(50, 16, ${depth}, 2)
    zi = l2_normalize(img(image))
    zt = l2_normalize(txt(tokens))
    loss = sum[i, j](softplus(dot(zi[i], zt[j]))) / n
  }`;

function plannerOf({ schedule, kernels }: Template, dims: Dims): KernelPlanner {
  if (schedule === null) throw new Error("no schedule");
  return new KernelPlanner(schedule, kernels, target, dims);
}

const tilesOf = ({ graph }: Template) => graph.nodes.filter(isTile);

const n = 7;
/** The block lengths that an axis of 7 can have. */
const lengths = [7, 4, 2, 1];

/** Each tile with each of them, loops of a tile alike. */
function everyChoice(template: Template): readonly (readonly TileChoice[])[] {
  return tilesOf(template).reduce<readonly (readonly TileChoice[])[]>(
    (outer, { id, loops }) =>
      outer.flatMap((before) =>
        lengths.map((block) => [...before, { tile: id, loops: loops.map(({ name }) => ({ name, extent: n, block })) }]),
      ),
    [[]],
  );
}

describe.each(Object.entries(losses))("%s, whole and in slices", (_, loss) => {
  test.each([false, true])("what is refused fits with no blocks at all; in slices: %s", (microBatch) => {
    const { template } = compileText(small(loss), { target, microBatch });
    const costs = plannerOf(template, { n });
    const least = Math.min(...everyChoice(template).map((tiles) => costs.peakBytes(tiles)));
    expect(bind(template, { n }, { memoryBytes: least - 1 }).diagnostics.map(({ code }) => code)).toEqual(["SIG5001"]);
    expect(bind(template, { n }, { memoryBytes: least }).plan?.peakBytes).toBe(least);
    // The quick answer is the same at every size.
    const fits = fitter(template, least);
    for (const size of [1, 3, 6, 7, 8, 12, 40])
      expect(fits({ n: size }), `${size} rows`).toBe(bind(template, { n: size }, { memoryBytes: least }).plan !== null);
    expect([fits({ n: 0 }), fits({})]).toEqual([false, false]);
  });
});

describe("a deep program", () => {
  let template: Template;
  beforeAll(() => {
    template = compileText(tower(6), { target, microBatch: true }).template;
  });
  const dims: Dims = { n: 700 };
  const choice = (block: number): readonly TileChoice[] =>
    tilesOf(template).map(({ id, loops }) => ({ tile: id, loops: loops.map(({ name }) => ({ name, extent: 700, block })) }));

  test("blocks for a budget take few measures, however deep the towers are", () => {
    const costs = plannerOf(template, dims);
    const none: readonly (readonly Id[])[] = [];
    const scratch = 2 ** 24;
    const [least, most] = [costs.peakBytes(choice(1)), costs.peakBytes(chooseTiles(template.graph, dims, none, scratch, null, costs))];
    expect(most).toBeGreaterThan(1.5 * least);
    for (const share of [-0.1, 0, 0.1, 0.5, 0.9, 1]) {
      const asked = { blockBytes: 0, leastBytes: 0, peakBytes: 0 };
      const counting = {
        blockBytes: (tiles: readonly TileChoice[]) => (asked.blockBytes++, costs.blockBytes(tiles)),
        leastBytes: (tiles: readonly TileChoice[]) => (asked.leastBytes++, costs.leastBytes(tiles)),
        peakBytes: (tiles: readonly TileChoice[]) => (asked.peakBytes++, costs.peakBytes(tiles)),
      };
      const budget = Math.floor(least + share * (most - least));
      const tiles = chooseTiles(template.graph, dims, none, scratch, budget, counting);
      if (share >= 0) expect(costs.peakBytes(tiles)).toBeLessThanOrEqual(budget);
      expect(asked.blockBytes).toBeLessThanOrEqual(5 * tiles.length);
      expect(asked.leastBytes).toBeLessThanOrEqual(25);
      expect(asked.peakBytes).toBeLessThanOrEqual(12);
    }
  });

  test("what a plan would cost is what it costs", () => {
    const costs = plannerOf(template, dims);
    for (const block of [1, 3, 32, 64, 350, 700]) {
      const tiles = choice(block);
      const plan = planWith(template, dims, tiles);
      expect(costs.peakBytes(tiles)).toBe(plan.peakBytes);
      expect(costs.leastBytes(tiles)).toBeLessThanOrEqual(plan.peakBytes);
      const inBlocks = plan.buffers.filter(({ role }) => role === "block");
      const alive = inBlocks.map(({ from }) => inBlocks.reduce((sum, b) => (b.from <= from && from <= b.to ? sum + b.bytes : sum), 0));
      expect(costs.blockBytes(tiles)).toBe(Math.max(...alive));
    }
  });
});
