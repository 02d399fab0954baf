import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { hostArray } from "../../../runtime/data/host-array.js";
import { readSafetensors, writeSafetensors } from "../../../runtime/data/safetensors.js";
import { expectJson, scratchFolder, sigc, sigcInterrupted } from "./invoke.js";

const { path, write } = scratchFolder();

const text = `pipeline towers {
  batch n
  input x: f32[n, 6]
  input y: f32[n, 5]
  param a: f32[6, 4] ~ normal(0.5)
  param b: f32[5, 4] ~ normal(0.5)
  param t_prime: f32 = log(10)
  param bias: f32 = -3
  zx = l2_normalize(x @ a)
  zy = l2_normalize(y @ b)
  logits[i, j] = exp(t_prime) * dot(zx[i], zy[j]) + bias
  loss = -sum[i, j](log_sigmoid(where(i == j, 1, -1) * logits[i, j])) / n
  metric temperature = exp(t_prime)
  train {
    optimizer adamw(lr: 1e-2)
    schedule cosine(warmup: 10%)
    clip 1
    batch 7
    steps 20
    seed 3
    for bias { freeze: true }
  }
}
`;
const program = write("towers.sig", text);
const data = path("data.safetensors");
// 23 rows and batches of 7: an epoch ends inside the run, with a rest that is dropped.
const column = (width: number, shift: number) =>
  hostArray(
    "f32",
    [23, width],
    Float32Array.from({ length: 23 * width }, (_, i) => Math.sin(shift + i * i * 0.37)),
  );
const columns = ["--data", `x=${data}#x`, "--data", `y=${data}#y`];
const train = (out: string, ...flags: readonly string[]) =>
  sigc("train", program, ...columns, "--out", path(out), "--engine", "planref", ...flags);
const lastModel = (out: string, step: string) => readFileSync(path(`${out}/${step}/model.safetensors`));
const state = (out: string, step: string) =>
  Buffer.concat([lastModel(out, step), readFileSync(path(`${out}/${step}/optimizer.safetensors`))]);
const lines = (out: string) =>
  readFileSync(path(`${out}/metrics.jsonl`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => expectJson("train", line));
/** What a step is, without how long it took. */
const steps = (out: string) => lines(out).map(({ seconds: _, examplesPerSecond: __, ...step }) => step);

beforeAll(async () => {
  writeSafetensors(
    data,
    new Map([
      ["x", column(6, 0)],
      ["y", column(5, 1)],
    ]),
  );
  expect((await train("whole")).exit).toBe(0);
});

describe("sigc train", () => {
  test("10 steps, a resume and 10 more equal 20 steps: parameters, optimiser and log, bit for bit", async () => {
    await train("halves", "--until", "10");
    expect((await train("halves", "--resume")).exit).toBe(0);
    expect(state("halves", "step-000020").equals(state("whole", "step-000020"))).toBe(true);
    expect(steps("halves")).toEqual(steps("whole"));
    expect(steps("whole").map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, k) => k + 1));
  });

  test("what is dropped follows the step's number, so that a resume drops the same", async () => {
    const dropping = write("dropping.sig", text.replace("l2_normalize(x @ a)", "l2_normalize(dropout(x, 0.3) @ a)"));
    const run = async (out: string, ...flags: readonly string[]) => {
      const where = ["--out", path(out), "--engine", "planref", "--steps", "6"];
      expect((await sigc("train", dropping, ...columns, ...where, ...flags)).exit).toBe(0);
    };
    await run("dropped");
    await run("dropped-twice", "--until", "3");
    await run("dropped-twice", "--resume");
    expect(state("dropped-twice", "step-000006").equals(state("dropped", "step-000006"))).toBe(true);
    expect(steps("dropped").map(({ loss }) => loss)).not.toEqual(
      steps("whole")
        .slice(0, 6)
        .map(({ loss }) => loss),
    );
  });

  test("an interrupt ends at a whole step, saved, and the run goes on from there", async () => {
    const stopped = await sigcInterrupted(
      (err, interrupt) => (err.startsWith("step 1/") ? interrupt() : undefined),
      "train",
      program,
      ...columns,
      "--out",
      path("stopped"),
      "--engine",
      "planref",
    );
    expect(stopped.exit).toBe(130);
    expect(readdirSync(path("stopped"))).toContain("step-000001");
    await train("stopped", "--resume");
    expect(state("stopped", "step-000020").equals(state("whole", "step-000020"))).toBe(true);
  });

  test("the loss falls, the rate follows its schedule, epochs are counted, what is frozen stays", async () => {
    const log = lines("whole") as { loss: number; lr: number; epoch: number; metrics: { temperature: number } }[];
    expect(log.at(-1)?.loss).toBeLessThan(log[0]?.loss ?? 0);
    expect(log.slice(0, 3).map(({ lr }) => lr)).toEqual([0.005, 0.01, expect.closeTo(0.00992, 4)]);
    expect(log.map(({ epoch }) => epoch).slice(0, 7)).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect(log[0]?.metrics.temperature).toBeCloseTo(10, 12);
    const model = readSafetensors(path("whole/step-000020/model.safetensors"));
    expect(model.get("bias")?.data[0]).toBe(-3);
    expect(model.get("t_prime")?.data[0]).not.toBe(Math.log(10));
  });

  test("--json streams lines that fit the schema, the checkpoints among them", async () => {
    const { out } = await train("stream", "--json", "--checkpoint-every", "8");
    const kinds = out
      .trimEnd()
      .split("\n")
      .map((line) => expectJson("train", line)["kind"]);
    expect(kinds).toEqual([
      "start",
      ...Array.from({ length: 8 }, () => "step"),
      "checkpoint",
      ...Array.from({ length: 8 }, () => "step"),
      "checkpoint",
      "step",
      "step",
      "step",
      "step",
      "checkpoint",
      "end",
    ]);
  });

  test("a trained model is what run takes as --params, and a start for another training", async () => {
    const model = path("whole/step-000020/model.safetensors");
    const inputs = ["--input", `x=${data}#x`, "--input", `y=${data}#y`];
    const { out } = await sigc("run", program, ...inputs, "--params", model, "--engine", "planref", "--json");
    const fresh = await sigc("run", program, ...inputs, "--seed", "3", "--engine", "planref", "--json");
    const loss = (json: string) => (expectJson("run", json)["outputs"] as { loss: number }).loss;
    expect(loss(out)).toBeLessThan(loss(fresh.out));
    expect((await train("again", "--params", model, "--steps", "1")).exit).toBe(0);
    expect(lines("again")[0]?.["loss"]).not.toBe(lines("whole")[0]?.["loss"]);
  });

  test("a loss that is not finite stops with step, value and line; the last good checkpoint stays the newest", async () => {
    const explosive = write(
      "explosive.sig",
      "pipeline explosive {\n  batch n\n  input x: f32[n, 6]\n  param w: f32[6] = 1\n  loss = mean[i](dot(x[i], w) ** 4)\n  train {\n    optimizer sgd(lr: 10)\n    batch 7\n    steps 50\n  }\n}\n",
    );
    const flags = ["--out", path("explosive"), "--engine", "planref", "--checkpoint-every", "1"];
    const { exit, err } = await sigc("train", explosive, "--data", `x=${data}#x`, ...flags);
    expect(exit).toBe(3);
    const [, step] = /error SIG7111: the (?:loss|gradient norm) is (?:NaN|-?Infinity) at step (\d+) \(.*explosive.sig:5\)/.exec(err) ?? [];
    expect(readFileSync(path("explosive/latest"), "utf8")).toBe(`step-${String(Number(step) - 1).padStart(6, "0")}\n`);
    for (const array of readSafetensors(
      path(`explosive/${readFileSync(path("explosive/latest"), "utf8").trim()}/model.safetensors`),
    ).values())
      expect(array.data.every(Number.isFinite)).toBe(true);
  });

  test.each([
    ["a folder in use", [], "whole", 2, /holds checkpoints of a run/],
    ["another length under a cosine", ["--resume", "--steps", "40"], "whole", 3, /was written with steps = 20, and this run has 40/],
    ["another batch", ["--resume", "--batch", "8"], "whole", 3, /was written with batch = 7, and this run has 8/],
    ["another seed", ["--resume", "--seed", "4"], "whole", 3, /was written with seed = 3, and this run has 4/],
    ["nothing to resume", ["--resume"], "empty", 3, /holds no checkpoint/],
    ["a batch larger than the data", ["--batch", "24"], "large", 3, /a batch of 24 does not fit in 23 rows/],
    ["values for a run that resumes", ["--resume", "--param", "bias=1"], "whole", 2, /cannot be used with option/],
  ] as const)("refuses %s", async (_, flags, folder, exit, told) => {
    const { exit: found, err } = await train(folder, ...flags);
    expect(err).toMatch(told);
    expect(found).toBe(exit);
  });

  test("refuses to resume another program or other shapes, by name", async () => {
    const resume = (file: string) => sigc("train", file, ...columns, "--out", path("whole"), "--engine", "planref", "--resume");
    const otherLoss = write("other.sig", text.replace("log(10)", "log(10)").replace("/ n\n", "/ n * 2\n"));
    expect((await resume(otherLoss)).err).toMatch(/another version of the program/);
    const otherShape = write("shape.sig", text.replaceAll(", 4]", ", 3]"));
    expect((await resume(otherShape)).err).toMatch(/a is f64\[6, 4\] instead of f64\[6, 3\]/);
    const otherName = write("name.sig", text.replace("pipeline towers", "pipeline twins"));
    expect((await resume(otherName)).err).toMatch(/was written by pipeline "towers", and this is "twins"/);
  });

  test("comments and layout of the file may change between a run and its resume", async () => {
    await train("moved", "--until", "5");
    const moved = write("moved.sig", `// a comment\n${text.replace("  batch n", "\n  batch n")}`);
    const { exit } = await sigc("train", moved, ...columns, "--out", path("moved"), "--engine", "planref", "--resume");
    expect(exit).toBe(0);
    expect(state("moved", "step-000020").equals(state("whole", "step-000020"))).toBe(true);
  });

  test("names a missing column, an unknown one with its neighbour, a wrong width, and a bad value by its row in the file", async () => {
    const run = (...argv: readonly string[]) => sigc("train", program, ...argv, "--out", path("never"), "--engine", "planref");
    expect((await run("--data", `x=${data}#x`)).err).toMatch(/no column is given for y/);
    expect((await run(...columns, "--data", `xx=${data}#x`)).err).toMatch(/has no input of that name[^]*did you mean/);
    expect((await run("--data", `x=${data}#y`, "--data", `y=${data}#y`)).err).toMatch(
      /has rows of shape \[5\]; x is declared f32\[n, 6\] \(.*towers.sig:3\)/,
    );
    const poisoned = path("poisoned.safetensors");
    const bad = column(6, 0);
    bad.data[20 * 6 + 2] = Number.NaN;
    writeSafetensors(
      poisoned,
      new Map([
        ["x", bad],
        ["y", column(5, 1)],
      ]),
    );
    expect((await run("--data", `x=${poisoned}#x`, "--data", `y=${poisoned}#y`)).err).toMatch(
      /poisoned.safetensors#x holds NaN at index \[20, 2\]/,
    );
  });
});
