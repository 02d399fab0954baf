import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keyOf, openCache } from "../../../runtime/engines/native/toolchain/cache.js";
import { expectJson, scratchFolder, sigc } from "./invoke.js";

const { path } = scratchFolder();
const before = process.env["SIG_CACHE_DIR"];
let folder = "";
let count = 0;

beforeEach(() => {
  folder = path(`cache-${(count += 1)}`);
  process.env["SIG_CACHE_DIR"] = folder;
});
afterEach(() => {
  if (before === undefined) delete process.env["SIG_CACHE_DIR"];
  else process.env["SIG_CACHE_DIR"] = before;
});

function keep(bytes: number): void {
  const stage = openCache({ environment: { SIG_CACHE_DIR: folder } }).stage(keyOf({ bytes }));
  writeFileSync(stage.library, new Uint8Array(bytes));
  stage.publish();
}

describe("doctor --clean", () => {
  test("removes what the native engine keeps and says how much, and nothing else", async () => {
    keep(1000);
    keep(2000);
    writeFileSync(`${folder}/mine.txt`, "");
    const { exit, out } = await sigc("doctor", "--clean");
    expect([exit, out]).toEqual([0, expect.stringMatching(/^removed 2 compiled libraries, 3\.\d+ KiB, from .*cache-1\n$/)]);
    expect(readdirSync(folder)).toEqual(["mine.txt"]);
  });

  test("--json holds to its schema, also where there is nothing", async () => {
    keep(1000);
    const cleaned = async () => expectJson("doctor", (await sigc("doctor", "--clean", "--json")).out)["cleaned"];
    expect(await cleaned()).toMatchObject({ folder, entries: 1 });
    expect(await cleaned()).toEqual({ folder, entries: 0, bytes: 0 });
  });

  test("leaves a folder alone that others can write to", async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const { exit, err } = await sigc("doctor", "--clean");
    expect([exit, err]).toEqual([3, expect.stringContaining("SIG6510")]);
  });
});

test("doctor tells what the native engine builds with and where it keeps it", async () => {
  keep(1000);
  const { out } = await sigc("doctor");
  expect(out).toMatch(/^compiler {2}.+$/m);
  expect(out).toMatch(new RegExp(`^cache {5}${folder}: \\d+ compiled librar.* of at most 512 MiB$`, "m"));
});
