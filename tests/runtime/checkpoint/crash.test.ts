import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../../../runtime/checkpoint/format.js";
import { loadCheckpoint } from "../../../runtime/checkpoint/load.js";
import { saveCheckpoint } from "../../../runtime/checkpoint/save.js";
import { latestCheckpoint } from "../../../runtime/checkpoint/store.js";
import { hostArray } from "../../../runtime/data/host-array.js";

const base = fs.mkdtempSync(join(tmpdir(), "sig-crash-"));
afterAll(() => fs.rmSync(base, { recursive: true }));

function checkpointAt(step: number): Checkpoint {
  const data = hostArray("f32", [100], new Float32Array(100).fill(step));
  return {
    pipeline: "p",
    program: "h",
    step,
    position: { seed: 0, epoch: 0, row: step },
    fixed: {},
    broken: [],
    model: new Map([["w", data]]),
    optimizer: new Map([["m", data]]),
    ema: new Map([["w", data]]),
  };
}

/** The step that a resumed run would go on from; loading checks every hash. */
function resumable(root: string): number {
  const folder = latestCheckpoint(root);
  return folder === null ? -1 : loadCheckpoint(folder).step;
}

const mutating = ["openSync", "writeSync", "fsyncSync", "closeSync", "mkdirSync", "renameSync", "rmSync"] as const;

/** Runs `act` as if the process died just before its `fatal`-th change of the disk; a write may be half done. Returns whether it died. */
function dyingAt(fatal: number, act: () => void): boolean {
  const real = Object.fromEntries(mutating.map((name) => [name, fs[name]]));
  let calls = 0;
  for (const name of mutating) {
    const original = fs[name] as (...args: unknown[]) => unknown;
    const dying = (...args: unknown[]): unknown => {
      // Descriptors of a dead process are closed by the system.
      if (name === "closeSync") return original(...args);
      if (++calls < fatal) return original(...args);
      // A dead process cleans up nothing either: every later call fails too.
      if (calls === fatal && name === "writeSync") original(args[0], args[1], args[2], Math.floor(Number(args[3]) / 2));
      throw new Error("the process died here");
    };
    Object.assign(fs, { [name]: dying });
  }
  syncBuiltinESMExports();
  try {
    act();
    return false;
  } catch (error) {
    if (!(error instanceof Error && error.message === "the process died here")) throw error;
    return true;
  } finally {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  }
}

describe("dying before any change of the disk", () => {
  test("never loses the previous checkpoint, and the next save goes through", () => {
    let points = 0;
    for (let fatal = 1; ; fatal++) {
      const root = join(base, `die-${fatal}`);
      for (const step of [1, 2]) saveCheckpoint(root, checkpointAt(step), 1);
      const died = dyingAt(fatal, () => saveCheckpoint(root, checkpointAt(3), 1));
      expect([2, 3]).toContain(resumable(root));
      if (!died) break;
      points++;
      // The resumed run comes to the same step again.
      saveCheckpoint(root, checkpointAt(3), 1);
      expect(resumable(root)).toBe(3);
      expect(fs.readdirSync(root).filter((name) => name !== "latest").length, `left behind after dying at ${fatal}`).toBe(1);
    }
    // Fewer would mean that the calls are no longer caught.
    expect(points).toBeGreaterThan(20);
  });

  test("in the very first save leaves nothing that looks like a checkpoint", () => {
    for (let fatal = 1; ; fatal++) {
      const root = join(base, `first-${fatal}`);
      const died = dyingAt(fatal, () => saveCheckpoint(root, checkpointAt(1)));
      expect([-1, 1]).toContain(resumable(root));
      if (!died) break;
    }
  });
});

describe("kill -9", () => {
  const program = `
    import { saveCheckpoint } from ${JSON.stringify(new URL("../../../runtime/checkpoint/save.ts", import.meta.url).href)};
    const data = { dtype: "f32", shape: [50000], data: new Float32Array(50000) };
    for (let step = 1; ; step++) {
      data.data.fill(step);
      saveCheckpoint(process.argv[1], { pipeline: "p", program: "h", step, position: { seed: 0, epoch: 0, row: step }, fixed: {}, broken: [],
        model: new Map([["w", data]]), optimizer: new Map([["m", data]]), ema: new Map() }, 2);
      process.stdout.write(step + "\\n");
    }`;

  test("at random moments of a process that saves all the time", async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    for (let run = 0; run < 3; run++) {
      const root = join(base, `kill-${run}`);
      const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program, root], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const last = await killAfter(child, 1 + ((seed * (run + 1)) % 97));
      expect(resumable(root)).toBeGreaterThanOrEqual(last);
    }
  });

  /** Kills after the first finished save and some milliseconds; resolves to the last step that the process reported. */
  function killAfter(child: ChildProcess, milliseconds: number): Promise<number> {
    let output = "";
    return new Promise((resolve, reject) => {
      child.stdout?.on("data", (text: Buffer) => {
        if (output === "") setTimeout(() => child.kill("SIGKILL"), milliseconds);
        output += text.toString();
      });
      child.on("error", reject);
      child.on("close", (code, signal) => {
        if (signal !== "SIGKILL") reject(new Error(`the process ended by itself with ${code}`));
        else resolve(Number(output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1)));
      });
    });
  }
});
