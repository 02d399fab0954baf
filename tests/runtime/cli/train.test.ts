import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../../../runtime/data/safetensors.js";
import { columnX, trainedTowers, writeColumns } from "../../support/trained-towers.js";
import { expectJson, scratchFolder, sigc, sigcInterrupted } from "./invoke.js";

const { path, write } = scratchFolder();

const text = trainedTowers(
  ["optimizer adamw(lr: 1e-2)", "schedule cosine(warmup: 10%)", "clip 1", "batch 7", "steps 20", "seed 3", "for bias { freeze: true }"],
  ["metric temperature = exp(t_prime)"],
);
const program = write("towers.sig", text);
const data = path("data.safetensors");
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
/** What a step is, without what it took. */
const steps = (out: string) => lines(out).map(({ seconds: _, examplesPerSecond: __, residentBytes: ___, waitMs: ____, ...step }) => step);

beforeAll(async () => {
  writeColumns(data);
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
    const log = lines("whole") as {
      loss: number;
      lr: number;
      epoch: number;
      metrics: { temperature: number };
      parameters: { t_prime: number; bias: number };
    }[];
    expect(log.at(-1)?.loss).toBeLessThan(log[0]?.loss ?? 0);
    expect(log.slice(0, 3).map(({ lr }) => lr)).toEqual([0.005, 0.01, expect.closeTo(0.00992, 4)]);
    expect(log.map(({ epoch }) => epoch).slice(0, 7)).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect(log[0]?.metrics.temperature).toBeCloseTo(10, 12);
    // Parameters of one number stand beside the loss that was computed with them.
    expect(log[0]?.parameters).toEqual({ t_prime: Math.log(10), bias: -3 });
    for (const { metrics, parameters } of log) expect(Math.exp(parameters.t_prime)).toBeCloseTo(metrics.temperature, 12);
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

  test("--grad-stats logs norms of gradient, update and value every so many steps, and changes no bit of the training", async () => {
    await train("watched", "--until", "6", "--grad-stats", "3", "--checkpoint-every", "1");
    type Norms = Readonly<Record<string, { readonly gradient: number; readonly update: number; readonly parameter: number }>>;
    const log = lines("watched") as { readonly gradNorm: number; readonly norms?: Norms }[];
    expect(log.flatMap(({ norms }, k) => (norms === undefined ? [] : [k + 1]))).toEqual([3, 6]);
    const { norms = {}, gradNorm } = log[5] ?? { gradNorm: 0 };
    // What is frozen has neither gradient nor update.
    expect(Object.keys(norms)).toEqual(["a", "b", "t_prime"]);
    expect(Math.hypot(...Object.values(norms).map(({ gradient }) => gradient))).toBeCloseTo(gradNorm, 12);
    const [before, after] = [5, 6].map((step) => readSafetensors(path(`watched/step-00000${step}/model.safetensors`)));
    for (const [name, { update, parameter }] of Object.entries(norms)) {
      const [old, now] = [before, after].map((model) => Array.from(model?.get(name)?.data ?? []));
      expect(parameter).toBeCloseTo(Math.hypot(...(old ?? [])), 12);
      expect(update).toBeCloseTo(Math.hypot(...(now ?? []).map((value, k) => value - (old?.[k] ?? 0))), 12);
    }
    // Watched or not, it is the same training, and may be resumed as the other.
    expect((await train("watched", "--resume")).exit).toBe(0);
    expect(state("watched", "step-000020").equals(state("whole", "step-000020"))).toBe(true);
  });

  test("an average begins as the parameters, follows them, is resumed to the bit, and is what run takes as --params", async () => {
    const averaged = write("averaged.sig", text.replace("    clip 1\n", "    clip 1\n    ema 0.75\n"));
    const trainAveraged = (out: string, ...flags: readonly string[]) =>
      sigc("train", averaged, ...columns, "--out", path(out), "--engine", "planref", ...flags);
    await trainAveraged("averaged", "--checkpoint-every", "1", "--until", "2");
    const file = (out: string, step: number, name: string) => path(`${out}/step-${String(step).padStart(6, "0")}/${name}.safetensors`);
    const at = (step: number, name: string) => readSafetensors(file("averaged", step, name));
    // e ← e + (w − e) / 4
    for (const [key, first] of at(1, "model")) {
      const [e1, e2, second] = [at(1, "ema").get(key), at(2, "ema").get(key), at(2, "model").get(key)];
      first.data.forEach((_, k) => {
        const [a1, a2, w2] = [Number(e1?.data[k]), Number(e2?.data[k]), Number(second?.data[k])];
        expect(a2).toBeCloseTo(a1 + (w2 - a1) / 4, 14);
      });
    }
    expect(at(2, "ema").get("bias")?.data[0]).toBe(-3);
    expect(at(1, "ema").get("t_prime")?.data[0]).toBeCloseTo(
      Math.log(10) + (Number(at(1, "model").get("t_prime")?.data[0]) - Math.log(10)) / 4,
      14,
    );

    expect((await trainAveraged("averaged", "--resume")).exit).toBe(0);
    expect((await trainAveraged("averaged-whole")).exit).toBe(0);
    for (const name of ["model", "optimizer", "ema"])
      expect(readFileSync(file("averaged", 20, name)).equals(readFileSync(file("averaged-whole", 20, name)))).toBe(true);
    expect(lastModel("averaged-whole", "step-000020").equals(lastModel("whole", "step-000020"))).toBe(true);
    const inputs = ["--input", `x=${data}#x`, "--input", `y=${data}#y`];
    const ran = await sigc("run", program, ...inputs, "--params", file("averaged", 20, "ema"), "--engine", "planref", "--json");
    expect(ran.exit).toBe(0);
  });

  test("an update that overflows behind a finite loss is not saved: parameter, value, step and line are told", async () => {
    // The gradient is 1/2 at every step, so w is −4e307 · step: beyond float64 at step 5, where the loss is still −8e307.
    const overflowing = write(
      "overflowing.sig",
      "pipeline overflowing {\n  batch n\n  input x: f32[n, 6]\n  param w: f32[2] = 0\n  loss = w[1] / 2 + 0 * mean(x)\n  train {\n    optimizer sgd(lr: 8e307)\n    batch 7\n    steps 50\n  }\n}\n",
    );
    const flags = ["--out", path("overflowing"), "--engine", "planref", "--checkpoint-every", "1"];
    const { exit, err } = await sigc("train", overflowing, "--data", `x=${data}#x`, ...flags);
    expect(exit).toBe(3);
    expect(err).toMatch(/error SIG7116: w\[1\] is -Infinity after the update of step 5 \(.*overflowing.sig:4\): it is not saved/);
    expect(err).toMatch(/the last good checkpoint is .*step-000004/);
    expect(readFileSync(path("overflowing/latest"), "utf8")).toBe("step-000004\n");
    expect(readdirSync(path("overflowing"))).not.toContain("step-000005");
    expect(readSafetensors(path("overflowing/step-000004/model.safetensors")).get("w")?.data[1]).toBe(-1.6e308);
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
    const bad = columnX();
    bad.data[20 * 6 + 2] = Number.NaN;
    writeColumns(poisoned, bad);
    expect((await run("--data", `x=${poisoned}#x`, "--data", `y=${poisoned}#y`)).err).toMatch(
      /poisoned.safetensors#x holds NaN at index \[20, 2\]/,
    );
  });
});
