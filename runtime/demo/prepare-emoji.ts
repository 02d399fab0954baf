import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import sharp from "sharp";
import { writeAtomically, type Written } from "../data/atomic-write.js";
import { hostArray, type HostArray } from "../data/host-array.js";
import { writeSafetensors } from "../data/safetensors.js";
import { type EmojibaseEntry, type EmojiConcept, readConcepts, type Shortcodes } from "./emoji-concepts.js";
import { agreedNames, type CodePoints, type Drawing, drawingsOf, type IconSet } from "./emoji-pictures.js";
import { captionSource, type EmojiStyle, emojiStyles } from "./emoji-styles.js";
import { hashedTokens, TOKEN_LENGTH } from "./hashed-tokens.js";
import { PICTURE_SIZE, PICTURE_VALUES, rasterise } from "./rasterise.js";

/**
 * The emoji set: the same concepts drawn by several artists and named in English. Training sees five styles; the sixth is for the test.
 *
 *   train.safetensors, test.safetensors  image f32[rows, 32, 32, 3], tokens i32[rows, 48], token_weight f32[rows, 48], concept i32[rows]
 *   captions.safetensors                 tokens, token_weight, concept: each concept's name once, the candidates of the test
 *   manifest.jsonl                       a line for each picture, train before test, in the order of the rows
 */
export type EmojiSet = {
  readonly train: string;
  readonly test: string;
  readonly captions: string;
  readonly rows: { readonly train: number; readonly test: number; readonly captions: number };
  /** Whether the files were there already. */
  readonly fresh: boolean;
};

/** Raise it when the preparation changes what it writes. */
const RECIPE = 1;
const RECORD = "prepared.json";
const AT_ONCE = 16;

const resolve = createRequire(import.meta.url).resolve;
const readJson = (specifier: string): unknown => JSON.parse(readFileSync(resolve(specifier), "utf8"));

type Picture = { readonly style: EmojiStyle; readonly concept: EmojiConcept; readonly pixels: Float32Array };
type Prepared = { readonly key: string; readonly rows: EmojiSet["rows"]; readonly files: Readonly<Record<string, Written>> };
type Progress = (done: number, total: number) => void;
type Options = { readonly styles?: readonly EmojiStyle[]; readonly progress?: Progress };

/** Builds the set in `folder`, unless it is there from the same packages and recipe. Equal inputs give equal bytes. */
export async function prepareEmoji(folder: string, { styles = emojiStyles, progress = () => {} }: Options = {}): Promise<EmojiSet> {
  const paths = {
    train: join(folder, "train.safetensors"),
    test: join(folder, "test.safetensors"),
    captions: join(folder, "captions.safetensors"),
  };
  const key = contentKey(styles);
  const before = readRecord(folder);
  if (before?.key === key && isWhole(folder, before)) return { ...paths, rows: before.rows, fresh: true };

  const concepts = loadConcepts();
  const pictures = await draw(concepts, styles, progress);
  const train = pictures.filter(({ style }) => style.split === "train");
  const test = pictures.filter(({ style }) => style.split === "test");
  const files = {
    "train.safetensors": writeSafetensors(
      paths.train,
      new Map([...imageColumn(train), ...captionColumns(train.map(({ concept }) => concept))]),
    ),
    "test.safetensors": writeSafetensors(
      paths.test,
      new Map([...imageColumn(test), ...captionColumns(test.map(({ concept }) => concept))]),
    ),
    "captions.safetensors": writeSafetensors(paths.captions, captionColumns(concepts)),
    "manifest.jsonl": writeText(join(folder, "manifest.jsonl"), [...train, ...test].map(manifestLine).join("")),
    "LICENSES.md": writeText(join(folder, "LICENSES.md"), licenceNote(styles)),
  };
  const rows = { train: train.length, test: test.length, captions: concepts.length };
  // Last: a record without its files would be taken for a finished set.
  writeText(join(folder, RECORD), `${JSON.stringify({ key, rows, files } satisfies Prepared, null, 2)}\n`);
  return { ...paths, rows, fresh: false };
}

const writeText = (path: string, text: string): Written => writeAtomically(path, (sink) => sink(Buffer.from(text)));

/** Everything that decides the bytes. */
function contentKey(styles: readonly EmojiStyle[]): string {
  const versions = [...styles.map((style) => style.package), captionSource.package].map((name) => {
    const { version } = readJson(`${name}/package.json`) as { readonly version: string };
    return `${name}@${version}`;
  });
  return createHash("sha256")
    .update(JSON.stringify({ recipe: RECIPE, versions, sharp: sharp.versions }))
    .digest("hex");
}

function readRecord(folder: string): Prepared | null {
  const path = join(folder, RECORD);
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Prepared;
  } catch {
    // A record that cannot be read is no reason to stop: the set is built again.
    return null;
  }
}

/** By size only: files appear whole or not at all, and hashing 100 MB at every start would be felt. */
function isWhole(folder: string, { files }: Prepared): boolean {
  return Object.entries(files).every(([name, { bytes }]) => existsSync(join(folder, name)) && statSync(join(folder, name)).size === bytes);
}

function loadConcepts(): readonly EmojiConcept[] {
  const tables = ["cldr", "emojibase", "emojibase-legacy", "github", "iamcal", "joypixels"];
  const read = (path: string) => readJson(`${captionSource.package}/en/${path}.json`);
  return readConcepts(
    read("data") as readonly EmojibaseEntry[],
    tables.map((name) => read(`shortcodes/${name}`) as Shortcodes),
  );
}

async function draw(concepts: readonly EmojiConcept[], styles: readonly EmojiStyle[], progress: Progress): Promise<readonly Picture[]> {
  const codePointsOf = (style: EmojiStyle) => readJson(`${style.package}/chars.json`) as CodePoints;
  // All styles, also where few are drawn: what a name means must not depend on the choice.
  const names = agreedNames(emojiStyles.map(codePointsOf), concepts);
  const drawings = styles.flatMap((style) => {
    const set = readJson(`${style.package}/icons.json`) as IconSet;
    return drawingsOf(set, codePointsOf(style), concepts, names).map((drawing) => ({ style, drawing }));
  });
  const pictures: Picture[] = [];
  for (let at = 0; at < drawings.length; at += AT_ONCE) {
    const some = drawings.slice(at, at + AT_ONCE);
    pictures.push(
      ...(await Promise.all(some.map(({ style, drawing }) => picture(style, drawing, concepts)))).flatMap((each) => each ?? []),
    );
    progress(at + some.length, drawings.length);
  }
  return pictures;
}

/** Null for a drawing that is blank on white. */
async function picture(style: EmojiStyle, drawing: Drawing, concepts: readonly EmojiConcept[]): Promise<Picture | null> {
  const concept = concepts[drawing.concept];
  if (concept === undefined) throw new Error(`concept ${drawing.concept} of ${concepts.length}`);
  const pixels = await rasterise(drawing.svg);
  return pixels === null ? null : { style, concept, pixels };
}

function imageColumn(pictures: readonly Picture[]): ReadonlyMap<string, HostArray> {
  const data = new Float32Array(pictures.length * PICTURE_VALUES);
  pictures.forEach(({ pixels }, row) => data.set(pixels, row * PICTURE_VALUES));
  return new Map([["image", hostArray("f32", [pictures.length, PICTURE_SIZE, PICTURE_SIZE, 3], data)]]);
}

/** The name alone: with these small towers it does better on unseen pictures than names mixed with keywords. */
function captionColumns(concepts: readonly EmojiConcept[]): ReadonlyMap<string, HostArray> {
  const rows = concepts.map(({ name }) => hashedTokens(name));
  const tokens = new Int32Array(rows.length * TOKEN_LENGTH);
  const weights = new Float32Array(rows.length * TOKEN_LENGTH);
  rows.forEach((row, i) => {
    tokens.set(row.ids, i * TOKEN_LENGTH);
    weights.set(row.weights, i * TOKEN_LENGTH);
  });
  return new Map<string, HostArray>([
    ["tokens", hostArray("i32", [rows.length, TOKEN_LENGTH], tokens)],
    ["token_weight", hostArray("f32", [rows.length, TOKEN_LENGTH], weights)],
    [
      "concept",
      hostArray(
        "i32",
        [rows.length],
        Int32Array.from(concepts, ({ id }) => id),
      ),
    ],
  ]);
}

function manifestLine({ style, concept }: Picture): string {
  const { id, key, name, keywords } = concept;
  return `${JSON.stringify({ split: style.split, style: style.name, licence: style.licence, concept: id, key, name, keywords })}\n`;
}

function licenceNote(styles: readonly EmojiStyle[]): string {
  const line = (name: string, author: string, licence: string) => `- ${name}: ${author}, ${licence}\n`;
  return [
    "# Whose work this is\n\nBuilt on this machine from packages of the npm registry, for training and testing here. Pictures were cut and scaled.\n\n",
    ...styles.map((style) => line(style.package, style.author, style.licence)),
    line(captionSource.package, captionSource.author, captionSource.licence),
  ].join("");
}
