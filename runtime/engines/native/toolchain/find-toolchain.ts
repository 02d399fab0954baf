/** Compiler and instruction set together, proven: a small library was built, loaded, and asked what this CPU can do. */
import { rmSync } from "node:fs";
import { userError } from "../../../user-error.js";
import { messages } from "../messages.js";
import { type BuildOptions, buildLibrary, type Toolchain } from "./build-library.js";
import type { Cache } from "./cache.js";
import { CompilerRefused } from "./compile.js";
import { type Environment, findCompiler, howToInstall } from "./find-compiler.js";
import { bestIsa, chooseIsa, isaNames, probeSource } from "./isa.js";
import { loadLibrary } from "./load-library.js";

/**
 * Fails with the cause and the fix. The CPU is asked each time, since a home folder may be shared between machines; only
 * the asking is kept in the cache.
 */
export async function findToolchain(cache: Cache, environment: Environment = process.env): Promise<Toolchain> {
  const search = await findCompiler(environment);
  if (!search.found) throw userError(messages.noCompiler, { reason: search.reason, fix: search.fix });
  const { compiler } = search;
  const best = bestIsa(await askCpu({ toolchain: { compiler, isa: null }, cache }));
  if (best === null) throw userError(messages.cpuTooOld, { least: isaNames.join(" or ") });
  return { compiler, isa: chooseIsa(best, environment) };
}

async function askCpu(options: BuildOptions): Promise<number> {
  const built = await buildLibrary(probeSource, options).catch((error: unknown) => {
    if (!(error instanceof CompilerRefused)) throw error;
    // Headers that are missing, a compiler that is too old: nothing that we would want reported.
    rmSync(error.folder, { recursive: true, force: true });
    const { path, version } = options.toolchain.compiler;
    const why = error.output.split("\n").find((line) => /error/i.test(line)) ?? "it does not say why";
    throw userError(messages.noCompiler, { reason: `${path} (${version}) does not compile a small program: ${why}`, fix: howToInstall() });
  });
  try {
    const library = await loadLibrary(built.path);
    const answer = library.declare("sig_best_isa", [], "int32").call();
    library.unload();
    return answer;
  } finally {
    built.release();
  }
}
