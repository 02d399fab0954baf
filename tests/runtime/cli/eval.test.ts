import { describe, expect, test } from "vitest";
import { sortedRanks } from "../eval/sides.js";
import { expectJson, scratchFolder, sigc } from "./invoke.js";
import { IMAGES, ids, TEXTS, tinyTowers, towers } from "./tiny-towers.js";

const folder = scratchFolder();
const { params, from, images, texts, data } = tinyTowers(folder);
const BY_ID = "task retrieval(image: zx, text: zy, image_id: x_id, text_id: y_id)";
const program = folder.write("towers.sig", towers(BY_ID));
const everything = [...from("x"), ...from("y"), ...from("x_id"), ...from("y_id")];
const run = (...flags: readonly string[]) => sigc("eval", program, "--engine", "planref", ...flags);

type Way = { readonly queries: number; readonly recall: Record<string, number>; readonly meanRank: number; readonly medianRank: number };
type Task = { readonly kind: string; readonly imageToText: Way; readonly textToImage: Way };
const tasksOf = (json: string) => expectJson("eval", json)["tasks"] as readonly Task[];

const side = (vectors: readonly number[][], own: Int32Array) => vectors.map((vector, k) => ({ vector, id: own[k] ?? -1 }));
function expectRanks(way: Way, ranks: readonly number[]): void {
  expect(way.queries).toBe(ranks.length);
  for (const k of [1, 5, 10]) expect(way.recall[k]).toBeCloseTo(ranks.filter((rank) => rank <= k).length / ranks.length, 12);
  expect(way.meanRank).toBeCloseTo(ranks.reduce((a, b) => a + b, 0) / ranks.length, 9);
}

describe("sigc eval", () => {
  test("retrieval by ids over columns of two lengths equals sorting embeddings that are written out here", async () => {
    const [i, t] = [side(images, ids(IMAGES)), side(texts, ids(TEXTS))];
    const { exit, out } = await run("--params", params, ...everything, "--json");
    expect(exit).toBe(0);
    const [task] = tasksOf(out);
    if (task === undefined) throw new Error("no task");
    expectRanks(task.imageToText, sortedRanks(i, t));
    expectRanks(task.textToImage, sortedRanks(t, i));
  });

  test("the same in batches of any size and within a budget that holds few, and on the oracle", async () => {
    const whole = tasksOf((await run("--params", params, ...everything, "--json")).out);
    for (const flags of [
      ["--batch", "1"],
      ["--batch", "10"],
      ["--memory", "6KiB"],
    ])
      expect(tasksOf((await run("--params", params, ...everything, "--json", ...flags)).out), flags.join(" ")).toEqual(whole);
    const oracle = await sigc("eval", program, "--engine", "reference", "--params", params, ...everything, "--json");
    expect(tasksOf(oracle.out)).toEqual(whole);
  });

  test("pairs rows where no ids are named, and refuses sides of two lengths by place", async () => {
    const paired = folder.write("paired.sig", towers("task retrieval(image: zx, text: zy)"));
    const eq = (...columns: readonly string[]) => sigc("eval", paired, "--engine", "planref", "--params", params, ...columns, "--json");
    const [task] = tasksOf((await eq(...from("x"), ...from("y", "short"))).out);
    expect(task?.imageToText.queries).toBe(IMAGES);
    const refused = await eq(...from("x"), ...from("y"));
    expect(refused.exit).toBe(3);
    expect(refused.err).toMatch(/SIG6601: the task at .*paired.sig:14 pairs rows of zx with rows of zy, and there are 23 and 31/);
    expectJson("failure", refused.out);
  });

  test("prints a table on stdout, and who has no right answer", async () => {
    const { out } = await run("--params", params, ...everything);
    expect(out).toMatch(/^retrieval\(image: zx, text: zy\)\n +queries +among +R@1 +R@5 +R@10 +median +mean rank\nimage to text +23 +31 /);
    expect(out).toMatch(/text to image, by chance( +[\d.]+ %){3}\n/);
  });

  test("takes a run's newest checkpoint, its average, or one checkpoint's folder", async () => {
    const trained = folder.path("run");
    // Training cuts batches along both sides.
    const columns = [...from("x"), ...from("y", "short"), ...from("x_id"), "--data", `y_id=${data}#x_id`];
    expect((await sigc("train", program, ...columns, "--out", trained, "--engine", "planref", "--checkpoint-every", "1")).exit).toBe(0);
    const recall = async (...flags: readonly string[]) => {
      const document = expectJson("eval", (await run(...flags, ...everything, "--json")).out);
      return { parameters: document["parameters"], tasks: document["tasks"] };
    };
    const newest = await recall("--checkpoint", trained);
    expect(newest.parameters).toMatchObject({ path: `${trained}/step-000002`, step: 2, ema: false });
    expect((await recall("--params", `${trained}/step-000002/model.safetensors`)).tasks).toEqual(newest.tasks);
    expect((await recall("--checkpoint", `${trained}/step-000001`)).parameters).toMatchObject({ step: 1 });
    const average = await recall("--checkpoint", trained, "--ema");
    expect(average.parameters).toMatchObject({ step: 2, ema: true });
    expect((await recall("--params", `${trained}/step-000002/ema.safetensors`)).tasks).toEqual(average.tasks);
  });

  test.each([
    ["no parameters", [...everything], 2, /SIG7060: no value is given for the parameter "a" of towers/],
    ["an average of nothing", ["--ema", "--params", params, ...everything], 2, /cannot be used with option/],
    ["an average without a checkpoint", ["--ema", ...everything], 2, /SIG7061/],
    ["a folder without a checkpoint", ["--checkpoint", folder.path("nothing"), ...everything], 3, /SIG6058.*holds no checkpoint/],
    ["a missing column", ["--params", params, ...from("x"), ...from("y"), ...from("x_id")], 2, /no column is given for y_id/],
    [
      "no memory for all embeddings",
      ["--params", params, ...everything, "--memory", "2KiB"],
      3,
      /SIG6610: 23 and 31 embeddings of width 4 cannot be ranked within the memory: the step needs/,
    ],
    ["no memory for a single row", ["--params", params, ...everything, "--memory", "200B"], 3, /SIG5/],
  ] as const)("refuses %s", async (_, flags, exit, told) => {
    const { exit: found, err, out } = await run(...flags);
    expect(err).toMatch(told);
    expect([found, out]).toEqual([exit, ""]);
  });

  test("a program without a task is refused at its place", async () => {
    const none = folder.write("none.sig", towers(""));
    const { exit, err } = await sigc("eval", none, "--params", params, ...everything);
    expect(exit).toBe(1);
    expect(err).toMatch(/none.sig:1:1 error SIG7062: towers has no task to measure/);
  });

  test("an unknown column is answered with the nearest name", async () => {
    const { exit, err } = await run("--params", params, ...everything, "--data", `xx=${data}#x`);
    expect(exit).toBe(2);
    expect(err).toMatch(/did you mean x/);
  });
});
