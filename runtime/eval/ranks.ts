/** Ranks of the right answers, computed by a program of the language: no array of all pairs, at the speed of a training step. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lowerProgram } from "../../compiler/lower/lower-program.js";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import { parse } from "../../grammar/parse.js";
import { SourceFile } from "../../grammar/source-file.js";
import { hostArray, type HostArray } from "../data/host-array.js";
import { packageRoot } from "../package-root.js";
import { userError } from "../user-error.js";
import { Compiled, DoesNotFit, type Machine } from "./compiled.js";
import { type Embeddings, matrixOf, separateUnsound } from "./embeddings.js";
import { evalMessages } from "./messages.js";

/** For each row of one side, how many wrong rows of the other stand before the best right one. */
export type WrongBefore = {
  /** Per image, among the texts. */
  readonly texts: Int32Array;
  /** Per text, among the images. */
  readonly images: Int32Array;
};

const FILE = "eval/ranks.sig";

function ranksProgram(width: number): LoweredProgram {
  const source = new SourceFile(FILE, readFileSync(join(packageRoot(), "pipelines", FILE), "utf8"));
  const parsed = parse(source);
  const { program, diagnostics } = lowerProgram(parsed.program, { sets: new Map([["width", String(width)]]), read: () => null });
  if (program === null) throw new Error([...parsed.diagnostics, ...diagnostics].map(({ message }) => message).join("\n"));
  return program;
}

/** Both sides hold at least one row, of equal width. A row with NaN or infinity is found by nobody and finds nothing. */
export async function wrongBefore(images: Embeddings, texts: Embeddings, machine: Machine): Promise<WrongBefore> {
  const [image, text] = [matrixOf(images.vectors), matrixOf(texts.vectors)];
  if (image.width !== text.width) throw new Error(`embeddings of widths ${image.width} and ${text.width}`);
  if (image.rows !== images.ids.length || text.rows !== texts.ids.length) throw new Error("each embedding needs an id");
  const inputs = new Map<string, HostArray>();
  for (const [name, { vectors, ids }] of [["image", images] as const, ["text", texts] as const]) {
    const separated = separateUnsound(vectors, machine.precision);
    inputs.set(name, separated.vectors);
    inputs.set(`${name}_sound`, separated.sound);
    inputs.set(`${name}_id`, hostArray("i32", [ids.length], ids));
  }
  const compiled = await Compiled.load(ranksProgram(image.width), machine);
  try {
    const outputs = await compiled.run({ n: image.rows, m: text.rows }, inputs);
    return { texts: counts(outputs, "texts_before"), images: counts(outputs, "images_before") };
  } catch (error) {
    // The program is ours: its lines would tell the user nothing.
    if (!(error instanceof DoesNotFit)) throw error;
    throw userError(evalMessages.ranksTooLarge, { images: image.rows, texts: text.rows, width: image.width, reason: error.message });
  } finally {
    compiled.dispose();
  }
}

/** A copy: the engine's memory goes with the executable. An oracle may count in floats. */
function counts(outputs: ReadonlyMap<string, HostArray>, name: string): Int32Array {
  const array = outputs.get(name);
  if (array === undefined) throw new Error(`the ranks have no ${name}`);
  return Int32Array.from(array.data);
}
