/** Keeps the list alive through refactors: a mutation that no longer applies tests nothing. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutations } from "./mutations.js";

const root = new URL("../../", import.meta.url);

test.each(mutations.map((mutation) => [mutation.bug, mutation] as const))("%s", (_, { file, find, replace, killedBy }) => {
  const text = readFileSync(new URL(file, root), "utf8");
  expect(text.split(find).length - 1, `occurrences of ${find} in ${file}`).toBe(1);
  expect(find).not.toContain("\n");
  expect(replace).not.toBe(find);
  for (const test of killedBy) expect(existsSync(new URL(test, root)), test).toBe(true);
});
