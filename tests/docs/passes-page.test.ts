/** docs/passes.md and docs/numerics.md tell of passes as they are: one that is added, moved, dropped or weakened shows here. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { parseGraph } from "../../compiler/graph/parse.js";
import { printGraph } from "../../compiler/graph/print.js";
import { canonicalise } from "../../compiler/passes/canonicalise.js";
import { dce } from "../../compiler/passes/dce.js";
import { slicing, stepNames } from "../../compiler/passes/pipeline.js";
import { stabilise } from "../../compiler/passes/stabilise.js";
import { sigirCases } from "../support/sigir-cases.js";
import { examples, pages } from "./pages.js";

test("docs/passes.md lists each step in its order", () => {
  const prose = pages.find(({ path }) => path === "docs/passes.md")?.prose ?? "";
  expect([...prose.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)).toEqual(stepNames);
  expect(prose).toContain(`\`${slicing[0]?.name}\``);
});

test("docs/numerics.md shows what stabilise makes of log(sigmoid(x))", () => {
  const [before, after] = examples.filter(({ page, language }) => page === "docs/numerics.md" && language === "sigir");
  const { graph } = dce.run(stabilise.run(parseGraph(before?.text ?? "")).graph);
  expect(printGraph(graph, { spans: false })).toBe(after?.text);
});

const folder = mkdtempSync(join(tmpdir(), "sig-docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "passes-page.sigir");
writeFileSync(file, examples.find(({ page, info }) => page === "docs/passes.md" && info === "canonicalise")?.text ?? "");
sigirCases(pathToFileURL(file), canonicalise);
