/** A contraction with rows and columns, as its C sees it: what is reduced along what, and where operands lie for a register tile. */
import type { KernelOf, KernelOut, Scalar } from "../../../../compiler/kernel/kernel.js";
import type { CText } from "./c-text.js";
import { elementType, readElement } from "./elements.js";
import { axesOf, placeOf, pointerAt, strideAlong } from "./operands.js";
import { storesPanels } from "./panels.js";
import { type Direction, indicesFirst, type Reducer, reducerFor, valuesOf } from "./reducer.js";
import type { Roles } from "./roles.js";
import { laneOf } from "./scalar-ops.js";
import { emitScalars, type EmittedScalars } from "./scalars.js";
import { readWindow } from "./window.js";

type Load = Extract<Scalar, { kind: "load" }>;

export type Reduced = { readonly out: KernelOut; readonly place: number; readonly reducer: Reducer };

export class MatrixProduct {
  readonly name: string;
  readonly kernel: KernelOf<"contract">;
  readonly roles: Roles;
  readonly scalars: EmittedScalars;
  readonly real: "f32" | "f64";
  /** Results that keep rows and columns. */
  readonly whole: readonly KernelOut[];
  /** What is reduced along columns, along rows, and along both. */
  readonly rows: readonly Reduced[];
  readonly columns: readonly Reduced[];
  readonly numbers: readonly Reduced[];

  constructor(name: string, kernel: KernelOf<"contract">, roles: Roles) {
    this.name = name;
    this.kernel = kernel;
    this.roles = roles;
    const { row, column } = roles;
    const accumulator = kernel.scalars.find(({ kind }) => kind === "accumulator");
    this.real = accumulator?.dtype === "f64" ? "f64" : "f32";
    this.scalars = emitScalars(kernel.scalars, valuesOf(kernel, kernel.outs), {
      prefix: "s",
      levelOf: (dims) => (dims.includes(row) ? 2 : dims.includes(column) ? 1 : 0),
      innermost: 2,
      index: (dim) =>
        dim === column ? "(lane_iota() + (int32_t)x)" : dim === row ? "splat_i32((int32_t)y)" : `splat_i32((int32_t)i${dim})`,
      load: (load, at) => this.#load(load, at),
      window: (window) =>
        readWindow(kernel.operands[window.operand]?.dtype ?? window.dtype, window, {
          lanes: column,
          dense: false,
          width: "n",
          at: (dim) => (dim === row ? "y" : `i${dim}`),
        }),
      accumulator: (lane) => `load_${lane}(tile + (y - row) * NR_${this.real} + g)`,
    });
    const has = (out: KernelOut, dim: number): boolean => out.access.includes(dim);
    const outer = kernel.dims - kernel.inner;
    const full = (out: KernelOut): boolean => new Set(out.access).size === outer;
    const pick = (where: (out: KernelOut) => boolean, direction: Direction): readonly Reduced[] =>
      kernel.outs.flatMap((out, place) =>
        !full(out) && where(out) ? [{ out, place, reducer: reducerFor(kernel, out, this.scalars, direction) }] : [],
      );
    // Where rows and columns are kept but not every point, one product after another is merged.
    this.whole = kernel.outs.filter((out) => has(out, row) && has(out, column)).toSorted(indicesFirst);
    this.rows = pick((out) => has(out, row) && !has(out, column), "across");
    this.columns = pick((out) => !has(out, row) && has(out, column), "along");
    this.numbers = pick((out) => !has(out, row) && !has(out, column), "across");
  }

  /** The C type that products are added up in. */
  get element(): string {
    return elementType(this.real);
  }

  /** Nothing is reduced, so that a task may take some of the columns. */
  get isGrid(): boolean {
    return this.rows.length === 0 && this.columns.length === 0;
  }

  points(): CText {
    return this.roles.points.flatMap((dim) => [`const int64_t i${dim} = c->at[${dim}];`, `(void)i${dim};`]);
  }

  #load({ operand, access, dtype }: Load, at: number): string {
    const { row, column } = this.roles;
    const here = access.includes(row) ? `p${at} + y * dy${at}` : `p${at}`;
    return access.includes(column)
      ? `load_lanes_${dtype}(${here} + x * dx${at}, dx${at}, n)`
      : `splat_${laneOf(dtype)}(${readElement(this.kernel.operands[operand]?.dtype ?? dtype, here)})`;
  }

  /** The kinds of states that its tasks have. */
  states(): readonly (readonly [string, readonly Reduced[]])[] {
    return (
      [
        ["rows", this.rows],
        ["columns", this.columns],
        ["numbers", this.numbers],
      ] as const
    ).filter(([, list]) => list.length > 0);
  }

  /** What the epilogue reads, with its place among the scalars. */
  loads(): readonly (readonly [Load, number])[] {
    return this.kernel.scalars.flatMap((scalar, k) => (scalar.kind === "load" && this.scalars.needed.has(k) ? [[scalar, k] as const] : []));
  }

  loadLines({ operand, access }: Load, k: number, known = ""): CText {
    const { row, column, points } = this.roles;
    return [
      `const ${elementType(this.kernel.operands[operand]?.dtype ?? "f32")} *p${k} = ${pointerAt(this.kernel, operand, access, points, (dim) => `i${dim}`)};`,
      ...(access.includes(row) ? [`const int64_t dy${k} = ${strideAlong(operand, access, row)};`] : []),
      ...(access.includes(column) ? [`const int64_t dx${k} = ${known}${strideAlong(operand, access, column)};`] : []),
    ];
  }

  wholeLines(out: KernelOut, known = ""): CText {
    const { row, column, points } = this.roles;
    const k = this.kernel.outs.indexOf(out);
    const { access } = axesOf(out);
    return [
      `${elementType(this.kernel.operands[out.operand]?.dtype ?? "f32")} *w${k} = ${pointerAt(this.kernel, out.operand, access, points, (dim) => `i${dim}`)};`,
      `const int64_t wy${k} = ${strideAlong(out.operand, access, row)}, wx${k} = ${known}${strideAlong(out.operand, access, column)};`,
      `(void)wy${k}, (void)wx${k};`,
    ];
  }

  /** As for all of it, and moved to where a panel of columns begins: from there on x counts as it does in rows. */
  tileLines(out: KernelOut, column: string, known = ""): CText {
    const lines = this.wholeLines(out, known);
    if (!storesPanels(this.kernel, this.roles, out)) return lines;
    const { operand } = out;
    return [
      ...lines,
      `if (call->operand[${operand}].panel) w${this.kernel.outs.indexOf(out)} += ${column} / NR_${this.real} * call->operand[${operand}].panel - (${column});`,
    ];
  }

  /** Whether something is there: from earlier blocks of the plan, from earlier points of this call, or where `again` says so. */
  merges(out: KernelOut, again: readonly string[]): string {
    const earlier = this.roles.points.filter((dim) => !out.access.includes(dim)).map((dim) => `i${dim} > 0`);
    return `(${[`call->accumulate[${this.kernel.outs.indexOf(out)}]`, ...again, ...earlier].join(" || ")})`;
  }

  /** From states to memory. */
  put(list: readonly Reduced[], state: (place: number) => string, lane: string, at: (k: number) => string, again: string): CText {
    return list
      .toSorted((a, b) => indicesFirst(a.out, b.out))
      .flatMap(({ out, place, reducer }): CText => {
        const merges = reducer.resume !== null && list === this.rows ? "0" : this.merges(out, [again]);
        return ["{", reducer.put(state(place), lane, placeOf(this.kernel, out, at), merges), "}"];
      });
  }
}
