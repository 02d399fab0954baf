#!/usr/bin/env node
/** Starts the bundled command with the machine code that was kept when it was built. V8 refuses the code of another version of itself. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

const bundle = fileURLToPath(new URL("sigc.cjs", import.meta.url));
const cache = fileURLToPath(new URL("sigc.cache", import.meta.url));

const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, "utf8")}\n})`, {
  filename: bundle,
  ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}),
});
const module = { exports: {} as { runProcess: () => Promise<void> } };
script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));

// Set by the build alone: functions that have run by then are in it.
if (process.env["SIG_WRITE_CODE_CACHE"] !== undefined) process.once("exit", () => writeFileSync(cache, script.createCachedData()));

await module.exports.runProcess();
