import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { expandRange } from "../../../runtime/samples/expand-range.js";
import { openSamples } from "../../../runtime/samples/open-samples.js";
import { refusedBy } from "./refusals.js";
import { tar } from "./tar-bytes.js";

const root = mkdtempSync(join(tmpdir(), "sig-sources-"));
afterAll(() => rmSync(root, { recursive: true }));

let serial = 0;
function folder(names: readonly string[]): string {
  const path = join(root, String(serial++));
  mkdirSync(path);
  for (const name of names) writeFileSync(join(path, name), name.endsWith(".tar") ? tar({ name: `${name}.txt` }) : `{"key":"${name}"}\n`);
  return path;
}
async function keys(paths: readonly string[]): Promise<readonly string[]> {
  const index = await openSamples(paths);
  const found = await Promise.all(Array.from({ length: index.count }, async (_, i) => (await index.read(i)).key));
  index.close();
  return found;
}

describe("ranges", () => {
  test.each([
    ["a.tar", ["a.tar"]],
    ["a-{8..10}.tar", ["a-8.tar", "a-9.tar", "a-10.tar"]],
    ["a-{008..010}.tar", ["a-008.tar", "a-009.tar", "a-010.tar"]],
    ["{0..1}-{0..1}", ["0-0", "0-1", "1-0", "1-1"]],
    ["a-{5..5}", ["a-5"]],
    ["a-{x..y}{}", ["a-{x..y}{}"]],
  ])("%s", (pattern, names) => expect(expandRange(pattern)).toEqual(names));

  test.each(["a-{2..1}.tar", "a-{0..100000}.tar", "{0..999}{0..999}", "a-{0..99999999999999999999}"])("%s is refused", async (pattern) => {
    expect((await refusedBy(() => expandRange(pattern))).code).toBe("SIG6207");
  });
});

describe("what a path stands for", () => {
  test("files in the order given, a folder's by name, ranges expanded", async () => {
    const [tars, lines] = [folder(["b-10.tar", "b-9.tar", "a.tar", "LICENSE"]), folder(["m.jsonl"])];
    expect(await keys([join(lines, "m.jsonl"), tars])).toEqual(["m.jsonl", "a", "b-10", "b-9"]);
    expect(await keys([join(tars, "b-{9..10}.tar")])).toEqual(["b-9", "b-10"]);
  });

  test("a name with braces that is there is itself", async () => {
    expect(await keys([join(folder(["b-{1..2}.tar"]), "b-{1..2}.tar")])).toEqual(["b-{1"]);
  });

  test("one missing file of a range is named", async () => {
    const error = await refusedBy(() => openSamples([join(folder(["a-0.tar"]), "a-{0..1}.tar")]));
    expect(error.code).toBe("SIG6001");
    expect(error.message).toMatch(/a-1\.tar: cannot be opened: no such file/);
  });

  test.each<[string, readonly string[], string]>([
    ["both kinds", ["a.tar", "m.jsonl"], "SIG6203"],
    ["neither kind", ["LICENSE"], "SIG6204"],
    ["compressed shards among others", ["a.tar", "b.tar.gz"], "SIG6202"],
    ["compressed manifests", ["m.jsonl.zst"], "SIG6202"],
  ])("a folder with %s is refused", async (_, names, code) => {
    expect((await refusedBy(() => openSamples([folder(names)]))).code).toBe(code);
  });

  test("a file of another kind is refused", async () => {
    expect((await refusedBy(() => openSamples([join(folder(["a.zip"]), "a.zip")]))).code).toBe("SIG6201");
  });
});
