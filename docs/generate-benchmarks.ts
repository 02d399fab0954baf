import { writeFileSync } from "node:fs";
import { list } from "../tests/bench/list.js";
import { readResult } from "../tests/bench/results.js";
import { barPlot } from "../runtime/plot/bar-plot.js";
import { benchmarksPage, pipelinesOf, plotOf } from "./benchmarks-page.js";

const measured = list.flatMap((entry) => {
  const result = readResult(entry.id);
  return result === null ? [] : [{ entry, result }];
});

writeFileSync(new URL("benchmarks.md", import.meta.url), benchmarksPage(measured, list.length - measured.length));
for (const pipeline of pipelinesOf(measured)) {
  const plot = plotOf(pipeline, measured);
  if (plot !== null) writeFileSync(new URL(`benchmarks/${pipeline}.svg`, import.meta.url), barPlot(plot));
}
