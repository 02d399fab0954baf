/** Results of an evaluation, for a person and for a program. */
import type { Direction } from "../eval/retrieval.js";
import type { TaskResult } from "../eval/evaluate.js";
import { jsonNumber } from "./json.js";
import { textTable } from "./text-table.js";

export function jsonTask(found: TaskResult): object {
  const { task } = found;
  const about = { kind: found.kind, image: task.image.name, text: task.text.name };
  if (found.kind === "retrieval") {
    const { imageToText, textToImage } = found.result;
    return { ...about, imageToText: jsonDirection(imageToText), textToImage: jsonDirection(textToImage) };
  }
  const { pictures, unlabelled, at, perClass } = found.result;
  return {
    ...about,
    pictures,
    unlabelled,
    templates: found.templates.length,
    accuracy: at,
    classes: found.classes.map((name, k) => ({ name, ...perClass[k] })),
  };
}

const jsonDirection = ({ at, chance, meanRank, medianRank, ...counts }: Direction): object => ({
  ...counts,
  recall: at,
  chance,
  meanRank: jsonNumber(meanRank),
  medianRank: jsonNumber(medianRank),
});

const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`;
const rank = (value: number): string => (Number.isNaN(value) ? "-" : String(Number(value.toFixed(1))));

export function taskText(found: TaskResult): string {
  const { task } = found;
  const title = `${found.kind}(image: ${task.image.name}, text: ${task.text.name})\n`;
  return title + (found.kind === "retrieval" ? retrievalText(found) : zeroShotText(found));
}

function retrievalText({ result: { imageToText, textToImage } }: Extract<TaskResult, { readonly kind: "retrieval" }>): string {
  const ks = Object.keys(imageToText.at).map(Number);
  const row = (way: string, found: Direction): readonly string[] => [
    way,
    String(found.queries),
    String(found.candidates),
    ...ks.map((k) => percent(found.at[k] ?? 0)),
    rank(found.medianRank),
    rank(found.meanRank),
  ];
  const chance = (way: string, found: Direction): readonly string[] => [
    `${way}, by chance`,
    "",
    "",
    ...ks.map((k) => percent(found.chance[k] ?? 0)),
  ];
  const head = ["", "queries", "among", ...ks.map((k) => `R@${k}`), "median", "mean rank"];
  const right = head.map((_, k) => k).slice(1);
  const left = [imageToText, textToImage].map(({ unanswerable }, k) =>
    unanswerable === 0 ? "" : `${unanswerable} ${k === 0 ? "pictures" : "texts"} have no right answer here and are left out\n`,
  );
  return (
    textTable(
      head,
      [
        row("image to text", imageToText),
        chance("image to text", imageToText),
        row("text to image", textToImage),
        chance("text to image", textToImage),
      ],
      right,
    ) + left.join("")
  );
}

/** Beyond this many, the weakest are shown. */
const CLASSES_SHOWN = 20;

function zeroShotText({ result, classes, templates }: Extract<TaskResult, { readonly kind: "zero_shot" }>): string {
  const { pictures, unlabelled, at, perClass } = result;
  const shares = Object.entries(at).map(
    ([k, share]) => `top-${k} ${percent(share)} (by chance ${percent(Math.min(1, Number(k) / classes.length))})`,
  );
  const rows = classes
    .map((name, k) => ({ name, pictures: perClass[k]?.pictures ?? 0, top1: perClass[k]?.top1 ?? null }))
    .filter((one) => one.top1 !== null)
    .sort((a, b) => (a.top1 ?? 0) - (b.top1 ?? 0));
  const shown = rows.slice(0, CLASSES_SHOWN);
  const more = rows.length > shown.length ? `the ${shown.length} weakest of ${rows.length} classes\n` : "";
  const left = unlabelled === 0 ? "" : `${unlabelled} pictures have a label that is no class and are left out\n`;
  return (
    `${pictures} pictures, ${classes.length} classes, ${templates.length} ${templates.length === 1 ? "template" : "templates"}: ${shares.join(", ")}\n` +
    left +
    more +
    textTable(
      ["class", "pictures", "top-1"],
      shown.map((one) => [one.name, String(one.pictures), percent(one.top1 ?? 0)]),
      [1, 2],
    )
  );
}
