/** Classification by the names of the classes: each stands for the mean of its captions, and the nearest class wins. Radford et al. 2021. */
import { type HostArray, hostArray, valueAt } from "../data/host-array.js";
import type { Machine } from "./compiled.js";
import { type Embeddings, matrixOf } from "./embeddings.js";
import { wrongBefore } from "./ranks.js";

/** Where a template says the class's name. */
export const PLACE = "{}";

/** Every class in every template, class by class. */
export const captionsOf = (classes: readonly string[], templates: readonly string[]): readonly string[] =>
  classes.flatMap((name) => templates.map((template) => template.replaceAll(PLACE, () => name)));

/**
 * One vector a class: the captions' embeddings, each of length 1, averaged, and of length 1 again. Rows come in the order of
 * `captionsOf`, in pieces of any size. A class with a broken caption has no vector and is never found.
 */
export class ClassVectors {
  readonly #sums: Float64Array;
  readonly #classes: number;
  readonly #templates: number;
  readonly #width: number;
  #rows = 0;

  constructor(classes: number, templates: number, width: number) {
    this.#classes = classes;
    this.#templates = templates;
    this.#width = width;
    this.#sums = new Float64Array(classes * width);
  }

  add(captions: HostArray): void {
    const { rows, width } = matrixOf(captions);
    if (width !== this.#width || this.#rows + rows > this.#classes * this.#templates) throw new Error("not the captions of these classes");
    const row = new Float64Array(width);
    for (let r = 0; r < rows; r++) {
      const at = Math.floor((this.#rows + r) / this.#templates) * width;
      for (let k = 0; k < width; k++) row[k] = valueAt(captions, r * width + k);
      const length = norm(row);
      for (let k = 0; k < width; k++) this.#sums[at + k] = (this.#sums[at + k] ?? 0) + (row[k] ?? 0) / length;
    }
    this.#rows += rows;
  }

  finish(): HostArray<"f64"> {
    if (this.#rows !== this.#classes * this.#templates) throw new Error(`${this.#rows} captions of ${this.#classes * this.#templates}`);
    const vectors = this.#sums.slice();
    for (let c = 0; c < this.#classes; c++) {
      const row = vectors.subarray(c * this.#width, (c + 1) * this.#width);
      const length = norm(row);
      row.forEach((value, k) => (row[k] = value / length));
    }
    return hostArray("f64", [this.#classes, this.#width], vectors);
  }
}

export type ZeroShot = {
  /** Pictures whose label is one of the classes. */
  readonly pictures: number;
  /** Pictures with another label. They are left out. */
  readonly unlabelled: number;
  /** Share of pictures whose class is among the first k, by k; the same for each class, null where it has no picture. */
  readonly at: Readonly<Record<number, number>>;
  readonly perClass: readonly { readonly pictures: number; readonly top1: number | null }[];
};

/** `images.ids` are labels: places in the list of classes. A class with the same score goes before the right one. */
export async function zeroShot(images: Embeddings, classes: HostArray, ks: readonly number[], machine: Machine): Promise<ZeroShot> {
  const { rows: count } = matrixOf(classes);
  const ids = Int32Array.from({ length: count }, (_, c) => c);
  const { texts: before } = await wrongBefore(images, { vectors: classes, ids }, machine);
  const labelled = [...images.ids.keys()].filter((row) => (images.ids[row] ?? -1) >= 0 && (images.ids[row] ?? -1) < count);
  const hits = (rows: readonly number[], k: number): number => rows.filter((row) => (before[row] ?? 0) < k).length;
  const byClass = Array.from({ length: count }, (): number[] => []);
  for (const row of labelled) byClass[images.ids[row] ?? 0]?.push(row);
  return {
    pictures: labelled.length,
    unlabelled: images.ids.length - labelled.length,
    at: Object.fromEntries(ks.map((k) => [k, labelled.length === 0 ? 0 : hits(labelled, k) / labelled.length])),
    perClass: byClass.map((rows) => ({ pictures: rows.length, top1: rows.length === 0 ? null : hits(rows, 1) / rows.length })),
  };
}

const norm = (row: Float64Array): number => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
