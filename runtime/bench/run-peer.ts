/** One peer in a process of its own: the same arrays, the same threads, the same rule of timing. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import { humanBytes } from "../../compiler/plan/human-bytes.js";
import { disagreement, type Norms } from "./agreement.js";
import { type Heap, type Peer, peerFolder } from "./peer-list.js";
import { lastLine, type Python } from "./python.js";
import type { Phase } from "./time-steps.js";

export type PeerTiming = {
  readonly version: string;
  readonly warmup: number;
  readonly timed: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Resident memory at its peak over that before the first step, inputs in place. Bytes. */
  readonly growthBytes: number | null;
};

export type PeerOutcome = { readonly timing: PeerTiming } | { readonly skipped: string };

export type PeerTask = {
  readonly pipeline: string;
  /** Holds NAME.npy for each input and parameter. */
  readonly folder: string;
  /** The larger batch size: an n×n array has that many rows and columns at most. */
  readonly rows: number;
  readonly threads: number;
  readonly warmup: Phase;
  readonly timed: Phase;
  /** Of our loss and gradients. */
  readonly norms: Norms;
  readonly signal: AbortSignal;
};

const heaps: Readonly<Record<Heap, Readonly<Record<string, string>>>> = {
  default: {},
  tuned: {
    MALLOC_MMAP_MAX_: "0",
    MALLOC_TRIM_THRESHOLD_: "68719476736",
    MALLOC_TOP_PAD_: "268435456",
    GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
  },
};

/** Compilers of peers are slow, and a hung one must not hang us. Seconds beyond the phases and their last step. */
const PATIENCE = 600;

export async function runPeer(peer: Peer, python: Python, task: PeerTask): Promise<PeerOutcome> {
  const missing = await python.missing(peer.framework);
  if (missing !== null) return { skipped: `${peer.framework} cannot be imported: ${missing}` };
  const needed = peer.squares * 4 * task.rows ** 2;
  const free = availableBytes();
  // Beyond it the system would kill somebody, and not always the peer.
  if (needed > 0.9 * free) return { skipped: `it needs about ${humanBytes(needed)}, and ${humanBytes(free)} are free` };
  const { threads, warmup, timed } = task;
  const options = JSON.stringify({ threads, warmup, timed, with: peer.with });
  const ended = await runScript(python.command, [join(peerFolder(), peer.script), task.pipeline, task.folder, options], {
    env: {
      ...process.env,
      ...heaps[peer.heap],
      OMP_NUM_THREADS: String(threads),
      MKL_NUM_THREADS: String(threads),
      PYTHONDONTWRITEBYTECODE: "1",
    },
    seconds: warmup.most + timed.most + PATIENCE,
    signal: task.signal,
  });
  if (ended.failure !== null) return { skipped: ended.failure };
  const report = parseReport(lastLine(ended.out));
  if (report === null) return { skipped: "it printed no measurement" };
  const off = disagreement(report.norms, task.norms);
  return off === null ? { timing: report.timing } : { skipped: `it computes something else: ${off}` };
}

type Ended = { readonly out: string; readonly failure: string | null };

function runScript(
  command: string,
  argv: readonly string[],
  { env, seconds, signal }: { readonly env: NodeJS.ProcessEnv; readonly seconds: number; readonly signal: AbortSignal },
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, argv, { env, signal, killSignal: "SIGKILL", timeout: seconds * 1000, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (piece: Buffer) => (out = (out + piece.toString()).slice(-LONGEST)));
    child.stderr.on("data", (piece: Buffer) => (err = (err + piece.toString()).slice(-LONGEST)));
    child.on("error", (error) => resolve({ out, failure: error.message }));
    child.on("close", (code, killedBy) =>
      resolve({
        out,
        failure: code === 0 ? null : killedBy === null ? lastLine(err) || `it ended with ${code}` : `it was ended by ${killedBy}`,
      }),
    );
  });
}

/** What is kept of a stream: its end. */
const LONGEST = 1 << 16;

type Report = { readonly timing: PeerTiming; readonly norms: Norms };

export function parseReport(line: string): Report | null {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof read !== "object" || read === null) return null;
  const fields = read as Readonly<Record<string, unknown>>;
  const { version, growthBytes, norms } = fields;
  const numbers = ["warmup", "timed", "medianMs", "minMs", "maxMs"].map((name) => fields[name]);
  if (!numbers.every((value) => typeof value === "number" && Number.isFinite(value))) return null;
  const [warmup, timed, medianMs, minMs, maxMs] = numbers as [number, number, number, number, number];
  if (typeof version !== "string" || !(growthBytes === null || typeof growthBytes === "number")) return null;
  if (typeof norms !== "object" || norms === null) return null;
  const checked = Object.entries(norms).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return { timing: { version, warmup, timed, medianMs, minMs, maxMs, growthBytes }, norms: new Map(checked) };
}

/** What can be had without swapping; `freemem` alone leaves out what only caches hold. */
function availableBytes(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    return kib === undefined ? freemem() : Number(kib) * 1024;
  } catch {
    return freemem();
  }
}
