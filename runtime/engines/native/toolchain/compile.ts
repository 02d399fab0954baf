/** One run of the compiler: texts in, a library out. */
import { execFile, type ExecFileException } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { userError } from "../../../user-error.js";
import { messages } from "../messages.js";
import { usableCores } from "./cores.js";
import type { Compiler } from "./find-compiler.js";

/** Contraction to fused multiply-add is welcome; the rest of -ffast-math would take away NaN, infinity and the order of sums. */
export const baseFlags = ["-O2", "-std=gnu11", "-fPIC", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-pthread"] as const;

/** For generated code a bug of ours; for the first small program, a compiler that does not work. */
export class CompilerRefused extends Error {
  /** Holds the sources, the command and the answer. */
  readonly folder: string;
  readonly output: string;

  constructor(folder: string, output: string) {
    super(`the C compiler refused what was generated; sources, command and its answer are in ${folder}`);
    this.folder = folder;
    this.output = output;
  }
}

/** A library whose threads run must not be unmapped, as exit and the garbage collector of its handle would do. Mach-O has no such mark. */
const linkFlags = (): readonly string[] => (process.platform === "darwin" ? [] : ["-Wl,-z,nodelete"]);

/** A compiler that has not answered by then hangs. */
const TIMEOUT_MS = 300_000;

/** Several sources are compiled at a time and linked into one library. `folder` is ours alone; the intermediate files in it are removed. */
export async function compileLibrary(
  compiler: Compiler,
  sources: readonly string[],
  flags: readonly string[],
  { folder, library }: { readonly folder: string; readonly library: string },
): Promise<void> {
  const work = join(folder, "work");
  mkdirSync(work);
  // Relative names, so that the folder leaves no trace in the library.
  const names = sources.map((_, i) => `source-${i}`);
  for (const [i, name] of names.entries()) writeFileSync(join(work, `${name}.c`), sources[i] ?? "");
  const link = ["-shared", "-o", library, "-lm", ...linkFlags()];
  const run = (args: readonly string[]): Promise<void> => invoke(compiler, args, work, names);
  if (names.length === 1) await run([...flags, ...names.map((name) => `${name}.c`), ...link]);
  else {
    await inParallel(names, usableCores(), (name) => run([...flags, "-c", `${name}.c`, "-o", `${name}.o`]));
    await run([...flags, ...names.map((name) => `${name}.o`), ...link]);
  }
  rmSync(work, { recursive: true });
}

async function inParallel<T>(items: readonly T[], workers: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  // All are awaited even when one fails: the folder must not be removed under a compiler that still writes.
  const ended = await Promise.allSettled(Array.from({ length: workers }, worker));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}

type Ended = { readonly failure: ExecFileException | null; readonly signal: string | null; readonly output: string };

async function invoke(compiler: Compiler, args: readonly string[], cwd: string, names: readonly string[]): Promise<void> {
  const argv = [...compiler.prefix, ...args];
  const { failure, signal, output } = await new Promise<Ended>((answer) =>
    execFile(
      compiler.path,
      argv,
      { cwd, timeout: TIMEOUT_MS, maxBuffer: 64 * 2 ** 20, env: { ...process.env, LC_ALL: "C" } },
      (error, stdout, stderr) => answer({ failure: error, signal: error?.signal ?? null, output: `${stdout}${stderr}` }),
    ),
  );
  if (failure === null) return;
  if (signal !== null) throw userError(messages.compilerStopped, { compiler: compiler.path, reason: signal });
  if (/No space left on device|Disk quota exceeded/.test(output)) throw userError(messages.diskFull, { folder: cwd });
  // It went away or may not be run; and GCC reports a part of itself that was killed, mostly for want of memory, as an error of its own.
  const unrun = typeof failure.code === "string" ? failure.code : /fatal error: Killed signal/.test(output) ? "SIGKILL" : null;
  if (unrun !== null) throw userError(messages.compilerStopped, { compiler: compiler.path, reason: unrun });
  const kept = keepForReport(compiler, argv, cwd, names, output);
  throw new CompilerRefused(kept, output);
}

function keepForReport(compiler: Compiler, argv: readonly string[], work: string, names: readonly string[], output: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sig-repro-"));
  for (const name of names) copyFileSync(join(work, `${name}.c`), join(folder, `${name}.c`));
  writeFileSync(join(folder, "command.txt"), `# ${compiler.version}\n${[compiler.path, ...argv].join(" ")}\n`);
  writeFileSync(join(folder, "output.txt"), output);
  return folder;
}
