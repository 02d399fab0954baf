/** `npm run demo`: prepares the emoji set, trains on five artists and tests on a sixth, by the commands that a user would type. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { latestCheckpoint } from "../checkpoint/store.js";
import { readArray } from "../data/column.js";
import { type Embeddings, type Recall, recall } from "../data/retrieval.js";
import { UserError } from "../user-error.js";
import { prepareEmoji } from "./prepare-emoji.js";

const PROGRAM = "pipelines/emoji-linear.sig";
const DATA = ".data/emoji";
const RUN = "runs/emoji-linear";
const KS = [1, 5, 10] as const;
/** Less than this many times chance at the last k means that nothing was learnt. */
const LEARNT = 10;

const sigc = fileURLToPath(new URL("../../sigc.js", import.meta.url));

/** Runs one command to its end; what it says goes to the terminal, its results only where `results` says so. */
function command(args: readonly string[], results: "inherit" | "ignore"): void {
  process.stderr.write(`\n$ sigc ${args.join(" ")}\n`);
  const { status, signal } = spawnSync(process.execPath, [sigc, ...args], { stdio: ["ignore", results, "inherit"] });
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 70));
}

async function prepare(): Promise<void> {
  const live = process.stderr.isTTY;
  let told = 0;
  const progress = (done: number, total: number): void => {
    if (!live && done < total && done - told < total / 4) return;
    told = done;
    process.stderr.write(`${live ? "\r" : ""}drawing ${done} of ${total} pictures${live ? "" : "\n"}`);
  };
  const set = await prepareEmoji(DATA, { progress });
  const { train, test, captions } = set.rows;
  process.stderr.write(
    `${live && !set.fresh ? "\n" : ""}${DATA}: ${train} pictures to train on, ${test} by another artist to test, ${captions} names\n`,
  );
}

/** The program's inputs from the pictures of one file and the names of another. */
function inputs(flag: "--data" | "--input", pictures: string, names: string): readonly string[] {
  const sources = {
    image: `${pictures}#image`,
    image_concept: `${pictures}#concept`,
    tokens: `${names}#tokens`,
    token_weight: `${names}#token_weight`,
    text_concept: `${names}#concept`,
  };
  return Object.entries(sources).flatMap(([name, source]) => [flag, `${name}=${source}`]);
}

function embeddings(results: string, output: string, ids: string): Embeddings {
  const concept = readArray({ file: ids, key: "concept" });
  if (concept.dtype !== "i32") throw new Error(`concepts are ${concept.dtype}`);
  return { vectors: readArray({ file: results, key: output }), ids: concept.data };
}

function table(title: string, { queries, candidates, at, chance }: Recall): string {
  const percent = (share = 0) => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`.padStart(7);
  const rows = KS.map((k) => `  recall@${k}`.padEnd(13) + percent(at[k]) + `   chance ${percent(chance[k])}\n`);
  return `${title}: ${queries} against ${candidates}\n${rows.join("")}`;
}

async function demo(): Promise<void> {
  await prepare();
  const [train, test, captions] = ["train", "test", "captions"].map((name) => join(DATA, `${name}.safetensors`)) as [
    string,
    string,
    string,
  ];

  rmSync(RUN, { recursive: true, force: true });
  mkdirSync(RUN, { recursive: true });
  command(["train", PROGRAM, ...inputs("--data", train, train), "--out", RUN], "ignore");

  const checkpoint = latestCheckpoint(RUN);
  if (checkpoint === null) throw new Error("training left no checkpoint");
  const results = join(RUN, "test.safetensors");
  const parameters = join(relative(process.cwd(), checkpoint), "model.safetensors");
  command(["run", PROGRAM, "--params", parameters, ...inputs("--input", test, captions), "--out", results], "ignore");

  const pictures = embeddings(results, "zi", test);
  const names = embeddings(results, "zt", captions);
  const toNames = recall(pictures, names, KS);
  const toPictures = recall(names, pictures, KS);
  process.stderr.write("\n");
  process.stdout.write(
    `On drawings of an artist never seen in training:\n${table("picture to name", toNames)}${table("name to picture", toPictures)}`,
  );

  const last = KS[KS.length - 1] ?? 1;
  if ([toNames, toPictures].some(({ at, chance }) => (at[last] ?? 0) < LEARNT * (chance[last] ?? 1))) {
    process.stderr.write(`recall@${last} is below ${LEARNT} times chance: training has failed\n`);
    process.exitCode = 1;
  }
}

try {
  await demo();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`error ${error.code}: ${error.message}\n${error.help.map((line) => `help: ${line}\n`).join("")}`);
  process.exitCode = error.exit;
}
