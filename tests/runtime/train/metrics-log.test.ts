import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { MetricsLog } from "../../../runtime/train/metrics-log.js";

const folder = mkdtempSync(join(tmpdir(), "sig-metrics-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("after a resume no step stands twice, and a line that a crash cut off is gone", () => {
  const run = join(folder, "run");
  const path = join(run, "metrics.jsonl");
  const log = new MetricsLog(run);
  for (const step of [0, 1, 2, 3]) log.append(`${JSON.stringify({ kind: "step", step })}\n`);
  log.append('{"kind":"step","st');
  log.rewindTo(2);
  log.append('{"kind":"step","step":3,"again":true}\n');
  expect(readFileSync(path, "utf8").trimEnd().split("\n")).toEqual([
    '{"kind":"step","step":0}',
    '{"kind":"step","step":1}',
    '{"kind":"step","step":2}',
    '{"kind":"step","step":3,"again":true}',
  ]);
});
