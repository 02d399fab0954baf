/**
 * Writes dist/sigc.cjs, the command in one file, and dist/sigc.cache, its machine code; dist/sigc.js starts both. Five hundred
 * modules take half a second to find, read and compile, which is longer than all that a small program asks for. Run by
 * `npm run build`.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

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
  banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
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

// A run that reaches most of what later runs need leaves the machine code of that, too.
rmSync(path("sigc.cache"), { force: true });
execFileSync(
  process.execPath,
  [path("sigc.js"), "run", "pipelines/siglip.sig", "--set", "n=4", "--set", "width=4", "--synthetic", "0", "--engine", "planref"],
  {
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    env: { ...process.env, SIG_WRITE_CODE_CACHE: "1" },
    stdio: "ignore",
  },
);
