/**
 * Writes dist/sigc.cjs, the command in one file, and dist/sigc.cache, its machine code; dist/sigc.js starts both. Five hundred
 * modules take half a second to find, read and compile, which is longer than all that a small program asks for. Run by
 * `npm run build`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { build } from "esbuild";
import type * as Bundle from "./process.js";

const dist = new URL("../../dist/", import.meta.url);
const path = (name: string): string => fileURLToPath(new URL(name, dist));

await build({
  entryPoints: [path("runtime/cli/process.js")],
  outfile: path("sigc.cjs"),
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["koffi", "@tensorflow/*", "sharp"],
  // The packages that stay outside can all be required; a script that comes with its machine code cannot import.
  supported: { "dynamic-import": false },
  define: { "import.meta.url": "bundleUrl" },
  // The function around a module, here so that the text is compiled as it is read.
  banner: { js: '(function (require, module, __filename) { const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
  footer: { js: "})" },
  legalComments: "linked",
  logLevel: "warning",
});

await build({
  entryPoints: [path("runtime/cli/start.js")],
  outfile: path("sigc.js"),
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "warning",
});

// Functions that have run have machine code: what most commands do is done once, without a word.
const script = new Script(readFileSync(path("sigc.cjs"), "latin1"), { filename: path("sigc.cjs") });
const module = { exports: {} as typeof Bundle };
script.runInThisContext()(createRequire(path("sigc.cjs")), module, path("sigc.cjs"));
const quiet: Bundle.Console = {
  out: () => undefined,
  err: () => undefined,
  colour: { out: false, err: false },
  liveLines: false,
  columns: 80,
  onInterrupt: () => () => undefined,
};
const program = fileURLToPath(new URL("../../pipelines/siglip.sig", import.meta.url));
const small = ["--set", "n=4", "--set", "width=4"];
for (const argv of [
  ["run", program, ...small, "--synthetic", "0", "--engine", "planref"],
  ["ir", program, "--grad", "--emit", "c"],
]) {
  const exit = await module.exports.runCli(argv, quiet);
  if (exit !== 0) throw new Error(`sigc ${argv.join(" ")} exits with ${exit}`);
}
writeFileSync(path("sigc.cache"), script.createCachedData());
