/** The ruler: what this machine's multiply-add units do at most, measured next to the steps that are held to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildLibrary } from "../engines/native/toolchain/build-library.js";
import { openCache } from "../engines/native/toolchain/cache.js";
import { findToolchain } from "../engines/native/toolchain/find-toolchain.js";
import { loadLibrary } from "../engines/native/toolchain/load-library.js";
import { packageRoot } from "../package-root.js";
import { UserError } from "../user-error.js";

export type FmaProbe =
  | {
      readonly available: true;
      readonly builtBy: string;
      readonly isa: string;
      /** GFLOP/s of one run of about TRIAL_SECONDS; null where the system gives no such number of threads. */
      readonly trial: () => Promise<number | null>;
    }
  /** No share can be given, and this is why. */
  | { readonly available: false; readonly reason: string };

const TRIAL_SECONDS = 0.05;

export async function openFmaProbe(threads: number, precision: "f32" | "f64", useCache = true): Promise<FmaProbe> {
  try {
    const cache = openCache({ useCache });
    const toolchain = await findToolchain(cache);
    const source = readFileSync(join(packageRoot(), "runtime", "bench", "fma-probe.c"), "utf8");
    const built = await buildLibrary(source, { toolchain, cache });
    const library = await loadLibrary(built.path).finally(built.release);
    const roundsFor = library.declare("sig_fma_rounds", ["int32", "int32", "float64"], "int64");
    const run = library.declare("sig_fma_trial", ["int32", "int32", "int64"], "float64");
    const isF64 = precision === "f64" ? 1 : 0;
    const rounds = await roundsFor.callAsync(threads, isF64, TRIAL_SECONDS);
    const trial = async (): Promise<number | null> => {
      const measured = rounds > 0 ? await run.callAsync(threads, isF64, rounds) : -1;
      return measured > 0 ? measured : null;
    };
    return { available: true, builtBy: toolchain.compiler.version, isa: toolchain.isa, trial };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { available: false, reason: error.message };
  }
}
