/** `npx vitest bench tests/bench/bind.bench.ts`: a bind of the sigmoid loss should stay under 5 ms. */
import { bench } from "vitest";
import { bind } from "../../compiler/bind.js";
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import { templateOf } from "../support/plan-graph.js";
import { tiledSiglip } from "../support/tiled-siglip.js";

const template = templateOf(tiledSiglip(768), createPlanrefEngine().target("f32"));

bench("bind, no budget", () => {
  bind(template, { n: 4096, m: 4096 });
});
bench("bind, tiles shrunk to a budget", () => {
  bind(template, { n: 4096, m: 4096 }, { memoryBytes: 2 ** 20 * 49 });
});
