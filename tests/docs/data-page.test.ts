/** The examples of docs/data.md, read by what they describe. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSamples } from "../../runtime/samples/open-samples.js";
import { memberName } from "../../runtime/samples/sample-key.js";
import { examples } from "./pages.js";

const [shard, manifest] = examples.filter(({ page }) => page === "docs/data.md").map(({ text }) => text);

test("members have the keys and endings that the page gives them", () => {
  const lines = (shard ?? "").trim().split("\n");
  const told = lines.map((line) => /^(\S+)\s+(?:key (\S+), ending (\S+)|(.*))$/.exec(line));
  expect(told).toHaveLength(5);
  for (const [, name = "", key, ending, remark] of told.map((match) => match ?? [])) {
    const found = memberName(name);
    if (key !== undefined) expect(found).toEqual({ key, ending });
    else expect(found?.key).toBe(remark === "the next sample" ? "animals/0002" : undefined);
  }
});

test("the line of a manifest is a sample", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sig-data-page-"));
  writeFileSync(join(folder, "m.jsonl"), manifest ?? "");
  const index = await openSamples([folder]);
  const sample = await index.read(0);
  expect([index.count, sample.key, await sample.value("image"), await sample.value("captions.ko")]).toEqual([
    1,
    "0001",
    "pictures/0001.jpg",
    ["개"],
  ]);
  index.close();
  rmSync(folder, { recursive: true });
});
