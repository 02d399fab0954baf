import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { diagnosticsPage, messageRows } from "./diagnostics-page.js";

writeFileSync(join(dirname(fileURLToPath(import.meta.url)), "diagnostics.md"), diagnosticsPage(await messageRows()));
