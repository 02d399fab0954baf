/** docs/passes.md tells the order of work as it is: a pass that is added, moved or dropped shows here. */
import { expect, test } from "vitest";
import { slicing, stepNames } from "../../compiler/passes/pipeline.js";
import { pages } from "./pages.js";

test("docs/passes.md lists each step in its order", () => {
  const prose = pages.find(({ path }) => path === "docs/passes.md")?.prose ?? "";
  expect([...prose.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)).toEqual(stepNames);
  expect(prose).toContain(`\`${slicing[0]?.name}\``);
});
