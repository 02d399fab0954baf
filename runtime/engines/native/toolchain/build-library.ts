/** From generated C to a library on the disk, by way of the cache. */
import { tmpdir } from "node:os";
import { performance } from "node:perf_hooks";
import { reasonOf } from "../../../data/system-error.js";
import { userError } from "../../../user-error.js";
import { messages } from "../messages.js";
import { type Cache, type Kept, keyOf, type Stage } from "./cache.js";
import { baseFlags, compileLibrary } from "./compile.js";
import type { Compiler } from "./find-compiler.js";
import { type Isa, isas } from "./isa.js";

export type Toolchain = { readonly compiler: Compiler; readonly isa: Isa };

export type BuiltLibrary = Kept & {
  /** False: it was in the cache. */
  readonly compiled: boolean;
  readonly compileMs: number;
};

export type BuildOptions = {
  /** `isa: null`: what every CPU of this architecture runs. */
  readonly toolchain: { readonly compiler: Compiler; readonly isa: Isa | null };
  readonly cache: Cache;
  /** For example `-fsanitize=address,undefined`. */
  readonly extraFlags?: readonly string[];
};

/** What turns the same source and command into another library. */
const variables = [
  "CPATH",
  "C_INCLUDE_PATH",
  "LIBRARY_PATH",
  "COMPILER_PATH",
  "GCC_EXEC_PREFIX",
  "SDKROOT",
  "DEVELOPER_DIR",
  "MACOSX_DEPLOYMENT_TARGET",
];

const building = new Map<string, Promise<BuiltLibrary>>();

/**
 * `sources` are whole texts, one per translation unit: they include headers of the system only. The library is to be loaded
 * at once and then released: without a cache it lies in a folder that `release` removes. Notes are for stderr. A compiler
 * that refuses the source is a bug of ours, and the error names a folder with everything to reproduce it.
 */
export async function buildLibrary(
  sources: string | readonly string[],
  { toolchain, cache, extraFlags = [] }: BuildOptions,
): Promise<BuiltLibrary> {
  const { compiler, isa } = toolchain;
  const texts = typeof sources === "string" ? [sources] : sources;
  const flags = [...baseFlags, ...(isa === null ? [] : isas[isa].flags), ...extraFlags];
  const key = keyOf({
    sources: texts,
    compiler: [compiler.path, compiler.prefix, compiler.version, compiler.identity],
    flags,
    platform: [process.platform, process.arch],
    variables: variables.map((name) => process.env[name] ?? null),
  });
  const build = async (): Promise<BuiltLibrary> => {
    const { kept, notes } = cache.find(key);
    if (kept !== null) return { ...kept, compiled: false, compileMs: 0 };
    const started = performance.now();
    let stage: Stage | null = null;
    try {
      stage = cache.stage(key);
      await compileLibrary(compiler, texts, flags, stage);
      return { ...stage.publish(), notes, compiled: true, compileMs: performance.now() - started };
    } catch (error) {
      stage?.discard();
      throw asUserError(error, stage?.folder ?? cache.folder ?? tmpdir());
    }
  };
  if (cache.folder === null) return build();
  const place = `${cache.folder}/${key}`;
  const running = building.get(place) ?? build().finally(() => building.delete(place));
  building.set(place, running);
  return running;
}

/** A disk that is full, or became read-only, is no bug of ours. */
function asUserError(error: unknown, folder: string): unknown {
  const reason = reasonOf(error);
  return reason === null ? error : userError(messages.cannotWrite, { folder, reason });
}
