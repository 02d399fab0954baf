/** `sigc train`, killed at ten random moments and resumed each time: what comes out is the uninterrupted run's, byte for byte. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { latestCheckpoint } from "../../../runtime/checkpoint/store.js";
import { randomFrom } from "../../support/random.js";
import { trainedTowers, writeColumns } from "../../support/trained-towers.js";
import { scratchFolder, sigc } from "../cli/invoke.js";

const main = fileURLToPath(new URL("../../../dist/sigc.js", import.meta.url));
const { path, write } = scratchFolder();
const STEPS = 60;
const KILLS = 10;

const program = write(
  "towers.sig",
  trainedTowers([
    'optimizer adamw(lr: 1e-2, decay: 0.1, decay_mode: "coupled")',
    "schedule cosine(warmup: 10%)",
    "clip 1",
    "ema 0.9",
    "batch 7",
    `steps ${STEPS}`,
    "for bias { freeze: true }",
  ]),
);
const data = path("data.safetensors");
const argumentsOf = (out: string, seed: number): readonly string[] => [
  ...["train", program, "--data", `x=${data}#x`, "--data", `y=${data}#y`, "--seed", String(seed)],
  ...["--out", path(out), "--engine", "planref", "--checkpoint-every", "5"],
];
const groups = ["model", "optimizer", "ema"] as const;
/** Of the last step; killed between its folder and the pointer to it, a run saves it again, in another folder. */
const files = (out: string) => {
  const folder = latestCheckpoint(path(out)) ?? "";
  expect(folder).toMatch(new RegExp(`step-0*${STEPS}(\\.\\d+)?$`));
  return groups.map((group) => readFileSync(join(folder, `${group}.safetensors`)).toString("base64"));
};
/** Every step once, in order, without what it took. */
const log = (out: string) =>
  readFileSync(path(`${out}/metrics.jsonl`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { seconds: _, examplesPerSecond: __, residentBytes: ___, waitMs: ____, ...step } = JSON.parse(line) as Record<string, unknown>;
      return step;
    });

beforeAll(async () => {
  if (!existsSync(main)) throw new Error("the command is not built: npm run build");
  writeColumns(data);
  expect((await sigc(...argumentsOf("whole", 3))).exit).toBe(0);
});

test("one seed gives one run, and another seed another", async () => {
  expect((await sigc(...argumentsOf("again", 3))).exit).toBe(0);
  expect((await sigc(...argumentsOf("other", 4))).exit).toBe(0);
  expect(files("again")).toEqual(files("whole"));
  expect(log("again")).toEqual(log("whole"));
  const [whole, other] = [files("whole"), files("other")];
  groups.forEach((group, k) => expect(other[k], group).not.toBe(whole[k]));
});

test(`killed ${KILLS} times, resumed ${KILLS} times`, { timeout: 120_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const { uniform } = randomFrom(seed);
  let [kills, runs] = [0, 0];
  let out = "";
  let ended = true;
  while (kills < KILLS || !ended) {
    if (ended) out = `killed-${runs++}`;
    // A run that died before its first checkpoint begins anew, in the same folder.
    const resume = latestCheckpoint(path(out)) === null ? [] : ["--resume"];
    const outcome = await run([...argumentsOf(out, 3), ...resume], kills < KILLS ? uniform() * 400 : null);
    ended = outcome === "ended";
    if (!ended) kills++;
    else {
      expect(files(out)).toEqual(files("whole"));
      expect(log(out)).toEqual(log("whole"));
    }
  }
});

/** Kills so many milliseconds after the first step, or, with null, never. */
function run(argv: readonly string[], milliseconds: number | null): Promise<"killed" | "ended"> {
  const child = spawn(process.execPath, [main, ...argv, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
  let told = "";
  child.stderr.on("data", (piece: Buffer) => (told += piece.toString()));
  let begun = false;
  child.stdout.on("data", (piece: Buffer) => {
    if (begun || milliseconds === null || !piece.toString().includes('"step"')) return;
    begun = true;
    setTimeout(() => child.kill("SIGKILL"), milliseconds);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve("killed");
      else if (code === 0) resolve("ended");
      else reject(new Error(`the run ended with ${code}: ${told}`));
    });
  });
}
