import { generateCstDts } from "chevrotain";
import { SigParser } from "./parser.js";

/** The text of cst.generated.ts. */
export function cstTypes(): string {
  const types = generateCstDts(new SigParser({ validate: true }).getGAstProductions(), { includeVisitorInterface: false });
  return `// Generated from parser.ts by \`npm run generate:cst\`.\n${types.replace("ICstVisitor, ", "").trimEnd()}\n`;
}
