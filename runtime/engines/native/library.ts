/** A template's compiled kernels, loaded: the functions of c/session.h. */
import { userError } from "../../user-error.js";
import { messages } from "./messages.js";
import { loadLibrary, type NativeFunction } from "./toolchain/load-library.js";

type Run = NativeFunction<readonly ["pointer", "pointer", "int64", "pointer", "optional"], "int64">;

export type Library = {
  readonly open: (threads: number) => bigint;
  readonly close: (session: bigint) => void;
  /** Raised, it ends the run in work, and every later one until it is lowered. */
  readonly cancel: (session: bigint, raised: boolean) => void;
  readonly run: Run;
  readonly takeMemory: (bytes: number) => bigint;
  readonly freeMemory: (address: bigint, bytes: number) => void;
  readonly viewOf: (address: bigint, bytes: number) => ArrayBuffer;
  readonly addressOf: (array: ArrayBufferView) => bigint;
};

export async function openKernels(path: string): Promise<Library> {
  const loaded = await loadLibrary(path);
  const take = loaded.declare("sig_memory_take", ["int64"], "pointer");
  const giveBack = loaded.declare("sig_memory_give_back", ["pointer", "int64"], "void");
  const open = loaded.declare("sig_open", ["int64"], "pointer");
  const close = loaded.declare("sig_close", ["pointer"], "void");
  const cancel = loaded.declare("sig_cancel", ["pointer", "int64"], "void");
  const need = (address: bigint, bytes: number): bigint => {
    if (address === 0n) throw userError(messages.noMemory, { bytes: `${bytes}` });
    return address;
  };
  return {
    open: (threads) => need(open.call(threads), 0),
    close: (session) => close.call(session),
    cancel: (session, raised) => cancel.call(session, raised ? 1 : 0),
    run: loaded.declare("sig_run", ["pointer", "pointer", "int64", "pointer", "optional"], "int64"),
    takeMemory: (bytes) => need(take.call(bytes), bytes),
    freeMemory: (address, bytes) => giveBack.call(address, bytes),
    viewOf: (address, bytes) => loaded.viewOf(address, bytes),
    addressOf: (array) => loaded.addressOf(array),
  };
}
