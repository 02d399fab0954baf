/** One of several processes that want the same library of a cold cache at the same moment. */
import { once } from "node:events";
import { buildLibrary } from "../../../../../runtime/engines/native/toolchain/build-library.js";
import { openCache } from "../../../../../runtime/engines/native/toolchain/cache.js";
import { findCompiler } from "../../../../../runtime/engines/native/toolchain/find-compiler.js";
import { loadLibrary } from "../../../../../runtime/engines/native/toolchain/load-library.js";

const folder = process.argv[2] ?? "";
const search = await findCompiler();
if (!search.found) throw new Error(search.reason);
process.send?.("ready");
await once(process, "message");
const cache = openCache({ environment: { SIG_CACHE_DIR: folder } });
const { path } = await buildLibrary("int answer(void) { return 7; }\n", { toolchain: { compiler: search.compiler, isa: null }, cache });
const library = await loadLibrary(path);
process.send?.(library.declare("answer", [], "int32").call());
process.disconnect();
