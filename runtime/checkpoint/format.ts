import { Ajv, type ValidateFunction } from "ajv";
import type { DType } from "../../compiler/graph/type.js";
import type { HostArray } from "../data/host-array.js";
import type { Position } from "../data/shuffle.js";
import { userError } from "../user-error.js";
import { checkpointMessages } from "./messages.js";

export const FORMAT_VERSION = 1;
export const DOCUMENT = "checkpoint.json";
/** Those beyond are found again after a resume: the document stays within what is read. */
export const MOST_BROKEN = 2 ** 19;

/** The parts of a checkpoint that hold tensors, each a file. An optional part without tensors is neither written nor described. */
export const groups = {
  /** By parameter path. */
  model: { file: "model.safetensors", optional: false },
  /** The optimiser's state, by its own names. */
  optimizer: { file: "optimizer.safetensors", optional: false },
  /** The moving average of the parameters, by parameter path; what is not trained stands there as it is. */
  ema: { file: "ema.safetensors", optional: true },
} as const satisfies Readonly<Record<string, { readonly file: string; readonly optional: boolean }>>;
export type Group = keyof typeof groups;
export type Grouped<T> = { readonly [K in Group]: T };
export const groupNames = Object.keys(groups) as readonly Group[];
export const eachGroup = <T>(make: (group: Group) => T): Grouped<T> =>
  Object.fromEntries(groupNames.map((group) => [group, make(group)])) as Grouped<T>;

/** All that is needed to go on with the same bits. */
export type Checkpoint = {
  readonly pipeline: string;
  /** A hash of the compiled step: the same parameters may be trained in another way. */
  readonly program: string;
  /** Steps done. */
  readonly step: number;
  readonly position: Position;
  /** What must not change between writing and loading besides the program: tokenizer, preprocessing. */
  readonly fixed: Readonly<Record<string, string>>;
  /** Rows of the samples that were found broken and left out, in the order in which they were come to. */
  readonly broken: readonly number[];
} & Grouped<ReadonlyMap<string, HostArray>>;

export type TensorType = { readonly dtype: DType; readonly shape: readonly number[] };

/** `checkpoint.json`. */
export type CheckpointDocument = {
  readonly formatVersion: number;
  readonly pipeline: string;
  readonly program: string;
  readonly step: number;
  readonly position: Position;
  readonly fixed: Readonly<Record<string, string>>;
  /** Nothing in checkpoints that were written before it was kept. */
  readonly broken?: readonly number[];
  readonly tensors: Partial<Grouped<Readonly<Record<string, TensorType>>>>;
  readonly files: Partial<Grouped<{ readonly bytes: number; readonly sha256: string }>>;
};

const count = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const exactly = <P extends Readonly<Record<string, object>>>(properties: P, optional: Readonly<Record<string, object>> = {}) =>
  ({
    type: "object",
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
    additionalProperties: false,
  }) as const;
const perGroup = <S extends object>(schema: S) =>
  ({
    type: "object",
    properties: eachGroup(() => schema),
    required: groupNames.filter((group) => !groups[group].optional),
    additionalProperties: false,
  }) as const;
const mapOf = <S extends object>(values: S) => ({ type: "object", additionalProperties: values }) as const;

const tensorSchema = exactly({
  dtype: { enum: ["bool", "i32", "u32", "bf16", "f16", "f32", "f64"] satisfies DType[] },
  shape: { type: "array", items: count, maxItems: 64 },
});
const fileSchema = exactly({ bytes: count, sha256: { type: "string", pattern: "^[0-9a-f]{64}$" } });

/** The JSON Schema of `checkpoint.json`. */
export const checkpointSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Sig checkpoint",
  ...exactly(
    {
      formatVersion: { const: FORMAT_VERSION },
      pipeline: { type: "string" },
      program: { type: "string" },
      step: count,
      position: exactly({ seed: count, epoch: count, row: count }),
      fixed: mapOf({ type: "string" }),
      tensors: perGroup(mapOf(tensorSchema)),
      files: perGroup(fileSchema),
    },
    { broken: { type: "array", items: count } },
  ),
} as const;

/** Compiled when the first checkpoint is read: it takes as long as all of a small run. */
let compiled: ValidateFunction<CheckpointDocument> | null = null;
const ajv = (): Ajv => new Ajv({ strict: true });

export function parseDocument(file: string, text: string): CheckpointDocument {
  const fail = (reason: string) => userError(checkpointMessages.document, { file, reason });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw fail("it is not JSON");
  }
  const version = typeof json === "object" && json !== null && "formatVersion" in json ? json.formatVersion : undefined;
  if (typeof version === "number" && version !== FORMAT_VERSION)
    throw userError(checkpointMessages.version, { file, found: version, known: FORMAT_VERSION });
  compiled ??= ajv().compile<CheckpointDocument>(checkpointSchema);
  if (!compiled(json)) throw fail(ajv().errorsText(compiled.errors, { dataVar: DOCUMENT }));
  return json;
}

export function describeTensors(tensors: ReadonlyMap<string, HostArray>): Readonly<Record<string, TensorType>> {
  return Object.fromEntries([...tensors].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}
