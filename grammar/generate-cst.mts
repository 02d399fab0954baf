/** Writes cst.generated.ts, the types of the parser's output. Run by `npm run generate:cst`; a test holds the file fresh. */
import { writeFileSync } from "node:fs";
import { cstTypes } from "./cst-types.js";

writeFileSync(new URL("./cst.generated.ts", import.meta.url), cstTypes());
