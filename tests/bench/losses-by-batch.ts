/**
 * Sigmoid and softmax at several batches, after equally many examples, with several seeds: a table of docs/results.md. `npm run demo`
 * prepares the set; then `npx tsx tests/bench/losses-by-batch.ts [FOLDER [LOSS]]`. The folder keeps what was measured, a line each, so
 * that it can be stopped and begun again, and each loss measured by a process of its own.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const EXAMPLES = 51_200;
const losses = { sigmoid: "pipelines/emoji-siglip.sig", softmax: "pipelines/emoji-clip.sig" } as const;
const batches = [64, 256, 1024] as const;
const seeds = [0, 1, 2] as const;
/** From the demo's at batch 256 on with the root of the batch, as the noise of AdamW's steps asks. */
const rateAt = (batch: number): number => 2e-3 * Math.sqrt(batch / 256);
/** What the first seed tries besides, as shares of that, to tell what hangs on the rate. */
const otherRates = [2, 1 / 2] as const;

/** So that two processes share two cores without waiting for each other. */
const THREADS = 1;

type Loss = keyof typeof losses;
type Setting = { readonly loss: Loss; readonly batch: number; readonly rate: number; readonly seed: number };
/** Shares: picture to name @1, @5, name to picture @1, @5. */
type Result = Setting & { readonly examples: number; readonly recall: readonly number[]; readonly seconds: number };

const root = fileURLToPath(new URL("../../", import.meta.url));
const [folder = "runs/losses-by-batch", only] = process.argv.slice(2);
const kept = join(folder, "results.jsonl");

function sigc(args: readonly string[]): string {
  const argv = [join(root, "dist/sigc.js"), ...args];
  const { status, stdout } = spawnSync(process.execPath, argv, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) throw new Error(`sigc ${args.join(" ")}: exit ${status}`);
  return stdout;
}

const results: Result[] = existsSync(kept)
  ? readFileSync(kept, "utf8")
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Result]))
  : [];

type Way = { readonly recall: Readonly<Record<string, number>> };
type Evaluation = { readonly tasks: readonly { readonly imageToText: Way; readonly textToImage: Way }[] };

/** What is kept already is not run again. */
function measure({ loss, batch, rate, seed }: Setting): Result {
  const known = results.find((each) => each.loss === loss && each.batch === batch && each.rate === rate && each.seed === seed);
  if (known !== undefined) return known;
  const run = join(folder, loss);
  rmSync(run, { recursive: true, force: true });
  const program = [join(root, losses[loss]), "--set", `rate=${rate}`];
  const data = (shards: string) => ["--data", join(root, ".data/emoji", shards)];
  const steps = EXAMPLES / batch;
  const length = ["--batch", String(batch), "--steps", String(steps), "--seed", String(seed), "--checkpoint-every", String(steps)];
  const threads = ["--threads", String(THREADS)];
  const begun = performance.now();
  sigc(["train", ...program, ...data("train-{000..006}.tar"), ...length, ...threads, "--out", run]);
  const seconds = Math.round((performance.now() - begun) / 1000);
  const { tasks } = JSON.parse(
    sigc(["eval", ...program, "--checkpoint", run, ...data("test-{000..001}.tar"), ...threads, "--json"]),
  ) as Evaluation;
  const [task] = tasks;
  if (task === undefined) throw new Error("nothing was measured");
  const recall = [task.imageToText, task.textToImage].flatMap((way) => [way.recall["1"] ?? 0, way.recall["5"] ?? 0]);
  const result = { loss, batch, rate, seed, examples: EXAMPLES, recall, seconds };
  appendFileSync(kept, `${JSON.stringify(result)}\n`);
  results.push(result);
  process.stderr.write(`${JSON.stringify(result)}\n`);
  return result;
}

/** `41.4 ± 1.2`: per cent, mean and sample standard deviation. */
function spread(shares: readonly number[]): string {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (shares.length - 1);
  return `${(100 * mean).toFixed(1)} ± ${(100 * Math.sqrt(variance)).toFixed(1)}`;
}

mkdirSync(folder, { recursive: true });
const wanted = (Object.keys(losses) as Loss[]).filter((loss) => only === undefined || loss === only);
const cells = batches.flatMap((batch) => wanted.map((loss) => ({ loss, batch })));
const bySeed = seeds.map((seed) => cells.map((cell) => measure({ ...cell, rate: rateAt(cell.batch), seed })));
const others = otherRates.flatMap((times) =>
  [...cells].reverse().map((cell) => measure({ ...cell, rate: times * rateAt(cell.batch), seed: seeds[0] })),
);

process.stdout.write("| loss | batch, steps | rate | picture to name R@1 / R@5 | name to picture R@1 / R@5 |\n|---|---|---|---|---|\n");
cells.forEach(({ loss, batch }, k) => {
  const all = bySeed.flatMap((row) => row[k] ?? []);
  const of = (at: number): string => spread(all.map(({ recall }) => recall[at] ?? 0));
  process.stdout.write(`| ${loss} | ${batch}, ${EXAMPLES / batch} | ${rateAt(batch)} | ${of(0)} / ${of(1)} | ${of(2)} / ${of(3)} |\n`);
});
for (const { loss, batch, rate, seed, recall } of others)
  process.stdout.write(`seed ${seed} at ${rate}: ${loss}, ${batch}: ${recall.map((share) => (100 * share).toFixed(1)).join(", ")}\n`);
