/**
 * Calls into a compiled library, typed. koffi passes what it is given: a number where a pointer is due crashes the process,
 * and the arguments of an asynchronous call are not kept alive by it. Both are seen to here.
 */
import type { LibraryHandle } from "koffi";
import { userError } from "../../../user-error.js";
import { messages } from "../messages.js";

/** An address in native memory, or JavaScript's own: an array is passed as it lies, without a copy. */
export type Memory = bigint | ArrayBufferView;

/** `optional`: a pointer, or null. */
const parameterKinds = {
  pointer: "void *",
  optional: "void *",
  int32: "int32_t",
  int64: "int64_t",
  uint64: "uint64_t",
  float64: "double",
} as const;
const resultKinds = { void: "void", pointer: "uintptr_t", int32: "int32_t", int64: "int64_t", float64: "double" } as const;

type ParameterKind = keyof typeof parameterKinds;
type ResultKind = keyof typeof resultKinds;

type Argument<K extends ParameterKind> = {
  pointer: Memory;
  optional: Memory | null;
  int32: number;
  int64: number | bigint;
  uint64: number | bigint;
  float64: number;
}[K];
type Arguments<P extends readonly ParameterKind[]> = { readonly [I in keyof P]: Argument<P[I]> };
/** A null pointer is 0n. An int64 beyond 2^53 is refused: whoever returns bits returns a pointer to them. */
type Result<R extends ResultKind> = { void: undefined; pointer: bigint; int32: number; int64: number; float64: number }[R];

export type NativeFunction<P extends readonly ParameterKind[], R extends ResultKind> = {
  /** On this thread, which waits. Costs well under a microsecond. */
  call(...args: Arguments<P>): Result<R>;
  /**
   * On a thread of libuv's pool (4 unless UV_THREADPOOL_SIZE says otherwise), so that the event loop lives. Costs some 25 µs.
   * The arrays are kept from the garbage collector until it ends; nobody else may write to them meanwhile.
   */
  callAsync(...args: Arguments<P>): Promise<Result<R>>;
};

export type LoadedLibrary = {
  readonly path: string;
  declare<const P extends readonly ParameterKind[], R extends ResultKind>(name: string, parameters: P, result: R): NativeFunction<P, R>;
  /** The address of an array's first byte; good for as long as the array is referenced and not transferred. */
  addressOf(array: ArrayBufferView): bigint;
  /** Native memory as a buffer, not copied. It must not be touched once the memory is freed. */
  viewOf(address: bigint, bytes: number): ArrayBuffer;
  /** No function of it may run, now or later; threads that it started would crash the process. */
  unload(): void;
};

/** koffi's own types are `any`. */
type Callback = (error: Error | null, result: unknown) => void;
type Foreign = { (...args: readonly unknown[]): unknown; async(...argsAndCallback: readonly unknown[]): void };

export async function loadLibrary(path: string): Promise<LoadedLibrary> {
  const { default: koffi } = await import("koffi").catch((error: unknown) => {
    throw userError(messages.notLoaded, { library: "koffi", reason: firstLine(error), fix: "run npm ci again, without --omit=optional" });
  });
  const library = open(() => koffi.load(path), path);
  return {
    path,
    declare: <const P extends readonly ParameterKind[], R extends ResultKind>(name: string, parameters: P, result: R) => {
      const types = parameters.map((kind) => parameterKinds[kind]);
      const foreign = library.func(name, resultKinds[result], types) as Foreign;
      return nativeFunction(name, foreign, parameters, result);
    },
    addressOf: (array) => {
      if (array.byteLength === 0) throw new Error("an empty array has no address");
      return koffi.address(array);
    },
    viewOf: (address, bytes) => {
      // koffi would abort the process.
      if (address <= 0n || !Number.isSafeInteger(bytes) || bytes <= 0) throw new Error(`no memory of ${bytes} bytes at ${address}`);
      return koffi.view(address, bytes);
    },
    unload: () => library.unload(),
  };
}

function open(load: () => LibraryHandle, path: string): LibraryHandle {
  try {
    return load();
  } catch (error) {
    const fix = "sigc doctor --clean removes what is cached; does CC build for another machine?";
    throw userError(messages.notLoaded, { library: path, reason: firstLine(error), fix });
  }
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

/** What asynchronous calls are working on; one set per call, since two may share an array. */
const inFlight = new Set<readonly unknown[]>();

function nativeFunction<P extends readonly ParameterKind[], R extends ResultKind>(
  name: string,
  foreign: Foreign,
  parameters: P,
  result: R,
): NativeFunction<P, R> {
  const check = (args: readonly unknown[]): void => {
    if (args.length !== parameters.length) throw new Error(`${name} takes ${parameters.length} arguments, not ${args.length}`);
    for (let i = 0; i < args.length; i++)
      if (!fits(parameters[i], args[i])) throw new Error(`${name}: argument ${i} is no ${parameters[i]}: ${String(args[i])}`);
  };
  const answer = (value: unknown): Result<R> => {
    if (result === "int64" && typeof value === "bigint") throw new Error(`${name} returned ${value}, beyond what a number holds`);
    return (result === "pointer" ? BigInt(value as number | bigint) : value) as Result<R>;
  };
  return {
    call: (...args) => {
      check(args);
      return answer(foreign(...args));
    },
    callAsync: (...args) =>
      new Promise((resolve, reject) => {
        check(args);
        inFlight.add(args);
        const done: Callback = (error, value) => {
          inFlight.delete(args);
          if (error !== null) return reject(error);
          try {
            resolve(answer(value));
          } catch (thrown) {
            reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
          }
        };
        foreign.async(...args, done);
      }),
  };
}

function fits(kind: ParameterKind | undefined, value: unknown): boolean {
  switch (kind) {
    case "pointer":
      return typeof value === "bigint" ? value > 0n : ArrayBuffer.isView(value) && value.byteLength > 0;
    case "optional":
      return value === null || fits("pointer", value);
    case "int32":
      return typeof value === "number" && (value | 0) === value;
    case "int64":
      return typeof value === "bigint" ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);
    case "uint64":
      return typeof value === "bigint" ? BigInt.asUintN(64, value) === value : Number.isSafeInteger(value) && (value as number) >= 0;
    case "float64":
      return typeof value === "number";
    case undefined:
      return false;
  }
}
