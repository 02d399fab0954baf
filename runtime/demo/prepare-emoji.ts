import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import sharp from "sharp";
import { writeAtomically, type Written } from "../data/atomic-write.js";
import { captionsOf } from "./emoji-captions.js";
import { conceptKey, type EmojibaseEntry, type EmojiConcept, readConcepts, type Shortcodes } from "./emoji-concepts.js";
import { agreedNames, type CodePoints, type Drawing, drawingsOf, type IconSet } from "./emoji-pictures.js";
import { captionSource, type EmojiStyle, emojiStyles, languages } from "./emoji-styles.js";
import { rasterise } from "./rasterise.js";
import { trainBpe } from "./train-bpe.js";
import { type Member, writeShard } from "./write-shard.js";

/**
 * The emoji set: the same concepts drawn by several artists and named in ten languages. Training sees five styles; the sixth is
 * for the test.
 *
 *   train-000.tar …, test-000.tar …  KEY.png 64 by 64 on white, KEY.txt the English name, KEY.json what else is known: concept, style,
 *                                    licence, captions (drawn for training, English), names (by language), all_names (the same as a list)
 *   captions.jsonl                   each concept once: key, concept, txt, names. The candidates of the test
 *   tokenizer.json                   4,096 byte pairs of the English names and keywords; <pad> is 0
 *   tokenizer-ten.json               8,192 of the names in all ten languages
 */
export type EmojiSet = {
  /** Paths of the shards, in order. */
  readonly train: readonly string[];
  readonly test: readonly string[];
  readonly rows: Counts;
  /** Whether the files were there already. */
  readonly fresh: boolean;
};
type Counts = { readonly train: number; readonly test: number; readonly captions: number };

/** Raise it when the preparation changes what it writes. */
const RECIPE = 2;
const RECORD = "prepared.json";
const SHARD_SAMPLES = 1000;
const AT_ONCE = 16;

const resolve = createRequire(import.meta.url).resolve;
const readJson = (specifier: string): unknown => JSON.parse(readFileSync(resolve(specifier), "utf8"));

type Picture = { readonly style: EmojiStyle; readonly concept: EmojiConcept; readonly png: Uint8Array };
type Prepared = { readonly key: string; readonly rows: Counts; readonly files: Readonly<Record<string, Written>> };
type Progress = (done: number, total: number) => void;
type Options = { readonly styles?: readonly EmojiStyle[]; readonly progress?: Progress };

/** Builds the set in `folder`, unless it is there from the same packages and recipe. Equal inputs give equal bytes. */
export async function prepareEmoji(folder: string, { styles = emojiStyles, progress = () => {} }: Options = {}): Promise<EmojiSet> {
  const key = contentKey(styles);
  const before = readRecord(folder);
  if (before?.key === key && isWhole(folder, before)) return { ...shardsOf(folder, before), rows: before.rows, fresh: true };

  const concepts = loadConcepts();
  const names = loadNames(concepts);
  const pictures = await draw(concepts, styles, progress);
  const files: Record<string, Written> = {};
  const rows = { train: 0, test: 0, captions: concepts.length };
  let picture = 0;
  for (const split of ["train", "test"] as const) {
    const chosen = pictures.filter(({ style }) => style.split === split);
    rows[split] = chosen.length;
    for (let from = 0; from < chosen.length; from += SHARD_SAMPLES) {
      const name = `${split}-${String(from / SHARD_SAMPLES).padStart(3, "0")}.tar`;
      const members = chosen.slice(from, from + SHARD_SAMPLES).flatMap((each) => membersOf(each, namesOf(names, each.concept), picture++));
      files[name] = await writeShard(join(folder, name), members);
    }
  }
  const texts: Readonly<Record<string, string>> = {
    "captions.jsonl": concepts.map((concept) => captionLine(concept, namesOf(names, concept))).join(""),
    "tokenizer.json": JSON.stringify(
      trainBpe(
        concepts.flatMap(({ name, keywords }) => [name, name, ...keywords]),
        ENGLISH_TOKENS,
        [PAD],
      ),
    ),
    "tokenizer-ten.json": JSON.stringify(
      trainBpe(
        concepts.flatMap((concept) => Object.values(namesOf(names, concept))),
        ALL_TOKENS,
        [PAD],
      ),
    ),
    "LICENSES.md": licenceNote(styles),
  };
  for (const [name, text] of Object.entries(texts)) files[name] = writeText(join(folder, name), text);
  // Last: a record without its files would be taken for a finished set.
  const record: Prepared = { key, rows, files };
  writeText(join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  return { ...shardsOf(folder, record), rows, fresh: false };
}

const PAD = "<pad>";
const ENGLISH_TOKENS = 4096;
const ALL_TOKENS = 8192;

function shardsOf(folder: string, { files }: Prepared): Pick<EmojiSet, "train" | "test"> {
  const shards = (split: string): readonly string[] =>
    Object.keys(files)
      .filter((name) => name.startsWith(`${split}-`))
      .map((name) => join(folder, name));
  return { train: shards("train"), test: shards("test") };
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

/** A concept's name by language. */
type Names = Readonly<Record<string, string>>;
type NameTables = readonly { readonly language: string; readonly names: ReadonlyMap<string, string> }[];

function loadNames(concepts: readonly EmojiConcept[]): NameTables {
  const keys = new Set(concepts.map(({ key }) => key));
  return languages.map((language) => {
    const entries = readJson(`${captionSource.package}/${language}/data.json`) as readonly EmojibaseEntry[];
    const named = entries.map(({ hexcode, label }) => [conceptKey(hexcode), label.normalize("NFKC")] as const);
    return { language, names: new Map(named.filter(([key]) => keys.has(key))) };
  });
}

const namesOf = (tables: NameTables, { key, name }: EmojiConcept): Names =>
  Object.fromEntries(tables.map(({ language, names }) => [language, names.get(key) ?? name]));

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
  const png = await rasterise(drawing.svg);
  return png === null ? null : { style, concept, png };
}

function membersOf({ style, concept, png }: Picture, names: Names, picture: number): readonly Member[] {
  const key = `${style.name}-${concept.key}`;
  const known = {
    concept: concept.id,
    style: style.name,
    licence: style.licence,
    captions: captionsOf(concept, picture),
    names,
    all_names: Object.values(names),
  };
  return [
    { name: `${key}.png`, content: png },
    { name: `${key}.txt`, content: Buffer.from(concept.name) },
    { name: `${key}.json`, content: Buffer.from(JSON.stringify(known)) },
  ];
}

const captionLine = ({ key, id, name }: EmojiConcept, names: Names): string =>
  `${JSON.stringify({ key, concept: id, txt: name, names })}\n`;

function licenceNote(styles: readonly EmojiStyle[]): string {
  const line = (name: string, author: string, licence: string) => `- ${name}: ${author}, ${licence}\n`;
  return [
    "# Whose work this is\n\nBuilt on this machine from packages of the npm registry, for training and testing here. Pictures were cut and scaled.\n\n",
    ...styles.map((style) => line(style.package, style.author, style.licence)),
    line(captionSource.package, captionSource.author, captionSource.licence),
  ].join("");
}
