import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Safetensors } from "../../../runtime/data/safetensors.js";
import { expectJson, scratchFolder, sigc } from "./invoke.js";
import { IMAGES, TEXTS, tinyTowers, towers } from "./tiny-towers.js";

const folder = scratchFolder();
const { params, from, images, texts, data } = tinyTowers(folder);
const program = folder.write("towers.sig", towers("task retrieval(image: zx, text: zy)"));
const run = (out: string, ...flags: readonly string[]) =>
  sigc("embed", program, "--engine", "planref", "--params", params, "--out", folder.path(out), ...flags);
const keysOf = (rows: number) =>
  createHash("sha256")
    .update(Array.from({ length: rows }, (_, k) => `${k}\n`).join(""))
    .digest("hex");

describe("sigc embed", () => {
  test("writes what the tasks compare, row by row, with the hash of the keys; each side has its own length", async () => {
    const { exit, out } = await run("both.safetensors", ...from("x"), ...from("y"), "--json");
    expect(exit).toBe(0);
    const document = expectJson("embed", out);
    expect(document["outputs"]).toEqual([
      { name: "zx", dtype: "f64", shape: [IMAGES, 4], keys: keysOf(IMAGES) },
      { name: "zy", dtype: "f64", shape: [TEXTS, 4], keys: keysOf(TEXTS) },
    ]);
    const file = Safetensors.open(folder.path("both.safetensors"));
    for (const [key, wanted] of [["zx", images] as const, ["zy", texts] as const])
      [...file.read(key).data].forEach((value, k) => expect(value).toBeCloseTo(wanted.flat()[k] ?? NaN, 12));
    expect(file.metadata.get("pipeline")).toBe("towers");
    expect(file.metadata.get("keys.zx")).toBe(keysOf(IMAGES));
    expect(file.metadata.get("parameters")).toBe((document["parameters"] as { sha256: string }).sha256);
    file.close();
  });

  test("an image tower needs no texts and no parameters of theirs to fit; the same bits in batches of any size", async () => {
    await run("one.safetensors", ...from("x"), "--outputs", "zx");
    await run("pieces.safetensors", ...from("x"), "--outputs", "zx", "--batch", "4");
    const read = (name: string) => {
      const file = Safetensors.open(folder.path(name));
      const { data: rows } = file.read("zx");
      file.close();
      return rows;
    };
    expect(read("pieces.safetensors")).toEqual(read("one.safetensors"));
  });

  test("what it wrote is a column that other commands read", async () => {
    await run("column.safetensors", ...from("x"), "--outputs", "zx");
    const head = folder.write("head.sig", "pipeline head {\n  batch n\n  input zx: f32[n, 4]\n  loss = sum(zx)\n  output zx\n}\n");
    const { exit } = await sigc("run", head, "--input", `zx=${folder.path("column.safetensors")}#zx`, "--engine", "planref");
    expect(exit).toBe(0);
    expect((await sigc("embed", head, "--engine", "planref", ...from("x"), "--out", folder.path("never"))).err).toMatch(/has no input/);
  });

  test("a value whose rows depend on one another is told at its place", async () => {
    const meets = folder.write("meets.sig", towers("").replace("  logits", "  centred = zx - mean(zx, axis: 0)\n  logits"));
    const flags = ["--engine", "planref", "--params", params, "--out", folder.path("meets.safetensors"), ...from("x"), "--json"];
    const { exit, out, err } = await sigc("embed", meets, ...flags, "--outputs", "centred", "--batch", "10");
    expect([exit, err]).toEqual([0, expect.stringMatching(/meets.sig:12:\d+ warning SIG6609: Here rows of centred depend on one another/)]);
    expect(JSON.stringify(expectJson("embed", out)["diagnostics"])).toContain("SIG6609");
    expect((await sigc("embed", meets, ...flags, "--outputs", "zx")).err).not.toContain("SIG6609");
  });

  test.each([
    ["an unknown value", ["--outputs", "zz"], 2, /SIG7063: towers has no value "zz"[^]*did you mean zx/],
    ["a value of pairs", ["--outputs", "logits"], 2, /SIG7064: "logits" is f32\[n, n\] \(.*towers.sig:12\)/],
    ["a missing column", ["--outputs", "zx,zy"], 2, /no column is given for y/],
    ["no name of a file", ["--outputs", "zx", "--out", "/proc/nowhere/x"], 3, /cannot be written/],
  ] as const)("refuses %s and writes nothing", async (_, flags, exit, told) => {
    const { exit: found, err } = await run("refused.safetensors", ...from("x"), ...flags);
    expect(err).toMatch(told);
    expect([found, existsSync(folder.path("refused.safetensors"))]).toEqual([exit, false]);
  });

  test("a bad value is named by its row in the file, and an older file stays", async () => {
    await run("stays.safetensors", ...from("x"), "--outputs", "zx");
    const { exit, err } = await run("stays.safetensors", "--data", `x=${data}#y`, "--outputs", "zx");
    expect([exit, existsSync(folder.path("stays.safetensors"))]).toEqual([3, true]);
    expect(err).toMatch(/has rows of shape \[5\]/);
  });
});
