/**
 * Finding, loading and proving the backends of TensorFlow.js. wasm and cpu come with the package; the native ones are
 * optional and are looked for beside it and in the folder that `build-native.sh` fills. Nothing is ever downloaded here.
 */
import type * as wasmPackage from "@tensorflow/tfjs-backend-wasm";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { packageRoot } from "../../package-root.js";
import { type UserError, userError } from "../../user-error.js";
import { messages } from "./messages.js";
import type { Backend } from "./quirks.js";
import type { TensorFlow } from "./tensorflow.js";

export type BackendName = "wasm" | "cpu" | "node" | "node-gpu";

export type LoadedBackend = { readonly tf: TensorFlow; readonly backend: Backend; readonly detail: string };

const loaders = {
  wasm: loadWasm,
  cpu: loadCpu,
  node: () => loadNative("@tensorflow/tfjs-node"),
  "node-gpu": () => loadNative("@tensorflow/tfjs-node-gpu"),
} as const satisfies Record<BackendName, () => Promise<LoadedBackend>>;

const loading = new Map<BackendName, Promise<LoadedBackend>>();
let last: Promise<unknown> = Promise.resolve();

/** Loads a backend once and proves it with a small product. Fails with the cause and the fix. */
export function loadBackend(name: BackendName): Promise<LoadedBackend> {
  const known = loading.get(name);
  if (known !== undefined) return known;
  // One after the other: all backends of a process share one registry, and the one loaded last is the one in use.
  const fresh = last.then(async () => proven(name, await loaders[name]()));
  last = fresh.catch(() => undefined);
  loading.set(name, fresh);
  return fresh;
}

// Packages are required, not imported: all of them are CommonJS, and the native ones may lie outside node_modules.
const here = createRequire(import.meta.url);

/**
 * Two namespaces of one process share a registry, and the second warns once per kernel that it is there already. Nobody
 * can act on that; any other warning goes through.
 */
function quietly<T>(load: () => T): T {
  const { warn } = console;
  console.warn = (...words: unknown[]): void => {
    if (!/already (been )?(registered|set)/.test(String(words[0]))) warn(...words);
  };
  try {
    return load();
  } finally {
    console.warn = warn;
  }
}

/** Where the build script installs, beyond the reach of `npm ci`. */
const nativeFolder = (): string => join(packageRoot(), ".data", "tfjs-native");

function union(): TensorFlow {
  const tf = quietly(() => here("@tensorflow/tfjs") as TensorFlow);
  // Without it the cpu backend advertises tfjs-node on stderr.
  tf.enableProdMode();
  return tf;
}

async function loadCpu(): Promise<LoadedBackend> {
  const tf = union();
  await tf.setBackend("cpu");
  return { tf, backend: "cpu", detail: `TensorFlow.js ${tf.version.tfjs}, plain JavaScript` };
}

async function loadWasm(): Promise<LoadedBackend> {
  const tf = union();
  const wasm = quietly(() => here("@tensorflow/tfjs-backend-wasm") as typeof wasmPackage);
  // The package looks for its files beside the script that runs; they are beside the package.
  wasm.setWasmPaths(`${dirname(here.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  if (!(await tf.setBackend("wasm")))
    throw userError(messages.failedProof, { engine: "tfjs:wasm", reason: "WebAssembly did not start", fix: "run npm ci again" });
  return {
    tf,
    backend: "wasm",
    detail: `TensorFlow.js ${tf.version.tfjs}, WebAssembly${(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) === true ? " with SIMD" : ""}`,
  };
}

type NativePackage = "@tensorflow/tfjs-node" | "@tensorflow/tfjs-node-gpu";

/** What the binding tells of itself. */
type NativeBinding = { readonly binding: { readonly TF_Version: string }; readonly isUsingGpuDevice: boolean };

/** Both packages register one backend, so that a process loads one of them. */
let native: { readonly name: NativePackage; readonly tf: TensorFlow } | null = null;

async function loadNative(name: NativePackage): Promise<LoadedBackend> {
  const gpu = name === "@tensorflow/tfjs-node-gpu";
  if (native !== null && native.name !== name && gpu) throw userError(messages.oneNative, { package: name, loaded: native.name });
  // The bindings are built from one source: on a CPU library the -gpu package, once loaded, is tfjs-node.
  if (native === null) {
    prepareNative();
    native = { name, tf: requireNative(name) };
  }
  const { tf, name: loaded } = native;
  await tf.setBackend("tensorflow");
  const { binding, isUsingGpuDevice } = tf.backend() as unknown as NativeBinding;
  const detail = `libtensorflow ${binding.TF_Version}, ${isUsingGpuDevice ? "GPU" : "CPU"}${loaded === name ? "" : `, by ${loaded}`}`;
  if (gpu && !isUsingGpuDevice)
    throw userError(messages.failedProof, {
      engine: "tfjs:node-gpu",
      reason: `${detail}: it sees no GPU`,
      fix: "install a CUDA build of TensorFlow and its driver, then npm run build:tfjs-node -- @tensorflow/tfjs-node-gpu",
    });
  return { tf, backend: "tensorflow", detail };
}

/** What must be so before the library is loaded. Whatever the user has set stays. */
function prepareNative(): void {
  const settings = {
    TF_CPP_MIN_LOG_LEVEL: "2",
    // Two lines on stderr otherwise; the Eigen kernels were as fast.
    TF_ENABLE_ONEDNN_OPTS: "0",
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    // TensorFloat-32 keeps 10 bits of each factor: 1e-3 off, where the contract says 1e-5.
    NVIDIA_TF32_OVERRIDE: "0",
  };
  for (const [name, value] of Object.entries(settings)) process.env[name] ??= value;
  // Node 23 removed what nearly every kernel of tfjs-node 4.22 calls.
  const util = here("node:util") as { isNullOrUndefined?: (x: unknown) => boolean; isArray?: (x: unknown) => boolean };
  util.isNullOrUndefined ??= (x) => x === null || x === undefined;
  util.isArray ??= Array.isArray;
}

function requireNative(name: NativePackage): TensorFlow {
  const from = [here, createRequire(join(nativeFolder(), "package.json"))].find((search) => canResolve(search, name));
  if (from === undefined) throw userError(messages.notFound, { package: name, fix: `npm run build:tfjs-node -- ${name}` });
  try {
    return quietly(() => from(name) as TensorFlow);
  } catch (error) {
    throw explainedLoad(name, error);
  }
}

function canResolve(search: NodeJS.Require, name: string): boolean {
  try {
    search.resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** The ways in which the packages were seen to fail, by what they say. */
export function explainedLoad(name: string, error: unknown): UserError {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error) };
  const reason = message.split("\n")[0] ?? message;
  if (message.includes("native addon module (tfjs_binding.node) can not be found")) return userError(messages.notBuilt, { package: name });
  if (code === "ERR_DLOPEN_FAILED") return userError(messages.libraryMoved, { package: name, reason });
  const fix =
    code === "MODULE_NOT_FOUND"
      ? `npm run build:tfjs-node -- ${name}`
      : "build it again with npm run build:tfjs-node, or use --engine tfjs:wasm";
  return userError(messages.failedProof, { engine: name, reason, fix });
}

/** One small product, so that a library that loads and cannot compute is found out here. */
function proven(name: BackendName, loaded: LoadedBackend): LoadedBackend {
  const { tf } = loaded;
  try {
    const product = tf.tidy(() => [...tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync()]);
    if (product.join() !== "3,3,3,3") throw new Error(`its first product was [${product.join(", ")}]`);
    return loaded;
  } catch (error) {
    throw explainedLoad(`tfjs:${name}`, error);
  }
}
