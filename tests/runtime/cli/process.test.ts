/** What only a process of its own shows: streams, signals, exit codes as a shell sees them. Runs the built command. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { hostArray } from "../../../runtime/data/host-array.js";
import { writeSafetensors } from "../../../runtime/data/safetensors.js";
import { expectJson, scratchFolder } from "./invoke.js";

const main = fileURLToPath(new URL("../../../dist/sigc.js", import.meta.url));
const { path, write } = scratchFolder();

const program = write(
  "p.sig",
  "pipeline p {\n  batch n\n  input x: f32[n, 3]\n  param w: f32[3] = 1\n  loss = mean[i](square(dot(x[i], w)))\n  train {\n    optimizer sgd(lr: 1e-6)\n    batch 4\n    steps 1_000_000\n  }\n}\n",
);
const wrong = write("wrong.sig", "pipeline p {\n  loss = nothing\n}\n");

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

function start(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  // Nothing of the caller's taste in colours.
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [main, ...argv], { env: { ...inherited, ...env } });
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (err += piece.toString()));
  return { child, ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err }))) };
}
const sigc = (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> => start(argv, env).ended;

beforeAll(() => {
  if (!existsSync(main)) throw new Error("the command is not built: npm run build");
  writeSafetensors(path("x.safetensors"), new Map([["x", hostArray("f32", [8, 3], new Float32Array(24).fill(1))]]));
});

describe("the process", () => {
  test("a pipe gets no colours; FORCE_COLOR brings them, and NO_COLOR beats it", async () => {
    const escapes = async (env: Readonly<Record<string, string>>) => (await sigc(["check", wrong], env)).err.includes("\u001b[");
    expect(await Promise.all([escapes({}), escapes({ FORCE_COLOR: "1" }), escapes({ FORCE_COLOR: "1", NO_COLOR: "1" })])).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("help and version are results, and fine; no command at all is a mistake", async () => {
    const [help, version, nothing] = await Promise.all([sigc(["--help"]), sigc(["--version"]), sigc([])]);
    expect([help.code, help.err, help.out.startsWith("Usage: sigc")]).toEqual([0, "", true]);
    expect([version.code, version.out]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    expect([nothing.code, nothing.out]).toEqual([2, ""]);
  });

  test("a reader that leaves early (sigc ir | head) is no failure and no noise", async () => {
    const { child, ended } = start(["ir", program, "--grad", "--all"]);
    child.stdout?.once("data", () => child.stdout?.destroy());
    const { code, err } = await ended;
    expect([code, err]).toEqual([0, ""]);
  });

  test("a program can come through a pipe", async () => {
    const { child, ended } = start(["check", "-", "--json"]);
    child.stdin?.end("pipeline p {\n  batch n\n  input x: f32[n]\n  loss = sum(y)\n}\n");
    const { code, out } = await ended;
    const [first] = expectJson("check", out)["diagnostics"] as { file: string }[];
    expect([code, first?.file]).toEqual([1, "stdin"]);
  });

  test("Ctrl-C while training saves at a whole step and exits with 130", async () => {
    const { child, ended } = start([
      "train",
      program,
      "--data",
      `x=${path("x.safetensors")}#x`,
      "--out",
      path("run"),
      "--engine",
      "planref",
      "--json",
    ]);
    child.stdout?.once("data", () => setTimeout(() => child.kill("SIGINT"), 300));
    const { code, out } = await ended;
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => expectJson("train", line));
    expect([code, lines.at(-2)?.["kind"], lines.at(-1)]).toEqual([
      130,
      "checkpoint",
      expect.objectContaining({ kind: "end", interrupted: true }),
    ]);
    expect(readdirSync(path("run"))).toContain(`step-${String(lines.at(-1)?.["step"]).padStart(6, "0")}`);
  });
});
