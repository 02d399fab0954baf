/** `npm run demo`: prepares the emoji set, trains on five artists and tests and searches a sixth's, by the commands that a user would type. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../user-error.js";
import { type EmojiSet, prepareEmoji } from "./prepare-emoji.js";

const PROGRAM = "pipelines/emoji-siglip.sig";
const DATA = ".data/emoji";
const RUN = "runs/emoji-siglip";
/** What is looked up among the drawings of the unseen artist, in the end. */
const SOUGHT = ["red heart", "cat face", "pizza", "fire engine", "crying face", "guitar"] as const;
const KS = [1, 5, 10] as const;
/** Less than this many times chance at the last k means that nothing was learnt. */
const LEARNT = 10;

const sigc = fileURLToPath(new URL("../../sigc.js", import.meta.url));

/** Runs one command to its end; what it says goes to the terminal, its results come back where `results` says so. */
function command(args: readonly string[], results: "pipe" | "ignore"): string {
  process.stderr.write(`\n$ sigc ${args.join(" ")}\n`);
  const { status, signal, stdout } = spawnSync(process.execPath, [sigc, ...args], { stdio: ["ignore", results, "inherit"] });
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 70));
  return stdout?.toString("utf8") ?? "";
}

async function prepare(): Promise<EmojiSet> {
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
  return set;
}

/** What `sigc eval --json` says of one way of a retrieval. */
type Way = {
  readonly queries: number;
  readonly candidates: number;
  readonly recall: Readonly<Record<string, number>>;
  readonly chance: Readonly<Record<string, number>>;
};

function table(title: string, { queries, candidates, recall, chance }: Way): string {
  const percent = (share = 0) => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`.padStart(7);
  const rows = KS.map((k) => `  recall@${k}`.padEnd(13) + percent(recall[k]) + `   chance ${percent(chance[k])}\n`);
  return `${title}: ${queries} against ${candidates}\n${rows.join("")}`;
}

async function demo(): Promise<void> {
  const set = await prepare();
  const samples = (shards: readonly string[]): readonly string[] => shards.flatMap((shard) => ["--data", shard]);

  rmSync(RUN, { recursive: true, force: true });
  mkdirSync(RUN, { recursive: true });
  command(["train", PROGRAM, ...samples(set.train), "--out", RUN, "--report"], "ignore");

  const unseen = ["--checkpoint", RUN, ...samples(set.test)];
  const measured = command(["eval", PROGRAM, ...unseen, "--json"], "pipe");
  const { tasks } = JSON.parse(measured) as { readonly tasks: readonly { readonly imageToText: Way; readonly textToImage: Way }[] };
  const [task] = tasks;
  if (task === undefined) throw new Error("nothing was measured");
  const { imageToText: toNames, textToImage: toPictures } = task;
  process.stderr.write("\n");
  process.stdout.write(
    `On drawings of an artist never seen in training:\n${table("picture to name", toNames)}${table("name to picture", toPictures)}`,
  );

  const sheet = join(RUN, "found.png");
  const sought = SOUGHT.flatMap((text) => ["--text", text]);
  command(["query", PROGRAM, ...unseen, ...sought, "-k", "5", "--sheet", sheet], "ignore");
  process.stdout.write(`what it found for ${SOUGHT.length} captions: ${sheet}\nhow it learnt: ${join(RUN, "report.html")}\n`);

  const last = KS[KS.length - 1] ?? 1;
  if ([toNames, toPictures].some(({ recall, chance }) => (recall[last] ?? 0) < LEARNT * (chance[last] ?? 1))) {
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
