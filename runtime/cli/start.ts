#!/usr/bin/env node
/** Starts the bundled command with the machine code that was kept when it was built. V8 refuses the code of another version of itself. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

const bundle = fileURLToPath(new URL("sigc.cjs", import.meta.url));
const cache = fileURLToPath(new URL("sigc.cache", import.meta.url));

// esbuild writes ASCII alone, and V8 takes Latin-1 as it lies.
const script = new Script(readFileSync(bundle, "latin1"), {
  filename: bundle,
  ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}),
});
const module = { exports: {} as { runProcess: () => Promise<void> } };
script.runInThisContext()(createRequire(bundle), module, bundle);
await module.exports.runProcess();
