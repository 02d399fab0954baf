import { existsSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { wordTokenizer } from "../../support/sample-files.js";
import { CLASSES, colourFiles, colourProgram, colours, pngOfColour, unit } from "./colours.js";
import { expectJson, scratchFolder, sigc } from "./invoke.js";

const folder = scratchFolder();
let files: Awaited<ReturnType<typeof colourFiles>>;
beforeAll(async () => {
  files = await colourFiles(folder);
});
const run = (...flags: readonly string[]) =>
  sigc("query", files.program, "--engine", "planref", "--params", files.params, "--data", files.shard, ...flags);

type Result = { readonly rank: number; readonly score: number; readonly key: string; readonly place: number; readonly caption: string };
type Answer = { readonly query: unknown; readonly results: readonly Result[] };
const answersOf = (out: string) => expectJson("query", out)["queries"] as readonly Answer[];
const resultsOf = (out: string): readonly Result[] => answersOf(out)[0]?.results ?? [];

describe("sigc query", () => {
  test("finds pictures for a caption, the nearest first, with their keys and captions", async () => {
    const { exit, out } = await run("--text", "A Green photo", "--k", "4", "--json", "--batch", "2");
    expect(exit).toBe(0);
    const wanted = colours
      .map(({ key, caption, rgb }, place) => ({ score: unit(rgb)[1] ?? 0, key, caption, place }))
      .sort((a, b) => b.score - a.score)
      .slice(0, 4);
    expect(resultsOf(out)).toEqual(wanted.map(({ score, ...one }, k) => ({ rank: k + 1, score: expect.closeTo(score, 6), ...one })));
  });

  test("finds captions for a picture, and pictures for a picture", async () => {
    const blue = folder.write("blue.png", await pngOfColour([10, 0, 250]));
    expect(resultsOf((await run("--image", blue, "-k", "3", "--json")).out).map(({ caption }) => caption)).toEqual([
      "blue",
      "blue",
      "A blue",
    ]);
    const alike = resultsOf((await run("--image", blue, "-k", "2", "--among", "image", "--json")).out);
    expect(alike.map(({ key }) => key)).toEqual(["blue-0", "blue-1"]);
  });

  test("prints a table, and no more than there is", async () => {
    const { out } = await run("--text", "red", "--k", "100");
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^rank +score +key +caption$/);
    expect(lines[1]).toMatch(/^ +1 +1\.0000 +red-0 +red$/);
    expect(lines).toHaveLength(1 + colours.length);
  });

  test("answers several captions in one pass, each as if it were alone, on one sheet with a part for each", async () => {
    const sheet = folder.path("several.png");
    const texts = ["red", "A Green photo", "blue"];
    const { out } = await run(...texts.flatMap((text) => ["--text", text]), "-k", "3", "--json", "--sheet", sheet);
    const alone = await Promise.all(texts.map(async (text) => answersOf((await run("--text", text, "-k", "3", "--json")).out)[0]));
    expect(answersOf(out)).toEqual(alone);
    const { width, height } = await sharp(sheet).metadata();
    const one = 40 + (160 + 3 * 16 + 12) + 12;
    expect([width, height]).toEqual([3 * 172 + 12, 3 * one]);
    const { data } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    const pixel = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    const dominant = (channels: readonly number[]) => channels.indexOf(Math.max(...channels));
    expect([0, 1, 2].map((part) => dominant(pixel(92, part * one + 120)))).toEqual([0, 1, 2]);
    const table = (await run("--text", "red", "--text", "blue", "-k", "1")).out.split("\n");
    expect(table.filter((line) => line === "red" || line === "blue")).toEqual(["red", "blue"]);
  });

  test("draws a sheet of the found pictures in their order, whatever the caption holds", async () => {
    const sheet = folder.path("sheet.png");
    expect((await run("--text", `blue <&"'> \u0007 ${"long ".repeat(60)}`, "-k", "2", "--sheet", sheet)).exit).toBe(0);
    const { data, info } = await sharp(readFileSync(sheet)).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.channels]).toEqual([2 * 172 + 12, 3]);
    // The middle of each picture: 12 to the left, 40 above, 160 wide.
    const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    expect(pixel(92, 120)).toEqual([0, 0, 240]);
    expect(pixel(92 + 172, 120)).toEqual([40, 0, 240]);
  });

  test.each([
    ["nothing sought", [], 2, /SIG7066/],
    ["both", ["--text", "a", "--image", "b.png"], 2, /cannot be used with option/],
    ["a sheet of captions", ["--image", "IMAGE", "--sheet", "s.png"], 2, /SIG6608: no picture can be shown: captions are searched/],
    ["a picture that is none", ["--image", "TEXT"], 3, /SIG62\d\d.*words\.json/],
    ["a picture that is not there", ["--image", "nowhere.png"], 3, /nowhere.png: cannot be opened/],
  ] as const)("refuses %s", async (_, flags, exit, told) => {
    const image = folder.write("query.png", await pngOfColour([250, 0, 0]));
    const given = flags.map((flag) => (flag === "IMAGE" ? image : flag === "TEXT" ? folder.path("words.json") : flag));
    const { exit: found, err } = await run(...given);
    expect(err).toMatch(told);
    expect([found, existsSync("s.png")]).toEqual([exit, false]);
  });
});

describe("samples in the other commands", () => {
  const other = (command: string, ...flags: readonly string[]) =>
    sigc(command, files.program, "--engine", "planref", "--params", files.params, ...flags);

  test("eval pairs each picture with its caption, and classifies by names in templates", async () => {
    const { exit, out } = await other("eval", "--data", files.shard, "--json");
    expect(exit).toBe(0);
    const [retrieval, zeroShot] = expectJson("eval", out)["tasks"] as readonly Readonly<Record<string, unknown>>[];
    // Captions of a class are equal: two wrong ones go before the right one.
    expect(retrieval?.["imageToText"]).toMatchObject({ queries: 9, candidates: 9, recall: { 1: 0, 5: 1 }, meanRank: 3 });
    expect(zeroShot).toMatchObject({ pictures: 9, templates: 3, accuracy: { 1: 1, 5: 1 } });
    expect(zeroShot?.["classes"]).toEqual(CLASSES.map((name) => ({ name, pictures: 3, top1: 1 })));
    const text = (await other("eval", "--data", files.shard)).out;
    expect(text).toMatch(/zero_shot\(image: zi, text: zt\)\n9 pictures, 3 classes, 3 templates: top-1 100.0 % \(by chance 33.3 %\)/);
  });

  test("a broken sample is told and left out on both sides of a task, and ends embed without a file", async () => {
    const measured = await other("eval", "--data", files.holed, "--json");
    expect(measured.exit).toBe(0);
    expect(measured.err).toMatch(/^warning: .*red-1/m);
    const [task] = expectJson("eval", measured.out)["tasks"] as readonly { readonly imageToText: { readonly queries: number } }[];
    expect(task?.imageToText.queries).toBe(3);
    const limited = await other("eval", "--data", files.holed, "--broken", "0");
    expect([limited.exit, limited.err]).toEqual([3, expect.stringMatching(/SIG6304/)]);
    const written = await other("embed", "--data", files.holed, "--outputs", "zi", "--out", folder.path("holed.safetensors"));
    expect([written.exit, existsSync(folder.path("holed.safetensors"))]).toEqual([3, false]);
    expect(written.err).toMatch(/SIG6606: the example at place 1/);
    // The text tower reads no pictures.
    expect((await other("embed", "--data", files.holed, "--outputs", "zt", "--out", folder.path("zt.safetensors"))).exit).toBe(0);
  });

  test("embeddings of a frozen tower stand in for its pictures: in training, in eval, and as a column beside samples", async () => {
    const zi = folder.path("zi.safetensors");
    expect((await other("embed", "--data", files.shard, "--outputs", "zi", "--out", zi)).exit).toBe(0);
    const frozen = colourProgram
      .replace(/ {2}input image: .*\n/, "  input zi: f32[n, 3]\n")
      .replace(/ {2}zi = .*\n/, "")
      .replace(/ {2}.*zero_shot.*\n/, "");
    const lit = folder.write("lit.sig", frozen.replace(/image = .*\n/, 'zi = embeddings("zi.safetensors#zi")\n'));
    const flags = ["--engine", "planref", "--data", files.shard];
    const recall = async (...given: readonly string[]) => {
      const { exit, out, err } = await sigc("eval", ...given, ...flags, "--params", files.params, "--json");
      expect([exit, err]).toEqual([0, expect.not.stringMatching(/error/)]);
      return (expectJson("eval", out)["tasks"] as readonly unknown[])[0];
    };
    const [whole] = expectJson("eval", (await other("eval", "--data", files.shard, "--json")).out)["tasks"] as readonly unknown[];
    expect(await recall(lit)).toEqual(whole);
    const beside = folder.write("beside.sig", frozen.replace(/ {4}image = .*\n/, ""));
    expect(await recall(beside, "--data", `zi=${zi}#zi`)).toEqual(whole);
    expect((await sigc("train", lit, ...flags, "--out", folder.path("lit"))).exit).toBe(0);
    // One row too many.
    const short = await sigc(
      "eval",
      beside,
      "--engine",
      "planref",
      "--params",
      files.params,
      "--data",
      files.holed,
      "--data",
      `zi=${zi}#zi`,
    );
    expect([short.exit, short.err]).toEqual([3, expect.stringMatching(/SIG6303.*has 9 rows, and there are 4 samples/)]);
  });

  test("a checkpoint is held to the tokenizer and the transforms that it was trained for, and not to the name of a column", async () => {
    const run = folder.path("run");
    const trained = await sigc("train", files.program, "--engine", "planref", "--data", files.shard, "--out", run);
    expect([trained.exit, trained.err]).toEqual([0, expect.stringContaining("done")]);
    const query = (program: string) =>
      sigc("query", program, "--engine", "planref", "--checkpoint", run, "--data", files.shard, "--text", "red");
    expect((await query(files.program)).exit).toBe(0);
    const other = (name: string, from: string, to: string) => folder.write(name, colourProgram.replace(from, to));
    expect((await query(other("column.sig", 'column("txt") | pick(first)', 'column("cls") | pick(first)'))).exit).toBe(0);
    const range = await query(other("range.sig", "to_float(0, 1)", "to_float(-1, 1)"));
    expect([range.exit, range.err]).toEqual([3, expect.stringMatching(/SIG6071.*eval.image = .*low: 0.*now has .*low: -1/)]);
    folder.write("words.json", wordTokenizer(["green", "red", "blue", "a", "photo"]));
    const words = await query(files.program);
    expect([words.exit, words.err]).toEqual([3, expect.stringMatching(/SIG6071.*the tokenizer of eval.tokens = sha256:/)]);
  });

  test("without samples, the entries that need them are named; a template without a place is refused", async () => {
    expect((await other("eval")).err).toMatch(/SIG6301: image and tokens and label come from samples|SIG6301/);
    folder.write("templates.json", JSON.stringify(["a photo"]));
    expect((await other("eval", "--data", files.shard)).err).toMatch(/SIG6604.*the template "a photo" has no \{\}/);
    folder.write("templates.json", JSON.stringify([3]));
    expect((await other("eval", "--data", files.shard)).err).toMatch(/SIG6603.*entry 0, counted from 0, is no text/);
  });
});
