import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Checkpoint, describeTensors, eachGroup } from "../../../runtime/checkpoint/format.js";
import { type Expectation, loadCheckpoint, loadLatest } from "../../../runtime/checkpoint/load.js";
import { saveCheckpoint } from "../../../runtime/checkpoint/save.js";
import { latestCheckpoint, stepFolders } from "../../../runtime/checkpoint/store.js";
import { convert, hostArray, type HostArray } from "../../../runtime/data/host-array.js";
import { writeSafetensors } from "../../../runtime/data/safetensors.js";
import { UserError } from "../../../runtime/user-error.js";

const base = mkdtempSync(join(tmpdir(), "sig-checkpoint-"));
afterAll(() => rmSync(base, { recursive: true }));
let serial = 0;
const fresh = () => join(base, String(serial++));

const ramp = (shape: readonly number[], from: number) =>
  hostArray(
    "f64",
    shape,
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => from + i / 7),
  );

function checkpointAt(step: number): Checkpoint {
  return {
    pipeline: "siglip",
    program: "p1",
    step,
    position: { seed: 7, epoch: 2, row: 64 },
    fixed: { tokenizer: "abc" },
    broken: [3, 17],
    model: new Map<string, HostArray>([
      ["img.weight", convert(ramp([3, 5], step), "f32")],
      ["t_prime", ramp([], step)],
      ["half", convert(ramp([3], step), "bf16")],
    ]),
    optimizer: new Map<string, HostArray>([["m.img.weight", convert(ramp([3, 5], -step), "f32")]]),
    ema: new Map(),
  };
}
function expectation(checkpoint: Checkpoint): Expectation {
  const { pipeline, program, fixed } = checkpoint;
  const types = (tensors: ReadonlyMap<string, HostArray>) => new Map(Object.entries(describeTensors(tensors)));
  return { pipeline, program, fixed, free: (name) => name === "zoom", ...eachGroup((group) => types(checkpoint[group])) };
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "accepted";
}

describe("a saved checkpoint", () => {
  test("comes back bit for bit, with its position", () => {
    const root = fresh();
    const saved = checkpointAt(100);
    expect(saveCheckpoint(root, saved)).toBe(join(root, "step-000100"));
    const loaded = loadLatest(root, expectation(saved));
    // Tensors come sorted by element width; the content is the same.
    expect({ ...loaded, model: new Map([...loaded.model].sort()) }).toEqual({ ...saved, model: new Map([...saved.model].sort()) });
    expect(readFileSync(join(root, "latest"), "utf8")).toBe("step-000100\n");
  });

  test("an average is a third file; without one there is neither a file nor a word of it", () => {
    const [plain, averaged] = [fresh(), fresh()];
    const saved = { ...checkpointAt(1), ema: checkpointAt(2).model };
    const files = (root: string, checkpoint: Checkpoint) => readdirSync(saveCheckpoint(root, checkpoint)).sort();
    expect(files(plain, checkpointAt(1))).toEqual(["checkpoint.json", "model.safetensors", "optimizer.safetensors"]);
    expect(readFileSync(join(plain, "step-000001/checkpoint.json"), "utf8")).not.toContain("ema");
    expect(files(averaged, saved)).toContain("ema.safetensors");
    const sorted = (tensors: ReadonlyMap<string, HostArray>) => new Map([...tensors].sort());
    expect(sorted(loadLatest(averaged, expectation(saved)).ema)).toEqual(sorted(saved.ema));
    expect(refusal(() => loadLatest(averaged, expectation(checkpointAt(1))))).toMatch(/SIG6055 .*ema does not fit.*it also holds half/);
    expect(refusal(() => loadLatest(plain, expectation(saved)))).toMatch(/SIG6055 .*ema does not fit.*it lacks half/);
  });

  test("equal checkpoints are equal files", () => {
    const folders = [fresh(), fresh()].map((root) => saveCheckpoint(root, checkpointAt(1)));
    for (const name of readdirSync(folders[0] ?? ""))
      expect(readFileSync(join(folders[0] ?? "", name))).toEqual(readFileSync(join(folders[1] ?? "", name)));
  });

  test("the last K are kept, in the order of numbers and not of names", () => {
    const root = fresh();
    for (const step of [999_998, 999_999, 1_000_000, 1_000_001]) saveCheckpoint(root, checkpointAt(step), 2);
    expect(stepFolders(root).map(({ step }) => step)).toEqual([1_000_000, 1_000_001]);
    expect(readdirSync(root).sort()).toEqual(["latest", "step-1000000", "step-1000001"]);
  });

  test("a step saved again replaces nothing before it is complete, and is the one that loads", () => {
    const root = fresh();
    saveCheckpoint(root, checkpointAt(100));
    const again = { ...checkpointAt(100), position: { seed: 7, epoch: 3, row: 0 } };
    saveCheckpoint(root, again);
    expect(loadLatest(root, expectation(again)).position.epoch).toBe(3);
    expect(stepFolders(root).length).toBe(1);
  });

  test("later steps of another run are not removed by an earlier one, which is the latest", () => {
    const root = fresh();
    for (const step of [100, 200, 300]) saveCheckpoint(root, checkpointAt(step));
    saveCheckpoint(root, checkpointAt(150), 1);
    expect(stepFolders(root).map(({ step }) => step)).toEqual([150, 200, 300]);
    expect(latestCheckpoint(root)).toBe(join(root, "step-000150"));
  });

  test("a pointer that is missing, dangling or leads elsewhere falls back to the highest step", () => {
    const root = fresh();
    for (const step of [100, 200]) saveCheckpoint(root, checkpointAt(step));
    cpSync(join(root, "step-000200"), join(base, "elsewhere"), { recursive: true });
    for (const content of ["step-000300", "../elsewhere", "", "latest"]) {
      writeFileSync(join(root, "latest"), content);
      expect(latestCheckpoint(root)).toBe(join(root, "step-000200"));
    }
    rmSync(join(root, "latest"));
    expect(latestCheckpoint(root)).toBe(join(root, "step-000200"));
  });

  test("what dead processes left is removed, what a living one is writing is not", () => {
    const root = fresh();
    mkdirSync(root);
    const dead = ".saving-step-000100.999999999.0123456789ab";
    const living = `.saving-step-000100.${process.ppid}.0123456789ab`;
    for (const name of [dead, living]) mkdirSync(join(root, name));
    writeFileSync(join(root, ".latest.999999999.0123456789ab.tmp"), "");
    saveCheckpoint(root, checkpointAt(1));
    expect(readdirSync(root).filter((name) => name.startsWith("."))).toEqual([living]);
  });
});

describe("a checkpoint that does not match is refused by name", () => {
  const saved = checkpointAt(100);
  const root = fresh();
  const folder = saveCheckpoint(root, saved);
  const wanted = expectation(saved);
  const modelWith = (change: (model: Map<string, { dtype: "f32"; shape: readonly number[] }>) => void): Expectation => {
    const model = new Map(wanted.model) as Map<string, { dtype: "f32"; shape: readonly number[] }>;
    change(model);
    return { ...wanted, model };
  };

  test.each([
    ["another pipeline", { ...wanted, pipeline: "clip" }, 'SIG6054 .*"siglip", and this is "clip"'],
    ["another program", { ...wanted, program: "p2" }, "SIG6056"],
    ["another tokenizer", { ...wanted, fixed: { tokenizer: "xyz" } }, "SIG6057 .*tokenizer = abc, and this run has xyz"],
    ["a fixed thing more", { ...wanted, fixed: { tokenizer: "abc", resize: "32" } }, "SIG6057 .*resize = nothing"],
    [
      "a parameter that is missing",
      modelWith((m) => m.set("txt.bias", { dtype: "f32", shape: [2] })),
      "SIG6055 .*model.*it lacks txt.bias",
    ],
    ["a parameter too many", modelWith((m) => m.delete("half")), "SIG6055 .*it also holds half"],
    [
      "another shape",
      modelWith((m) => m.set("img.weight", { dtype: "f32", shape: [5, 3] })),
      "SIG6055 .*img.weight is f32\\[3, 5\\] instead of f32\\[5, 3\\]",
    ],
  ] as const)("%s", (_, expected, pattern) => {
    expect(refusal(() => loadCheckpoint(folder, expected))).toMatch(new RegExp(pattern));
  });

  test("what is free to change is not", () => {
    expect(refusal(() => loadCheckpoint(folder, { ...wanted, fixed: { ...wanted.fixed, zoom: "2" } }))).toBe("accepted");
  });

  const damaged = (change: (copy: string) => void): string => {
    const copy = fresh();
    cpSync(folder, copy, { recursive: true });
    change(copy);
    return refusal(() => loadCheckpoint(copy, wanted));
  };
  test("one changed bit, a cut, a file swapped for another and a missing file", () => {
    const flip = (copy: string) => {
      const path = join(copy, "optimizer.safetensors");
      const bytes = readFileSync(path);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      writeFileSync(path, bytes);
    };
    expect(damaged(flip)).toMatch(/SIG6053 .*optimizer.safetensors: .*another hash/);
    expect(damaged((copy) => writeFileSync(join(copy, "model.safetensors"), "x"))).toMatch(/SIG6053 .*1 bytes instead of/);
    expect(damaged((copy) => rmSync(join(copy, "model.safetensors")))).toMatch(/SIG6001 .*ENOENT/);
    expect(damaged((copy) => rmSync(join(copy, "checkpoint.json")))).toMatch(/SIG6001/);
  });

  test("a document that tells half of an average", () => {
    const averaged = saveCheckpoint(fresh(), { ...saved, ema: saved.model });
    for (const half of ["tensors", "files"]) {
      const document = JSON.parse(readFileSync(join(averaged, "checkpoint.json"), "utf8"));
      delete document[half].ema;
      const copy = fresh();
      cpSync(averaged, copy, { recursive: true });
      writeFileSync(join(copy, "checkpoint.json"), JSON.stringify(document));
      expect(refusal(() => loadCheckpoint(copy))).toMatch(/SIG6053 .*ema.safetensors: .*and not both/);
    }
  });

  test("a document that was rewritten to describe other tensors", () => {
    const lie = (copy: string) => {
      const path = join(copy, "model.safetensors");
      rmSync(path);
      const { bytes, sha256 } = writeSafetensors(path, new Map());
      const document = JSON.parse(readFileSync(join(copy, "checkpoint.json"), "utf8"));
      document.files.model = { bytes, sha256 };
      writeFileSync(join(copy, "checkpoint.json"), JSON.stringify(document));
    };
    expect(damaged(lie)).toMatch(/SIG6053 .*describes other tensors: it lacks half, img.weight, t_prime/);
  });

  test.each([
    ["no JSON", "{", "SIG6051 .*not JSON"],
    ["a future format", '{"formatVersion": 2}', "SIG6052 .*format 2"],
    ["missing fields", '{"formatVersion": 1}', "SIG6051 .*required property 'pipeline'"],
    ["a list", "[]", "SIG6051 .*must be object"],
  ])("a document with %s", (_, text, pattern) => {
    expect(damaged((copy) => writeFileSync(join(copy, "checkpoint.json"), text))).toMatch(new RegExp(pattern));
  });

  test("a folder without checkpoints", () => {
    expect(refusal(() => loadLatest(fresh(), wanted))).toMatch(/SIG6050/);
    expect(existsSync(join(root, "latest"))).toBe(true);
  });
});
