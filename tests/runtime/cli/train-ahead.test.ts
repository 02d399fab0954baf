/** Batches are made while the step is compiled: that they are, and what is left when the compiler fails or somebody has enough. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { pngOf, tarOf } from "../../support/sample-files.js";
import { program as shellProgram, realCompiler } from "../engines/native/toolchain/workbench.js";
import { scratchFolder, sigc } from "./invoke.js";

const main = fileURLToPath(new URL("../../../dist/sigc.js", import.meta.url));
const { path, write } = scratchFolder();
const real = await realCompiler();
const why = "missing" in real ? real.missing : existsSync("/proc/self/fd") ? null : "no /proc to look into";
if (why !== null) test("training ahead of the compiler", ({ skip }) => skip(why));

const program = write(
  "p.sig",
  `pipeline p {
  batch n
  input image: f32[n, 4, 4, 3]
  param a: f32[48, 4] ~ normal(0.5)
  loss = mean(square(reshape(image, (n, 48)) @ a))
  data { image = column("png") | decode | flip | to_float(-1, 1) }
  train { optimizer sgd(lr: 1e-2); batch 4; steps 3 }
}
`,
);
const shard = path("ahead.tar");
const argv = ["train", program, "--data", shard, "--engine", "native", "--no-cache", "--out", path("run")] as const;

beforeAll(async () => {
  const members = await Promise.all(Array.from({ length: 16 }, async (_, k) => [`${k}.png`, await pngOf(k, 4)] as const));
  write("ahead.tar", await tarOf(members));
});
afterEach(() => vi.unstubAllEnvs());

/** A compiler that does what it is told to with the step's code, and compiles everything else. */
function compilerThat(name: string, does: string): string {
  const compiler = "compiler" in real ? real.compiler.path : "";
  return shellProgram(path(name), `if grep -q sig_run source-*.c 2>/dev/null; then\n${does}\nfi\nexec ${compiler} "$@"`);
}
const openShards = (): readonly string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target === shard ? [target] : [];
    } catch {
      return [];
    }
  });

describe.runIf(why === null)("while the step is compiled", () => {
  test("samples are read; where the compiler is killed, the command ends and no shard stays open", async () => {
    // Waits until the process that called it reads the shard, and gives up if it never does.
    const seen = path("seen");
    const waits = `for i in $(seq 100); do\n  ls -l /proc/$PPID/fd | grep -q ahead.tar && touch ${seen} && break\n  sleep 0.1\ndone\nkill -KILL $$`;
    vi.stubEnv("CC", compilerThat("killed-cc", waits));
    const { exit, err } = await sigc(...argv);
    expect(err).toMatch(/SIG65\d\d.*SIGKILL/);
    expect(exit).not.toBe(0);
    expect(existsSync(seen)).toBe(true);
    expect(openShards()).toEqual([]);
  });

  test("Ctrl-C ends everything at once", async () => {
    const begun = path("begun");
    const CC = compilerThat("slow-cc", `echo $$ > ${begun}\nexec sleep 60`);
    // A group of its own, as a shell makes one, which the terminal sends its signal to.
    const child = spawn(process.execPath, [main, ...argv], { env: { ...process.env, CC }, detached: true, stdio: "ignore" });
    const ended = new Promise<string | null>((resolve) => child.on("exit", (_, signal) => resolve(signal)));
    for (let tries = 0; tries < 300 && !existsSync(begun); tries++) await setTimeout(50);
    const group = -(child.pid ?? 0);
    process.kill(group, "SIGINT");
    expect(await ended).toBe("SIGINT");
    for (let tries = 0; tries < 100 && isAlive(Number(readFileSync(begun, "utf8"))); tries++) await setTimeout(20);
    expect(isAlive(Number(readFileSync(begun, "utf8")))).toBe(false);
    expect(existsSync(path("run"))).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody waits for does nothing any more.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
