import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../package-root.js";

/** The C headers of the engine, text by file name. They stay where the sources are: the TypeScript compiler copies none of them. */
export function readHeaders(): ReadonlyMap<string, string> {
  const folder = join(packageRoot(), "runtime", "engines", "native", "c");
  const names = readdirSync(folder).filter((name) => name.endsWith(".h"));
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
