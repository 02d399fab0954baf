/** The tasks of a program's eval block over examples: each value is computed once, whichever tasks ask for it. */
import { resolve } from "node:path";
import type { EvalSpec, EvalTask, RetrievalTask, ZeroShotTask } from "../../compiler/lower/eval-spec.js";
import type { LoweredProgram } from "../../compiler/lower/program.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { HostArray } from "../data/host-array.js";
import type { PlaceOf } from "../feed/place.js";
import { userError } from "../user-error.js";
import type { Machine } from "./compiled.js";
import type { Embeddings } from "./embeddings.js";
import { Encoder } from "./encoder.js";
import type { Examples } from "./examples.js";
import { gather, type Gathered } from "./gather.js";
import { evalMessages } from "./messages.js";
import { type Retrieval, retrieval } from "./retrieval.js";
import { readTemplates, readTextList } from "./text-list.js";
import { captionsOf, ClassVectors, PLACE, type ZeroShot, zeroShot } from "./zero-shot.js";

export type Evaluation = {
  readonly program: LoweredProgram;
  readonly spec: EvalSpec;
  readonly examples: Examples;
  readonly parameters: ReadonlyMap<string, HostArray>;
  readonly machine: Machine;
  readonly batch: number;
  /** Of the program: files that it names lie relative to it. */
  readonly folder: string;
  readonly placeOf: PlaceOf;
  readonly onWarning: (warning: Diagnostic) => void;
  /** `what` is a value's name, or "classes"; `of` is null where it is not known before. */
  readonly onProgress: (what: string, done: number, of: number | null) => void;
};

export type TaskResult =
  | { readonly kind: "retrieval"; readonly task: RetrievalTask; readonly result: Retrieval }
  | {
      readonly kind: "zero_shot";
      readonly task: ZeroShotTask;
      readonly result: ZeroShot;
      readonly classes: readonly string[];
      readonly templates: readonly string[];
    };

export const RECALL_AT = [1, 5, 10] as const;
export const ACCURACY_AT = [1, 5] as const;

export async function evaluateTasks(run: Evaluation): Promise<readonly TaskResult[]> {
  const sides = new Map<string, Gathered>();
  for (const group of groupsOf(run)) {
    const gathered = await encodeGroup(run, group);
    if (gathered.rows.length === 0) throw userError(evalMessages.noExamples, { values: group.values.join(" and ") });
    for (const value of group.values) sides.set(value, gathered);
  }
  const sideOf = (value: string, ids: string | null): Embeddings & { readonly rows: Int32Array } => {
    const side = sides.get(value);
    const vectors = side?.vectors.get(value);
    const numbers = ids === null ? side?.rows : side?.numbers.get(ids);
    if (side === undefined || vectors === undefined || numbers === undefined) throw new Error(`${value} has not been computed`);
    return { vectors, ids: numbers, rows: side.rows };
  };
  const results: TaskResult[] = [];
  for (const task of run.spec.tasks) {
    if (task.kind === "retrieval") {
      const [images, texts] = [sideOf(task.image.name, task.ids?.image ?? null), sideOf(task.text.name, task.ids?.text ?? null)];
      if (task.ids === null) requirePairs(run, task, images.ids.length, texts.ids.length);
      results.push({ kind: "retrieval", task, result: await retrieval(images, texts, RECALL_AT, run.machine) });
    } else results.push(await classify(run, task, sideOf(task.image.name, task.label)));
  }
  return results;
}

type Group = { readonly values: readonly string[]; readonly numbers: readonly string[] };

/** What is computed in one pass over the examples. */
function groupsOf({ spec, examples }: Evaluation): readonly Group[] {
  const numbers = new Map<string, Set<string>>();
  const need = (value: string, input: string | null): void => {
    const known = numbers.get(value) ?? new Set();
    numbers.set(value, input === null ? known : known.add(input));
  };
  for (const task of spec.tasks) {
    need(task.image.name, task.kind === "retrieval" ? (task.ids?.image ?? null) : task.label);
    if (task.kind === "retrieval") need(task.text.name, task.ids?.text ?? null);
  }
  if (!examples.together) return [...numbers].map(([value, inputs]) => ({ values: [value], numbers: [...inputs] }));
  return [{ values: [...numbers.keys()], numbers: [...new Set([...numbers.values()].flatMap((inputs) => [...inputs]))] }];
}

async function encodeGroup({ program, examples, onProgress, ...options }: Evaluation, { values, numbers }: Group): Promise<Gathered> {
  const encoder = await Encoder.load(program, values, options);
  try {
    const needed = new Set([...encoder.program.inputs.map(({ name }) => name), ...numbers]);
    const rows = await examples.open(program.inputs.filter(({ name }) => needed.has(name)));
    try {
      return await gather(encoder, rows, numbers, (done) => onProgress(values.join(" and "), done, rows.count));
    } finally {
      rows.close();
    }
  } finally {
    encoder.dispose();
  }
}

function requirePairs({ placeOf }: Evaluation, task: EvalTask, images: number, texts: number): void {
  if (images !== texts)
    throw userError(evalMessages.rowsDiffer, {
      place: placeOf(task.span),
      image: task.image.name,
      text: task.text.name,
      images,
      texts,
    });
}

async function classify(run: Evaluation, task: ZeroShotTask, images: Embeddings): Promise<TaskResult> {
  const classes = readTextList(resolve(run.folder, task.classes));
  const templates = task.templates === null ? [PLACE] : readTemplates(resolve(run.folder, task.templates));
  const encoder = await Encoder.load(run.program, [task.text.name], run);
  try {
    const captions = captionsOf(classes, templates);
    const vectors = new ClassVectors(classes.length, templates.length, task.text.width);
    for (let from = 0; from < captions.length; from += encoder.batch) {
      const piece = captions.slice(from, from + encoder.batch);
      const inputs = await run.examples.ofTexts(encoder.program.inputs, piece);
      const rows = Int32Array.from(piece, (_, k) => from + k);
      const values = await encoder.encode(inputs, rows, (input) => `the captions of ${task.classes} as ${input}`);
      const embedded = values.get(task.text.name);
      if (embedded === undefined) throw new Error(`${task.text.name} has not been computed`);
      vectors.add(embedded);
      run.onProgress("classes", from + piece.length, captions.length);
    }
    return { kind: "zero_shot", task, result: await zeroShot(images, vectors.finish(), ACCURACY_AT, run.machine), classes, templates };
  } finally {
    encoder.dispose();
  }
}
