import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { diagnosticsPage, messageRows } from "../../docs/diagnostics-page.js";

const rows = await messageRows();

test("docs/diagnostics.md is what the message tables say (npm run generate:diagnostics)", () => {
  expect(readFileSync(new URL("../../docs/diagnostics.md", import.meta.url), "utf8")).toBe(diagnosticsPage(rows));
});

test("a code belongs to one table, so that it can be looked up", () => {
  const owners = new Map<string, Set<string>>();
  for (const { code, table } of rows) owners.set(code, (owners.get(code) ?? new Set()).add(table));
  expect([...owners].filter(([, tables]) => tables.size > 1).map(([code, tables]) => `${code}: ${[...tables].join(", ")}`)).toEqual([]);
});

test("every code is SIG and four digits", () => {
  expect(rows.filter(({ code }) => !/^SIG\d{4}$/.test(code)).map(({ key }) => key)).toEqual([]);
});
