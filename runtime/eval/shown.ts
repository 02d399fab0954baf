/** What a person sees of an example: the columns that the eval block's entries begin with. */
import type { DataEntry } from "../../compiler/lower/data-spec.js";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import { selectValues } from "../../compiler/lower/select-values.js";
import { decodePicture, type Picture } from "../pictures/picture.js";
import type { Sample } from "../samples/sample.js";

/** The columns that a value is computed from. */
function columnsOf(program: LoweredProgram, value: string): readonly DataEntry[] {
  const needed = selectValues(program, [value]).inputs.map(({ name }) => name);
  return (program.evalData?.entries ?? []).filter(({ input, source }) => needed.includes(input) && source.kind === "column");
}

/** The sample's caption by the entries of a text's value; null where it has none. */
export async function captionOf(program: LoweredProgram, value: string, sample: Sample): Promise<string | null> {
  for (const { source, transforms } of columnsOf(program, value)) {
    const first = transforms[0]?.kind;
    if (source.kind !== "column" || (first !== "pick" && first !== "lower" && first !== "tokenize")) continue;
    const found = await sample.value(source.name);
    const text: unknown = Array.isArray(found) ? found[0] : found;
    if (typeof text === "string") return text;
  }
  return null;
}

/** The sample's picture as it is stored; null where no entry of the value decodes one. */
export async function pictureOf(program: LoweredProgram, value: string, sample: Sample): Promise<Picture | null> {
  for (const { source, transforms } of columnsOf(program, value)) {
    if (source.kind !== "column" || transforms[0]?.kind !== "decode") continue;
    const bytes = await sample.bytes(source.name);
    if (bytes !== null) return decodePicture(bytes, sample.origin);
  }
  return null;
}
