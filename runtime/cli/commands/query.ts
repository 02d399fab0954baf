import { type Command, Option } from "commander";
import { basename } from "node:path";
import type { LoweredProgram } from "../../../compiler/lower/program.js";
import { diagnose } from "../../../grammar/diagnostic.js";
import { writeAtomically } from "../../data/atomic-write.js";
import { RandomAccessFile } from "../../data/random-access-file.js";
import { contactSheet, type SheetCell } from "../../eval/contact-sheet.js";
import { evalMessages } from "../../eval/messages.js";
import { type Found, findNearest, type Side, type Wanted } from "../../eval/query.js";
import { captionOf, pictureOf } from "../../eval/shown.js";
import { LARGEST_MEMBER } from "../../samples/sample.js";
import { userError } from "../../user-error.js";
import { evaluationDocument, type EvaluationOptions, type OpenEvaluation, withEvaluation, withEvaluationOptions } from "../evaluation.js";
import { jsonNumber } from "../json.js";
import { cliMessages } from "../messages.js";
import { countOption } from "../parse-options.js";
import { ProgramRefused } from "../program-refused.js";
import { RowProgress } from "../row-progress.js";
import { jsonFlag, type Register } from "../session.js";
import { textTable } from "../text-table.js";

type Options = EvaluationOptions & {
  readonly text?: readonly string[];
  readonly image?: string;
  readonly among?: Side;
  readonly k: number;
  readonly sheet?: string;
};

export const registerQuery: Register = (parent, { console, finish }) => {
  const command = parent.command("query").summary("find the nearest pictures or captions").argument("<file>", "the program; - is stdin");
  withQueryOptions(withEvaluationOptions(command))
    .description(
      "Finds the examples nearest to a caption or a picture: pictures for a caption, captions for a picture, unless --among says otherwise.",
    )
    .option(...jsonFlag)
    .action(async (path: string, options: Options) => {
      const wanted = wantedOf(options);
      const among = options.among ?? (wanted.kind === "text" ? "image" : "text");
      if (options.sheet !== undefined && among === "text") throw userError(evalMessages.noPictures, { reason: "captions are searched" }, 2);
      const exit = await withEvaluation(path, options, console, async (open) => {
        const { loaded, program } = open;
        const [task] = program.evaluation?.tasks ?? [];
        if (task === undefined)
          throw new ProgramRefused([diagnose(cliMessages.noTask, program.span, { pipeline: program.name })], loaded.sources);
        const progress = new RowProgress(console);
        const query = { ...open, task, wanted, among, k: options.k, placeOf: loaded.placeOf, onProgress: progress.tell };
        const lists = await findNearest(query).finally(() => progress.end());
        const found = await Promise.all(lists.map((list) => Promise.all(list.map((one) => captioned(program, task.text.name, one)))));
        const titles = wanted.kind === "text" ? wanted.texts : [basename(wanted.origin)];
        if (options.sheet !== undefined) await writeSheet(options.sheet, open, task.image.name, titles, found);
        if (options.json)
          console.out(
            evaluationDocument(open, {
              among,
              queries: found.map((list, q) => ({
                query: wanted.kind === "text" ? { kind: "text", text: wanted.texts[q] } : { kind: "image", file: wanted.origin },
                results: list.map(({ score, key, place, caption }, k) => ({ rank: k + 1, score: jsonNumber(score), key, place, caption })),
              })),
              sheet: options.sheet ?? null,
            }),
          );
        else console.out(found.map((list, q) => `${found.length > 1 ? `${printable(titles[q] ?? "")}\n` : ""}${tableOf(list)}`).join("\n"));
      });
      finish(exit);
    });
};

const withQueryOptions = (command: Command): Command =>
  command
    .addOption(
      new Option("--text <caption>", "what is sought, in words; repeatable")
        .argParser<readonly string[] | undefined>((text, before) => [...(before ?? []), text])
        .conflicts("image"),
    )
    .option("--image <file>", "what is sought, as a PNG, JPEG or WebP")
    .addOption(new Option("--among <side>", "what is searched").choices(["image", "text"]))
    .option("-k, --k <count>", "how many are found", countOption("--k", 1), 10)
    .option("--sheet <file.png>", "write the found pictures side by side");

function wantedOf({ text, image }: Options): Wanted {
  if (text !== undefined) return { kind: "text", texts: text };
  if (image === undefined) throw userError(cliMessages.nothingSought, {}, 2);
  const file = RandomAccessFile.open(image);
  try {
    // Checked before memory is taken.
    if (file.size > LARGEST_MEMBER) throw userError(cliMessages.pictureTooLarge, { file: image, bytes: file.size, most: LARGEST_MEMBER });
    return { kind: "image", bytes: file.bytes(0, file.size) ?? new Uint8Array(0), origin: image };
  } finally {
    file.close();
  }
}

type Captioned = Found & { readonly caption: string | null };

const captioned = async (program: LoweredProgram, value: string, one: Found): Promise<Captioned> => ({
  ...one,
  caption: one.sample === null ? null : await captionOf(program, value, one.sample),
});

const tableOf = (list: readonly Captioned[]): string =>
  textTable(
    ["rank", "score", "key", "caption"],
    list.map(({ score, key, caption }, k) => [String(k + 1), score.toFixed(4), printable(key), printable(caption ?? "")]),
    [0, 1],
  );

async function writeSheet(
  path: string,
  { program }: OpenEvaluation,
  value: string,
  titles: readonly string[],
  found: readonly (readonly Captioned[])[],
): Promise<void> {
  const cellOf = async ({ sample, score, key, caption }: Captioned): Promise<SheetCell> => {
    const picture = sample === null ? null : await pictureOf(program, value, sample);
    if (picture === null) throw userError(evalMessages.noPictures, { reason: `${value} is not computed from pictures of samples` });
    return { picture, score, caption: caption ?? key };
  };
  const parts = await Promise.all(found.map(async (list, q) => ({ title: titles[q] ?? "", cells: await Promise.all(list.map(cellOf)) })));
  const png = await contactSheet(parts);
  writeAtomically(path, (sink) => sink(png));
}

/** Keys and captions come from files of strangers; what would steer a terminal is shown as a space. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ").slice(0, 200);
