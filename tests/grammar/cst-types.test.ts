import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cstTypes } from "../../grammar/cst-types.js";

test("cst.generated.ts is what parser.ts gives: run `npm run generate:cst` after a change", () => {
  expect(readFileSync(new URL("../../grammar/cst.generated.ts", import.meta.url), "utf8")).toBe(cstTypes());
});
