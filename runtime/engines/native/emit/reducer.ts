/** The C of a result that points meet in: its state while they are visited, and how it reaches memory. */
import type { DType } from "../../../../compiler/graph/type.js";
import type { KernelOut, PointKernel } from "../../../../compiler/kernel/kernel.js";
import { isFloat } from "../../../../compiler/graph/type.js";
import { block, type CText } from "./c-text.js";
import { elementType, readElement, writeElement } from "./elements.js";
import type { EmittedScalars } from "./scalars.js";
import { isFloatLane, type Lane } from "./scalar-ops.js";

/** `across`: all lanes meet in one element. `along`: each lane has an element of its own. */
export type Direction = "across" | "along";

/** The address of a result's element in C, and that of the result which an index follows. `rank`: the step between the k best. */
export type Place = { readonly out: string; readonly rank: string; readonly key: string; readonly keyRank: string };

export type Reducer = {
  /** A C type: one vector of states. */
  readonly type: string;
  readonly start: (state: string) => string;
  readonly take: (state: string, live: string) => string;
  readonly flush: (state: string) => readonly string[];
  /** The second behind the first. */
  readonly join: (state: string, next: string) => CText;
  /** Begins with what is in memory, where that turns away most of what comes; a state that did is brought back as it is. */
  readonly resume: ((state: string, place: Place) => CText) | null;
  /** Brings a state to memory: all of it, or the given lane of it. `merges`: a C condition. */
  readonly put: (state: string, lane: string, place: Place, merges: string) => CText;
};

/** Indices before the values that they follow: they compare those as they were. For lists of results in the order of bringing them to memory. */
export const indicesFirst = (a: KernelOut, b: KernelOut): number => Number(a.by === null) - Number(b.by === null);

/** The entries of a kernel's DAG that some results need: their values, and those that their indices follow. */
export const valuesOf = ({ outs }: PointKernel, wanted: readonly KernelOut[]): readonly number[] =>
  wanted.flatMap(({ value, by }) => (by === null ? [value] : [value, outs[by]?.value ?? 0]));

export function reducerFor(kernel: PointKernel, out: KernelOut, scalars: EmittedScalars, direction: Direction): Reducer {
  const dtype = kernel.operands[out.operand]?.dtype ?? "f32";
  const value = { name: scalars.name(out.value), lane: scalars.lane(out.value) };
  switch (out.merge) {
    case "none":
      throw new Error("a result that is stored is not reduced");
    case "sum":
    case "max":
    case "min":
    case "logsumexp":
      return plain(out.merge, value.lane === "bool" ? { name: `bool_to_i32(${value.name})`, lane: "i32" } : value, dtype, direction);
    case "argmax":
      return argmax(value.name, key(kernel, out, scalars), dtype, direction);
    case "topk":
      return ranks(asKey(value), "splat_i32(0)", dtype, dtype, out.topk?.k ?? 1, "key", direction);
    case "topk_index": {
      const { keyed, keyDType } = key(kernel, out, scalars);
      return ranks(keyed, value.name, dtype, keyDType, out.topk?.k ?? 1, "index", direction);
    }
  }
}

type Value = { readonly name: string; readonly lane: Lane };
type Key = { readonly name: string; readonly lane: "f32" | "f64" };

/** Integers are ranked as f64, which holds them all. */
const asKey = ({ name, lane }: Value): Key =>
  isFloatLane(lane) ? { name, lane } : { name: lane === "bool" ? `bool_to_f64(${name})` : `${lane}_to_f64(${name})`, lane: "f64" };

function key(kernel: PointKernel, out: KernelOut, scalars: EmittedScalars): { readonly keyed: Key; readonly keyDType: DType } {
  const by = kernel.outs[out.by ?? -1];
  if (by === undefined) throw new Error("an index follows no result");
  return {
    keyed: asKey({ name: scalars.name(by.value), lane: scalars.lane(by.value) }),
    keyDType: kernel.operands[by.operand]?.dtype ?? "f32",
  };
}

function plain(merge: "sum" | "max" | "min" | "logsumexp", { name, lane }: Value, dtype: DType, direction: Direction): Reducer {
  const f = `${merge}_`;
  const number = `${f}s_${lane}`;
  return {
    type: `${merge}_${lane}`,
    start: (state) => `${f}start_${lane}(&${state});`,
    take: (state, live) => `${f}take_${lane}(&${state}, ${name}, ${live});`,
    flush: (state) => (merge === "sum" ? [`${f}flush_${lane}(&${state});`] : []),
    join: (state, next) => [`${f}join_${lane}(&${state}, &${next});`],
    resume: null,
    put: (state, at, { out }, merges) => [
      `const ${number} all = ${direction === "across" ? `${f}fold_${lane}(&${state})` : `${f}lane_${lane}(&${state}, ${at})`};`,
      writeElement(dtype, out, `${f}put_${lane}(all, ${merges} ? ${readElement(dtype, out)} : 0, ${merges})`),
    ],
  };
}

function argmax(
  index: string,
  { keyed, keyDType }: { readonly keyed: Key; readonly keyDType: DType },
  dtype: DType,
  direction: Direction,
): Reducer {
  const { name, lane } = keyed;
  return {
    type: `argmax_${lane}`,
    start: (state) => `argmax_start_${lane}(&${state});`,
    take: (state, live) => `argmax_take_${lane}(&${state}, ${name}, (i32v)${index}, ${live});`,
    flush: () => [],
    join: (state, next) => [`argmax_join_${lane}(&${state}, &${next});`],
    resume: null,
    put: (state, at, { out, key: stored }, merges) => [
      `const argmax_s_${lane} all = ${direction === "across" ? `argmax_fold_${lane}(&${state})` : `argmax_lane_${lane}(&${state}, ${at})`};`,
      writeElement(
        dtype,
        out,
        `argmax_put_${lane}(all, ${merges} ? (int32_t)${readElement(dtype, out)} : 0, ${merges} ? ${readElement(keyDType, stored)} : 0, ${merges})`,
      ),
    ],
  };
}

/** Writes the `shown` part of the k best pairs. */
function ranks(
  { name, lane }: Key,
  index: string,
  dtype: DType,
  keyDType: DType,
  k: number,
  shown: "key" | "index",
  direction: Direction,
): Reducer {
  const element = elementType(lane);
  const width = direction === "across" ? "1" : "SIG_LANES";
  // One list is read in whole vectors, of up to 16 lanes.
  const room = direction === "across" ? Math.ceil(k / 16) * 16 : k;
  const take = direction === "across" ? "topk_take_all" : "topk_take";
  const insert = (keys: string, indices: string, place: Place): string =>
    shown === "key"
      ? `topk_insert_${lane}(${keys}, ${indices}, ${k}, 1, ${readElement(keyDType, `${place.out} + rank * ${place.rank}`)}, 0);`
      : `topk_insert_${lane}(${keys}, ${indices}, ${k}, 1, ${readElement(keyDType, `${place.key} + rank * ${place.keyRank}`)}, (int32_t)${readElement(dtype, `${place.out} + rank * ${place.rank}`)});`;
  const store = (value: string): string => (shown === "index" || isFloat(dtype) ? value : `${value} < -0x1p31 ? -0x1p31 : ${value}`);
  return {
    type: `struct { ${element} key[${room} * ${width}]; int32_t index[${room} * ${width}]; }`,
    start: (state) => `topk_start_${lane}(${state}.key, ${state}.index, ${room} * ${width});`,
    take: (state, live) => `${take}_${lane}(${state}.key, ${state}.index, ${k}, ${name}, (i32v)${index}, ${live});`,
    flush: () => [],
    join: (state, next) => [
      ...block(`for (int rank = 0; rank < ${k}; rank++)`, [
        ...block(`for (int lane = 0; lane < ${width}; lane++)`, [
          `const int e = rank * ${width} + lane;`,
          `topk_insert_${lane}(${state}.key + lane, ${state}.index + lane, ${k}, ${width}, ${next}.key[e], ${next}.index[e]);`,
        ]),
      ]),
    ],
    resume:
      direction === "along"
        ? null
        : (state, place) => [`for (int rank = 0; rank < ${k}; rank++) ${insert(`${state}.key`, `${state}.index`, place)}`],
    put: (state, at, place, merges) => [
      `${element} key[${k}];`,
      `int32_t index[${k}];`,
      `for (int rank = 0; rank < ${k}; rank++) key[rank] = ${state}.key[rank * ${width}${lanes(direction, at)}], index[rank] = ${state}.index[rank * ${width}${lanes(direction, at)}];`,
      `if (${merges})`,
      [`for (int rank = 0; rank < ${k}; rank++) ${insert("key", "index", place)}`],
      `for (int rank = 0; rank < ${k}; rank++) ${writeElement(dtype, `${place.out} + rank * ${place.rank}`, store(`${shown}[rank]`))}`,
    ],
  };
}
const lanes = (direction: Direction, at: string): string => (direction === "across" ? "" : ` + ${at}`);
