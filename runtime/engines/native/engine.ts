/** The engine of the CPU: C generated from a template's kernels, built by the system's compiler at first use, cached. */
import type { Template } from "../../../compiler/compile.js";
import type { Target } from "../../../compiler/target.js";
import type { Availability, Engine, Executable } from "../../engine.js";
import { emitLibrary } from "./emit/library.js";
import { NativeExecutable } from "./executable.js";
import { openKernels } from "./library.js";
import { nativeTarget } from "./target.js";
import { buildLibrary, type Toolchain } from "./toolchain/build-library.js";
import { type Cache, openCache } from "./toolchain/cache.js";
import { usableCores } from "./toolchain/cores.js";
import { findToolchain } from "./toolchain/find-toolchain.js";
import { isas } from "./toolchain/isa.js";
import { readHeaders } from "./toolchain/read-headers.js";

export type NativeOptions = {
  /** Default: as many as this process may use. */
  readonly threads?: number;
  /** Default true. False: every library is built anew and kept nowhere. */
  readonly useCache?: boolean;
  /** For tests: gaps between buffers, checked after each run. */
  readonly guardBytes?: number;
  /** For tests, as `-fsanitize=address`. */
  readonly extraFlags?: readonly string[];
  /** Where notes of the cache go. */
  readonly tell?: (line: string) => void;
};

/** Beyond that many, threads cost more memory than they bring speed. */
const MOST_THREADS = 256;

/** Fails where there is no compiler, with the package to install. */
export async function createNativeEngine(options: NativeOptions = {}): Promise<Engine> {
  const tell = options.tell ?? ((): void => undefined);
  const cache: Cache = openCache({ useCache: options.useCache ?? true });
  cache.notes.forEach(tell);
  const toolchain: Toolchain = await findToolchain(cache);
  const threads = Math.min(options.threads ?? usableCores(), MOST_THREADS);
  const { compiler, isa } = toolchain;
  return {
    name: "native",
    endsEarly: true,
    probe: async (): Promise<Availability> => ({
      available: true,
      detail: `${isa}, ${threads} thread${threads === 1 ? "" : "s"}, ${compiler.version}`,
    }),
    target: (precision): Target => nativeTarget(precision, threads, options.guardBytes),
    load: async (template: Template): Promise<Executable> => {
      const sources = emitLibrary({
        kernels: template.kernels,
        precision: template.target.precision,
        vectorBytes: isas[isa].vectorBytes,
        loops: template.schedule?.loops.length ?? 0,
        headers: readHeaders(),
        units: usableCores(),
      });
      const built = await buildLibrary(sources, {
        toolchain,
        cache,
        ...(options.extraFlags === undefined ? {} : { extraFlags: options.extraFlags }),
      });
      built.notes.forEach(tell);
      try {
        const library = await openKernels(built.path);
        return new NativeExecutable(template, library, threads);
      } finally {
        built.release();
      }
    },
    dispose: () => undefined,
  };
}
