/** Parameters as libraries store them: in half the bits, and in several files with an index. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { convert, type HostArray } from "../../../runtime/data/host-array.js";
import { readSafetensors, writeSafetensors } from "../../../runtime/data/safetensors.js";
import { scratchFolder, sigc } from "../cli/invoke.js";

const folder = scratchFolder();
const weights = fileURLToPath(new URL("../../fixtures/towers/hf-siglip.weights.safetensors", import.meta.url));
const program = fileURLToPath(new URL("../../../pipelines/siglip_towers.sig", import.meta.url));
const sizes = { side: 16, patch: 4, vocab: 64, length: 8, heads: 3, width: 12, depth: 2, hidden: 30, text_width: 15, text_depth: 3 };
const flags = Object.entries({ ...sizes, text_hidden: 20 }).flatMap(([name, value]) => ["--set", `${name}=${value}`]);

const run = (from: string, out: string, way: "from" | "to" = "from") =>
  sigc("convert", program, `--${way}`, "hf-siglip", from, "--out", out, ...flags);
async function converted(from: string, way: "from" | "to" = "from"): Promise<ReadonlyMap<string, HostArray>> {
  const out = folder.path("ours.safetensors");
  const { exit, err } = await run(from, out, way);
  expect([exit, err]).toEqual([0, ""]);
  return readSafetensors(out);
}

const theirs = readSafetensors(weights);

describe.each(["bf16", "f16"] as const)("%s", (dtype) => {
  const halves = (arrays: ReadonlyMap<string, HostArray>) => new Map([...arrays].map(([key, array]) => [key, convert(array, dtype)]));

  test("is laid out anew and not rounded, and comes back with the same bits", async () => {
    const file = folder.path(`${dtype}.safetensors`);
    writeSafetensors(file, halves(theirs));
    expect(await converted(file)).toEqual(halves(await converted(weights)));
    const ours = folder.path(`${dtype}.ours.safetensors`);
    writeSafetensors(ours, await converted(file));
    expect(await converted(ours, "to")).toEqual(halves(theirs));
  });
});

describe("several files", () => {
  const keys = [...theirs.keys()];
  const part = (k: number) => new Map(keys.flatMap((key, at) => (at % 2 === k ? [[key, theirs.get(key)] as const] : []))) as typeof theirs;
  const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
  const nameOf = (key: string): string => names[keys.indexOf(key) % 2 === 0 ? 0 : 1];
  const map = Object.fromEntries(keys.map((key) => [key, nameOf(key)]));
  mkdirSync(folder.path("model"));
  names.forEach((name, k) => writeSafetensors(folder.path(`model/${name}`), part(k)));
  const index = (text: string): string => {
    const path = folder.path("model/model.safetensors.index.json");
    writeFileSync(path, text);
    return path;
  };
  const [first = "", second = ""] = keys;
  const mapped = (change: Readonly<Record<string, unknown>>) => JSON.stringify({ metadata: {}, weight_map: { ...map, ...change } });

  test("are the model that one file is", async () => {
    expect(await converted(index(mapped({})))).toEqual(await converted(weights));
  });

  test.each([
    ["no JSON", "{", /SIG6024.*character 1/],
    ["no map", "{}", /SIG6024.*no weight_map/],
    ["a way to another folder", mapped({ [first]: "../other.safetensors" }), /SIG6024.*"\.\.\/other\.safetensors", which is no name/],
    ["no name", mapped({ [first]: 3 }), /SIG6024.*lies in 3/],
    ["a tensor that the file does not hold", mapped({ ghost: names[0] }), /SIG6024.*"ghost" is not in model-00001/],
    ["a tensor in the other file", mapped({ [first]: nameOf(second) }), /SIG6024.*does not say so/],
    ["a file that is not there", mapped({ [first]: "model-3.safetensors" }), /SIG6001.*model-3\.safetensors/],
  ])("an index with %s is refused", async (_, text, said) => {
    const { exit, err } = await run(index(text), folder.path("never.safetensors"));
    expect(exit).not.toBe(0);
    expect(err).toMatch(said);
  });
});
