/**
 * map, reduce, and the contractions that have no rows or no columns: scalars at every point, the last dim in vectors.
 *
 * Results that keep the same dims are done in one pass over all points, others in a pass of their own. In a pass, tasks take
 * different points of what is kept; where that is little, the rest is split in a number of parts that follows from the
 * extents, and the parts are joined in order.
 */
import type { KernelOf, KernelOut, PointKernel, Scalar } from "../../../../compiler/kernel/kernel.js";
import { innerDims } from "../../../../compiler/kernel/factor.js";
import { block, type CText } from "./c-text.js";
import { emitFactor } from "./factor.js";
import { elementType, readElement } from "./elements.js";
import { axesOf, decode, placeOf, pointCount, pointerAt, strideAlong } from "./operands.js";
import { indicesFirst, type Place, type Reducer, reducerFor, valuesOf } from "./reducer.js";
import { laneOf } from "./scalar-ops.js";
import { emitScalars, type EmittedScalars } from "./scalars.js";
import { storeResult } from "./stored-result.js";
import { readWindow } from "./window.js";

export type EmittedKernel = { readonly functions: CText /** The statements of the kernel's own function. */; readonly body: CText };

export function emitPoints(name: string, kernel: PointKernel): EmittedKernel {
  const outer = kernel.dims - (kernel.form === "contract" ? kernel.inner : 0);
  const keepsAll = (out: KernelOut): boolean => new Set(out.access).size === outer;
  const groups = new Map<string, KernelOut[]>();
  for (const out of kernel.outs.filter((o) => !keepsAll(o))) {
    const key = [...new Set(out.access)].sort((a, b) => a - b).join();
    groups.set(key, [...(groups.get(key) ?? []), out]);
  }
  const whole = kernel.outs.filter(keepsAll);
  const passes = groups.size === 0 ? [[]] : [...groups.values()];
  const emitted = passes.map((reduced, k) => new Pass(`${name}_pass${k}`, kernel, outer, reduced, k === 0 ? whole : []).emit());
  return { functions: emitted.flatMap(({ functions }) => functions), body: emitted.flatMap(({ body }) => body) };
}

class Pass {
  readonly #name: string;
  readonly #kernel: PointKernel;
  readonly #reduced: readonly KernelOut[];
  readonly #whole: readonly KernelOut[];
  /** The dim that lanes run along; −1 where there is but one point. */
  readonly #lanes: number;
  readonly #rows: readonly number[];
  readonly #visited: readonly number[];
  readonly #keepsLanes: boolean;
  readonly #outer: number;
  #scalars!: EmittedScalars;
  #reducers: readonly (readonly [KernelOut, Reducer])[] = [];

  constructor(name: string, kernel: PointKernel, outer: number, reduced: readonly KernelOut[], whole: readonly KernelOut[]) {
    this.#name = name;
    this.#kernel = kernel;
    this.#reduced = reduced;
    this.#whole = whole.toSorted(indicesFirst);
    this.#outer = outer;
    this.#lanes = outer - 1;
    const all = Array.from({ length: outer }, (_, dim) => dim);
    const kept = new Set(reduced[0]?.access ?? all);
    this.#keepsLanes = this.#lanes < 0 || kept.has(this.#lanes);
    this.#rows = all.filter((dim) => dim !== this.#lanes && kept.has(dim));
    this.#visited = all.filter((dim) => dim !== this.#lanes && !kept.has(dim));
  }

  emit(): EmittedKernel {
    const contract = this.#kernel.form === "contract" ? this.#kernel : null;
    const outs = [...this.#reduced, ...this.#whole];
    // Rows first, what is visited inside, lanes innermost.
    const levelOf = (dims: readonly number[]): number =>
      dims.includes(this.#lanes) ? 3 : dims.some((dim) => this.#visited.includes(dim)) ? 2 : dims.length > 0 ? 1 : 0;
    this.#scalars = emitScalars(this.#kernel.scalars, valuesOf(this.#kernel, outs), {
      prefix: "s",
      levelOf,
      innermost: 3,
      load: (load, at) => {
        const pointer = `p${at}`;
        const { dtype } = load;
        if (!load.access.includes(this.#lanes)) return `splat_${laneOf(dtype)}(${readElement(dtype, pointer)})`;
        return `load_lanes_${dtype}(${pointer} + x * d${at}, d${at}, n)`;
      },
      window: (window) =>
        readWindow(this.#kernel.operands[window.operand]?.dtype ?? window.dtype, window, {
          lanes: this.#lanes,
          dense: false,
          width: "n",
          at: (dim) => `i${dim}`,
        }),
      index: (dim) => (dim === this.#lanes ? "(lane_iota() + (int32_t)x)" : `splat_i32((int32_t)i${dim})`),
      accumulator: () => "accumulator",
    });
    this.#reducers = this.#reduced.map((out) => [out, reducerFor(this.#kernel, out, this.#scalars, this.#keepsLanes ? "along" : "across")]);
    const functions: CText = [
      ...(contract === null ? [] : this.#dot(contract)),
      ...this.#stateType(),
      ...this.#task(),
      ...(this.#reducers.length === 0 ? [] : this.#fold()),
    ];
    return { functions, body: this.#launch() };
  }

  #loadsAt(level: number): readonly (readonly [Extract<Scalar, { kind: "load" }>, number])[] {
    return this.#kernel.scalars.flatMap((scalar, at) =>
      scalar.kind === "load" && this.#scalars.needed.has(at) && this.#pointerLevel(scalar.access) === level ? [[scalar, at] as const] : [],
    );
  }
  #pointerLevel(access: readonly number[]): number {
    return access.some((dim) => this.#visited.includes(dim)) ? 2 : access.some((dim) => this.#rows.includes(dim)) ? 1 : 0;
  }

  #pointers(level: number): CText {
    const dims = [...(level >= 1 ? this.#rows : []), ...(level >= 2 ? this.#visited : [])];
    const at = (dim: number): string => `i${dim}`;
    return [
      ...this.#loadsAt(level).flatMap(([{ operand, access }, k]) => [
        `const ${pointerType(this.#kernel, operand)}p${k} = ${pointerAt(this.#kernel, operand, access, dims, at)};`,
        ...(access.includes(this.#lanes) ? [`const int64_t d${k} = ${strideAlong(operand, access, this.#lanes)};`] : []),
      ]),
      ...this.#whole.flatMap((out) => {
        const { access } = axesOf(out);
        if (this.#pointerLevel(out.access) !== level) return [];
        return this.#placeLines(out, access, dims, at);
      }),
    ];
  }
  #placeLines(out: KernelOut, access: readonly number[], dims: readonly number[], at: (dim: number) => string): CText {
    const k = this.#kernel.outs.indexOf(out);
    return [
      `${pointerType(this.#kernel, out.operand)}w${k} = ${pointerAt(this.#kernel, out.operand, access, dims, at)};`,
      `const int64_t e${k} = ${this.#lanes < 0 ? "1" : strideAlong(out.operand, access, this.#lanes)};`,
    ];
  }

  #stateType(): CText {
    if (this.#reducers.length === 0) return [];
    return ["typedef struct {", this.#reducers.map(([, { type }], k) => `${type} r${k};`), `} ${this.#name}_state;`, ""];
  }

  /** Lanes x … x+n−1 of one row. */
  #vector(state: string): CText {
    return [
      ...(this.#kernel.form === "contract" ? [this.#accumulate()] : []),
      ...this.#scalars.lines(3),
      ...this.#whole.flatMap((out) => this.#store(out)),
      ...(this.#reducers.length === 0 ? [] : ["const i32v live = first_lanes(n);"]),
      ...this.#reducers.map(([, reducer], k) => reducer.take(`${state}.r${k}`, "live")),
    ];
  }
  #accumulate(): string {
    const dims = [...this.#rows, ...this.#visited].sort((a, b) => a - b);
    const at = Array.from({ length: this.#outer }, (_, dim) => (dims.includes(dim) ? `i${dim}` : "0"));
    return `const ${accumulatorVector(this.#kernel)} accumulator = ${this.#name}_dot(call, (const int64_t[]){${at.length === 0 ? "0" : at.join(", ")}}, x, n);`;
  }

  #store(out: KernelOut): CText {
    const k = this.#kernel.outs.indexOf(out);
    return storeResult(this.#kernel, out, this.#scalars, {
      at: `w${k} + x * e${k}`,
      step: `e${k}`,
      place: this.#place(out, "(x + l)"),
      merges: `call->accumulate[${k}]`,
    });
  }
  #place(out: KernelOut, x: string): Place {
    return placeOf(this.#kernel, out, (k) => `(w${k} + ${x} * e${k})`);
  }

  #task(): CText {
    return [
      ...block(`static void ${this.#name}(void *job_, int64_t task, int64_t thread)`, [
        "const sig_points *job = job_;",
        "const sig_call *call = job->call;",
        "(void)thread;",
        ...this.#pointers(0),
        ...this.#scalars.lines(0),
        ...(this.#reducers.length === 0 ? this.#mapTask() : this.#reduceTask()),
      ]),
      "",
    ];
  }

  #mapTask(): CText {
    return [
      "const int64_t first = task / job->strips * job->group, last = sig_least(first + job->group, job->rows);",
      "const int64_t begin = task % job->strips * job->strip, end = sig_least(begin + job->strip, job->length);",
      ...block("for (int64_t row = first; row < last; row++)", [
        ...decode("row", this.#rows),
        ...this.#pointers(1),
        ...this.#scalars.lines(1),
        ...block("for (int64_t x = begin; x < end; x += SIG_LANES)", [
          "const int64_t n = sig_least(SIG_LANES, end - x);",
          ...this.#vector(""),
        ]),
      ]),
    ];
  }

  /** One part of what a group of rows, or one strip of lanes, reduces. */
  #reduceTask(): CText {
    const states = this.#reducers.map((_, k) => k);
    const each = (lines: (k: number, state: string) => readonly string[]): CText => [
      "for (int w = 0; w < width; w++) {",
      states.flatMap((k) => lines(k, `state[w].r${k}`)),
      "}",
    ];
    const flush = this.#reducers.flatMap(([, reducer], k) => reducer.flush(`state[w].r${k}`));
    const flushLines: CText =
      flush.length === 0 ? [] : ["if (++terms % SIG_SUM_RUN == 0)", ["for (int w = 0; w < width; w++) {", flush, "}"]];
    const visit: CText = this.#keepsLanes
      ? [
          "for (int w = 0; w < width; w++) {",
          ["const int64_t x = begin + w * SIG_LANES, n = sig_least(SIG_LANES, end - x);", ...this.#vector("state[w]")],
          "}",
          ...flushLines,
        ]
      : [
          ...block("for (int64_t x = begin; x < end; x += SIG_LANES)", [
            "const int64_t n = sig_least(SIG_LANES, end - x);",
            "const int w = 0;",
            ...this.#vector("state[w]"),
            ...flushLines,
          ]),
        ];
    return [
      "const int64_t part = task % job->parts, strip = task / job->parts % job->strips;",
      "const int64_t first = task / job->parts / job->strips * job->group, last = sig_least(first + job->group, job->rows);",
      "const int64_t visit = sig_part(job->visits, part, job->visit_parts, 0), visited = sig_part(job->visits, part, job->visit_parts, 1);",
      ...(this.#keepsLanes
        ? this.#strip()
        : [
            "const int64_t begin = sig_lane_part(job->length, part, job->lane_parts, 0), end = sig_lane_part(job->length, part, job->lane_parts, 1);",
            "const int width = 1;",
          ]),
      ...block("for (int64_t row = first; row < last; row++)", [
        ...decode("row", this.#rows),
        ...this.#pointers(1),
        ...this.#scalars.lines(1),
        `${this.#name}_state state[${this.#states()}];`,
        ...(flush.length === 0 ? [] : ["int64_t terms = 0;"]),
        ...each((k, state) => [this.#reducers[k]?.[1].start(state) ?? ""]),
        ...block("for (int64_t r = visit; r < visited; r++)", [
          ...decode("r", this.#visited),
          ...this.#pointers(2),
          ...this.#scalars.lines(2),
          ...visit,
        ]),
        ...(flush.length === 0 ? [] : ["for (int w = 0; w < width; w++) {", flush, "}"]),
        "if (job->parts > 1) {",
        ["memcpy(job->slots + ((row * job->strips + strip) * job->parts + part) * job->slot_bytes, state, width * sizeof *state);"],
        "} else {",
        this.#put(),
        "}",
      ]),
    ];
  }

  /** The lanes that a task keeps, and in how many vectors. */
  #strip(): CText {
    return [
      "const int64_t begin = strip * job->strip, end = sig_least(begin + job->strip, job->length);",
      "const int width = (int)sig_parts(end - begin, SIG_LANES);",
    ];
  }
  #states(): string {
    return this.#keepsLanes ? `SIG_STRIP_VECTORS(${this.#name}_state)` : "1";
  }

  /** From `state` to memory, indices first. */
  #put(): CText {
    const dims = this.#rows;
    const places = this.#reduced.flatMap((out) => this.#placeLines(out, axesOf(out).access, dims, (dim) => `i${dim}`));
    const ordered = this.#reducers.map(([out, reducer], k) => ({ out, reducer, k })).sort((a, b) => indicesFirst(a.out, b.out));
    const puts = ordered.flatMap(({ out, reducer, k }): CText => {
      const merges = `call->accumulate[${this.#kernel.outs.indexOf(out)}]`;
      if (!this.#keepsLanes) return ["{", reducer.put(`state[0].r${k}`, "0", this.#place(out, "0"), merges), "}"];
      return [
        "for (int w = 0; w < width; w++)",
        [
          ...block(
            "for (int l = 0; l < SIG_LANES && begin + w * SIG_LANES + l < end; l++)",
            reducer.put(`state[w].r${k}`, "l", this.#place(out, "(begin + w * SIG_LANES + l)"), merges),
          ),
        ],
      ];
    });
    return [...places, ...puts];
  }

  #fold(): CText {
    return [
      ...block(`static void ${this.#name}_fold(void *job_, int64_t task, int64_t thread)`, [
        "const sig_points *job = job_;",
        "const sig_call *call = job->call;",
        `const int64_t row = task / job->strips${this.#keepsLanes ? ", strip = task % job->strips" : ""};`,
        "(void)thread;",
        ...decode("row", this.#rows),
        ...(this.#keepsLanes ? this.#strip() : ["const int width = 1;"]),
        "const char *slot = job->slots + task * job->parts * job->slot_bytes;",
        `${this.#name}_state state[${this.#states()}];`,
        "memcpy(state, slot, width * sizeof *state);",
        ...block("for (int64_t part = 1; part < job->parts; part++)", [
          `const ${this.#name}_state *other = (const ${this.#name}_state *)(slot + part * job->slot_bytes);`,
          ...block(
            "for (int w = 0; w < width; w++)",
            this.#reducers.flatMap(([, reducer], k) => reducer.join(`state[w].r${k}`, `other[w].r${k}`)),
          ),
        ]),
        ...this.#put(),
      ]),
      "",
    ];
  }

  #launch(): CText {
    const length = this.#lanes < 0 ? "1" : `call->extent[${this.#lanes}]`;
    const inner = this.#kernel.form === "contract" ? innerDims(this.#kernel) : [];
    const plan = `sig_points job = {.call = call, .rows = ${pointCount(this.#rows)}, .length = ${length}, .visits = ${pointCount(this.#visited)}, .cost = ${pointCount(inner)}};`;
    if (this.#reducers.length === 0) return ["{", [plan, `sig_map_run(&job, ${this.#name});`], "}"];
    return [
      "{",
      [
        plan,
        `sig_reduce_run(&job, ${this.#keepsLanes ? this.#states() : "0"}, sizeof(${this.#name}_state), ${this.#name}, ${this.#name}_fold);`,
      ],
      "}",
    ];
  }

  /** The contraction's sums for n points along the lanes: each one a dot product in vectors along k, its parts joined in rising order. */
  #dot(kernel: KernelOf<"contract">): CText {
    const lane = this.#scalars.lane(kernel.scalars.findIndex(({ kind }) => kind === "accumulator"));
    const real = lane === "f64" ? "f64" : "f32";
    const along = { lanes: kernel.inner === 0 ? -1 : kernel.dims - 1 };
    const [left, right] = [emitFactor("l", kernel, kernel.left, along), emitFactor("r", kernel, kernel.right, along)];
    const steady = [left, right].flatMap((factor) => [...factor.constant, ...factor.pointers, ...factor.steady]);
    const before = innerDims(kernel).slice(0, -1);
    const body: CText = [
      `const ${real}v product = ${left.cast(real)} * ${right.cast(real)};`,
      `part += select_${real}(mask_${real}(first_lanes(n)), product, (${real}v){0});`,
    ];
    const once: CText = [
      "const int64_t x = 0, n = 1;",
      ...steady,
      ...left.lines,
      ...right.lines,
      `sum = ((${real}v)(${left.cast(real)} * ${right.cast(real)}))[0];`,
    ];
    const loops: CText = [
      ...block(`for (int64_t r = 0; r < ${pointCount(before)}; r++)`, [
        ...decode("r", before),
        ...steady,
        ...block(`for (int64_t from = 0; from < call->extent[${kernel.dims - 1}]; from += SIG_RUN * SIG_LANES)`, [
          `const int64_t to = sig_least(call->extent[${kernel.dims - 1}], from + SIG_RUN * SIG_LANES);`,
          `${real}v part = {0};`,
          ...block("for (int64_t x = from; x < to; x += SIG_LANES)", [
            "const int64_t n = sig_least(SIG_LANES, to - x);",
            ...left.lines,
            ...right.lines,
            ...body,
          ]),
          "for (int l = 0; l < SIG_LANES; l++) sum += part[l];",
        ]),
      ]),
    ];
    const dims = Array.from({ length: this.#outer }, (_, dim) => dim);
    return [
      ...block(`SIG_INLINE ${real}v ${this.#name}_dot(const sig_call *call, const int64_t *at, int64_t first, int64_t count)`, [
        `${real}v out = {0};`,
        "(void)at;",
        ...block("for (int lane = 0; lane < count; lane++)", [
          ...dims.map((dim) => `const int64_t i${dim} = ${dim === this.#lanes ? "first + lane" : `at[${dim}]`};`),
          ...dims.map((dim) => `(void)i${dim};`),
          "double sum = 0;",
          ...(kernel.inner === 0 ? once : loops),
          `out[lane] = (${real === "f32" ? "float" : "double"})sum;`,
        ]),
        "(void)first;",
        "return out;",
      ]),
      "",
    ];
  }
}

const accumulatorVector = (kernel: PointKernel): string =>
  kernel.scalars.some((scalar) => scalar.kind === "accumulator" && scalar.dtype === "f64") ? "f64v" : "f32v";
const pointerType = (kernel: PointKernel, operand: number): string => `${elementType(kernel.operands[operand]?.dtype ?? "f32")} *`;
