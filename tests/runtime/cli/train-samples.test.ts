/** `sigc train` on shards: resumed to the same bits, what is broken counted and named, what does not fit a checkpoint refused by name. */
import { readFileSync, renameSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { hostArray } from "../../../runtime/data/host-array.js";
import { writeNpy } from "../../../runtime/data/npy.js";
import { type Member, pngOf, tarOf, wordTokenizer } from "../../support/sample-files.js";
import { expectJson, scratchFolder, sigc } from "./invoke.js";

const { path, write } = scratchFolder();

const text = `pipeline pairs {
  batch n
  config tokenizer: string = "words.json"
  input image: f32[n, 4, 4, 3]
  input tokens: i32[n, 3]
  param a: f32[48, 4] ~ normal(0.5)
  param words: f32[9, 4] ~ normal(0.5)
  zi = l2_normalize(reshape(image, (n, 48)) @ a)
  zt = l2_normalize(sum(take(words, tokens), axis: 1))
  logits[i, j] = 10 * dot(zi[i], zt[j])
  loss = -sum[i, j](log_sigmoid(where(i == j, 1, -1) * logits[i, j])) / n
  data {
    image = column("png") | decode | random_crop(4, scale: (0.5, 1)) | flip | to_float(-1, 1)
    tokens = column("json.captions") | pick(random) | lower | tokenize(tokenizer, length: 3)
  }
  eval { image = column("png") | decode | resize(4) | to_float(-1, 1) }
  train {
    optimizer adamw(lr: 1e-2)
    batch 4
    steps 12
    seed 3
  }
}
`;
const program = write("pairs.sig", text);
const WORDS = ["red", "green", "blue", "cat", "dog", "big", "small"];
write("words.json", wordTokenizer(WORDS));
write("other.json", wordTokenizer([...WORDS].reverse()));

/** 17 samples in two shards; the one of key 06 is no picture, and 11 has no caption. */
async function membersOf(key: number): Promise<readonly Member[]> {
  const name = String(key).padStart(2, "0");
  const captions = [`Red ${WORDS[key % 7]}`, `${WORDS[(key + 3) % 7]} dog`];
  return [
    [`${name}.png`, key === 6 ? "no picture" : await pngOf(key, 9)],
    [`${name}.json`, key === 11 ? "{}" : JSON.stringify({ captions })],
  ];
}
beforeAll(async () => {
  const members = await Promise.all(Array.from({ length: 17 }, (_, key) => membersOf(key)));
  write("train-000.tar", await tarOf(members.slice(0, 9).flat()));
  write("train-001.tar", await tarOf(members.slice(9).flat()));
  const told = await train("whole");
  expect([told.exit, told.err]).toEqual([0, expect.stringContaining("17 examples")]);
});

const shards = path("train-{000..001}.tar");
const train = (out: string, ...flags: readonly string[]) =>
  sigc("train", program, "--data", shards, "--out", path(out), "--engine", "reference", "--checkpoint-every", "100", ...flags);
const bytesOf = (out: string, file: string) => readFileSync(path(`${out}/step-000012/${file}`));
const state = (out: string) => [
  ...["model", "optimizer"].map((group) => bytesOf(out, `${group}.safetensors`).toString("base64")),
  document(out),
];
const document = (out: string): unknown => JSON.parse(bytesOf(out, "checkpoint.json").toString());
const lines = (out: string) =>
  readFileSync(path(`${out}/metrics.jsonl`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => expectJson("train", line));

describe("sigc train on samples", () => {
  test("stopped and resumed it writes the same files, byte for byte; a tokenizer may move, and what is kept ready may differ", async () => {
    expect((await train("parts", "--until", "5")).exit).toBe(0);
    renameSync(path("words.json"), path("moved.json"));
    const flags = ["--resume", "--set", "tokenizer=moved.json", "--prefetch", "1B", "--keep-decoded", "1B"] as const;
    expect((await train("parts", ...flags, "--until", "6")).exit).toBe(0);
    renameSync(path("moved.json"), path("words.json"));
    expect((await train("parts", "--resume")).exit).toBe(0);
    expect(state("parts")).toEqual(state("whole"));
  });

  test("evaluation may change on the way: the parameters stay, and the next checkpoint says how it is now", async () => {
    expect((await train("measured", "--until", "5")).exit).toBe(0);
    const changed = write("measured.sig", text.replace("resize(4)", "center_crop(4)"));
    const { exit } = await sigc("train", changed, "--data", shards, "--out", path("measured"), "--engine", "reference", "--resume");
    expect(exit).toBe(0);
    expect(bytesOf("measured", "model.safetensors")).toEqual(bytesOf("whole", "model.safetensors"));
    expect(document("measured")).toMatchObject({ fixed: { "eval.image": expect.stringContaining("center_crop") } });
    const none = write("unmeasured.sig", text.replace(/ {2}eval .*\n/, ""));
    expect((await sigc("train", none, "--data", shards, "--out", path("measured"), "--engine", "reference", "--resume")).exit).toBe(0);
  });

  test("what is broken is counted over all calls, and named by the first that comes to it", async () => {
    const calls = [await train("counted", "--until", "3")];
    for (const until of ["6", "9", "12"]) calls.push(await train("counted", "--resume", "--until", until));
    expect(
      calls
        .map(({ err }) => err)
        .join("")
        .match(/left out: .*key (06|11)/g),
    ).toHaveLength(2);
    expect(calls.at(-1)?.err).toContain("broken samples left out: 2\n");
    expect(lines("counted").filter(({ kind }) => kind === "broken")).toHaveLength(2);
    expect(document("counted")).toMatchObject({
      broken: expect.toSatisfy((rows: readonly number[]) => [...rows].sort().join() === "11,6"),
    });
  });

  test("another seed ends elsewhere; a folder of shards and shards as a shell lists them are the same samples", async () => {
    await train("seed", "--seed", "4");
    expect(state("seed")).not.toEqual(state("whole"));
    const listed = [path("train-000.tar"), path("train-001.tar")] as const;
    await sigc("train", program, "--data", ...listed, "--out", path("listed"), "--engine", "reference");
    expect(state("listed")).toEqual(state("whole"));
  });

  test("what is broken is named on stderr, in the log and in the JSON lines, and counted at the end", async () => {
    const { exit, err, out } = await train("broken", "--json");
    expect(exit).toBe(0);
    expect(err).toMatch(/left out: .*train-000.tar, key 06/);
    expect(err).toMatch(/left out: .*train-001.tar, key 11: there is no "json.captions"/);
    expect(err).toMatch(/the engine waited for data \d+\.\d % of the time; broken samples left out: 2\n/);
    const told = out
      .trimEnd()
      .split("\n")
      .map((line) => expectJson("train", line));
    const broken = told.filter(({ kind }) => kind === "broken");
    expect(broken.map(({ origin }) => String(origin).slice(-6)).sort()).toEqual(["key 06", "key 11"]);
    expect(broken.map(({ code }) => code)).toContain("SIG6310");
    expect(lines("broken").filter(({ kind }) => kind === "broken")).toEqual(broken);
    expect(told.at(-1)).toMatchObject({ kind: "end", broken: 2, waitedShare: expect.any(Number) });
    expect(told.filter(({ kind }) => kind === "step").every(({ waitMs }) => typeof waitMs === "number")).toBe(true);
  });

  test("too many broken samples stop the run", async () => {
    const { exit, err } = await train("strict", "--broken", "1");
    expect(exit).toBe(3);
    expect(err).toMatch(/SIG6304: 2 of 17 samples are broken, and at most 1 may be. The first: .*key (06|11)/);
  });

  test("a checkpoint of another tokenizer, preprocessing or set of samples is refused by name", async () => {
    const resume = (...flags: readonly string[]) => train("whole", "--resume", ...flags);
    expect((await resume("--set", "tokenizer=other.json")).err).toMatch(
      /SIG6057: .* was written with the tokenizer of data.tokens = sha256:/,
    );
    const changed = (name: string, from: string, to: string) =>
      sigc("train", write(name, text.replace(from, to)), "--data", shards, "--out", path("whole"), "--engine", "reference", "--resume");
    expect((await changed("scale.sig", "(0.5, 1)", "(0.4, 1)")).err).toMatch(
      /was written with data.image = column.*scale: \[0.5,1\].* this run has column.*\[0.4,1\]/,
    );
    expect(await changed("length.sig", "i32[n, 3]", "i32[n, 2]").then(({ err }) => err)).toMatch(/SIG3709/);
    const other = await sigc(
      "train",
      program,
      "--data",
      path("train-000.tar"),
      "--out",
      path("whole"),
      "--engine",
      "reference",
      "--resume",
    );
    expect(other.err).toMatch(/was written with (rows = 17|samples = )/);
  });

  test("a column beside samples takes the place of its entry, one row for each sample", async () => {
    const ids = (rows: number) =>
      hostArray(
        "i32",
        [rows, 3],
        Int32Array.from({ length: rows * 3 }, (_, i) => i % 8),
      );
    writeNpy(path("ids.npy"), ids(17));
    writeNpy(path("short.npy"), ids(16));
    expect((await train("mixed", "--data", `tokens=${path("ids.npy")}`)).exit).toBe(0);
    const { exit, err } = await train("never", "--data", `tokens=${path("short.npy")}`);
    expect([exit, err]).toEqual([3, expect.stringMatching(/short.npy has 16 rows, and there are 17 samples/)]);
  });

  test("embeddings are read by rows, beside samples or alone", async () => {
    writeNpy(
      path("tower.npy"),
      hostArray(
        "f32",
        [17, 48],
        Float32Array.from({ length: 17 * 48 }, (_, i) => Math.sin(i)),
      ),
    );
    const frozen = text
      .replace("image: f32[n, 4, 4, 3]", "image: f32[n, 48]")
      .replace("reshape(image, (n, 48))", "image")
      .replace(/image = column\("png"\) \| decode \| random.*\n/, 'image = embeddings("tower.npy")\n')
      .replace(/ {2}eval .*\n/, "");
    const { exit, err } = await sigc(
      "train",
      write("frozen.sig", frozen),
      "--data",
      shards,
      "--out",
      path("frozen"),
      "--engine",
      "reference",
    );
    expect([exit, err]).toEqual([0, expect.stringContaining("left out")]);
    writeNpy(path("ids.npy"), hostArray("i32", [17, 3], new Int32Array(51)));
    const both = frozen.replace(/tokens = column.*/, 'tokens = embeddings("ids.npy")');
    const alone = await sigc("train", write("both.sig", both), "--out", path("both"), "--engine", "reference");
    expect([alone.exit, alone.err]).toEqual([0, expect.stringContaining("17 examples")]);
  });

  test.each([
    ["no samples", [], 2, /image and tokens come from samples by the data block \(.*pairs.sig:12\), and no samples are given/],
    ["a file that is neither", ["--data", "pairs.sig"], 3, /pairs.sig/],
    ["an input that is no input", ["--data", "imgae=x.npy"], 2, /did you mean image/],
    ["a column twice", ["--data", "image=x.npy", "--data", "image=y.npy"], 2, /--data image is given twice/],
  ] as const)("refuses %s", async (_, flags, exit, told) => {
    const { exit: found, err } = await sigc("train", program, ...flags, "--out", path("never"), "--engine", "reference");
    expect([found, err]).toEqual([exit, expect.stringMatching(told)]);
  });

  test("samples that no input is read from are not passed over", async () => {
    const without = write("without.sig", text.replace(/ {2}data \{[^]*?\n {2}\}\n/, ""));
    const { exit, err } = await sigc("train", without, "--data", shards, "--out", path("never"), "--engine", "reference");
    expect([exit, err]).toEqual([2, expect.stringMatching(/SIG7106: no column is given for image, tokens/)]);
    const ids = hostArray("i32", [17, 3], new Int32Array(51));
    const pixels = hostArray("f32", [17, 4, 4, 3], new Float32Array(17 * 48));
    writeNpy(path("zeros.npy"), ids);
    writeNpy(path("pixels.npy"), pixels);
    const columns = ["--data", `tokens=${path("zeros.npy")}`, "--data", `image=${path("pixels.npy")}`];
    const all = await sigc("train", without, "--data", shards, ...columns, "--out", path("never"), "--engine", "reference");
    expect([all.exit, all.err]).toEqual([2, expect.stringMatching(/SIG6302: .*no input of pairs is read from samples/)]);
  });
});
