/** map, reduce and contract: scalars at every point of a space, one point after another. */
import type { Factor, KernelOf, KernelOut, PointKernel, Scalar } from "../../../compiler/kernel/kernel.js";
import { factorDims } from "../../../compiler/kernel/factor.js";
import { type Cells, PlanViolation } from "./memory.js";
import { partials, type Partial } from "./reduction.js";
import { scalarOps } from "./scalar-ops.js";

/** A view with numbers in it, and the elements it looks at. */
export type Window = {
  readonly cells: Cells;
  readonly offset: number;
  readonly extents: readonly number[];
  readonly strides: readonly number[];
};
export type PointCall = {
  readonly windows: readonly Window[];
  readonly extents: readonly number[];
  readonly parameters: readonly number[];
  /** Per result: merged into what is there. */
  readonly accumulates: readonly boolean[];
};

type Registers = Float64Array;
/** What one scalar does at a point. `fixed` ones are done once per call. */
type Instruction = { readonly fixed: boolean; readonly run: (registers: Registers, index: readonly number[], accumulator: number) => void };

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new PlanViolation(`no ${what}`);
  return value;
}

/** Dims → elements of a window: the stride of each dim, 0 where no axis runs along it. */
function stridesAlong({ strides }: Pick<Window, "strides">, access: readonly number[], dims: number): readonly number[] {
  return Array.from({ length: dims }, (_, dim) =>
    access.reduce((sum, d, axis) => (d === dim ? sum + must(strides[axis], "axis") : sum), 0),
  );
}
function position(offset: number, strides: readonly number[], index: readonly number[]): number {
  let at = offset;
  for (let dim = 0; dim < index.length; dim++) at += (strides[dim] as number) * (index[dim] as number);
  return at;
}

function instruction(
  scalar: Scalar,
  at: number,
  all: readonly Scalar[],
  done: readonly Instruction[],
  call: PointCall,
  dims: number,
): Instruction {
  // Registers are f64: an f32 scalar is rounded at each step, so that its value does not depend on whether it was stored.
  const rounded = "dtype" in scalar && scalar.dtype === "f32" ? Math.fround : (value: number): number => value;
  switch (scalar.kind) {
    case "const": {
      const value = rounded(scalar.value);
      return { fixed: true, run: (r) => void (r[at] = value) };
    }
    case "parameter": {
      const value = must(call.parameters[scalar.parameter], "parameter");
      return { fixed: true, run: (r) => void (r[at] = value) };
    }
    case "index":
      return { fixed: false, run: (r, index) => void (r[at] = index[scalar.dim] as number) };
    case "accumulator":
      return { fixed: false, run: (r, _, accumulator) => void (r[at] = rounded(accumulator)) };
    case "load": {
      const window = must(call.windows[scalar.operand], "operand");
      const strides = stridesAlong(window, scalar.access, dims);
      const { cells, offset } = window;
      return { fixed: false, run: (r, index) => void (r[at] = cells.get(position(offset, strides, index))) };
    }
    case "window": {
      const { cells, offset, strides } = must(call.windows[scalar.operand], "operand");
      return {
        fixed: false,
        run: (r, index) => {
          let place = offset;
          for (const [axis, { terms, start, over, extent }] of scalar.axes.entries()) {
            const position = terms.reduce((sum, term) => {
              const part = Math.floor((index[term.dim] as number) / term.divisor);
              return sum + (term.modulus === null ? part : part % term.modulus) * term.step;
            }, start);
            const within = extent === null || (position >= 0 && position % over === 0 && position / over < extent);
            if (!within) return void (r[at] = 0);
            place += (position / over) * (strides[axis] as number);
          }
          r[at] = cells.get(place);
        },
      };
    }
    case "op": {
      const [x = 0, y = 0, z = 0, w = 0] = scalar.ins;
      const f = scalarOps[scalar.op]({ to: scalar.dtype, from: all[x]?.dtype ?? scalar.dtype });
      return {
        fixed: scalar.ins.every((operand) => done[operand]?.fixed === true),
        run: (r) => void (r[at] = rounded(f(r[x] as number, r[y] as number, r[z] as number, r[w] as number))),
      };
    }
  }
}

/** Counts through a space, the last dim fastest. */
function* points(extents: readonly number[]): Generator<readonly number[], void> {
  if (extents.some((extent) => extent <= 0)) return;
  const index = extents.map(() => 0);
  for (;;) {
    yield index;
    let dim = extents.length - 1;
    for (; dim >= 0; dim--) {
      index[dim] = (index[dim] as number) + 1;
      if ((index[dim] as number) < (extents[dim] as number)) break;
      index[dim] = 0;
    }
    if (dim < 0) return;
  }
}

/** A DAG made ready for a call: the value of one of its entries at any point. */
class Evaluator {
  readonly registers: Registers;
  readonly #moving: readonly Instruction[];

  constructor(scalars: readonly Scalar[], call: PointCall, dims: number) {
    const instructions: Instruction[] = [];
    scalars.forEach((scalar, at) => instructions.push(instruction(scalar, at, scalars, instructions, call, dims)));
    this.registers = new Float64Array(scalars.length);
    for (const { fixed, run } of instructions) if (fixed) run(this.registers, [], 0);
    this.#moving = instructions.filter(({ fixed }) => !fixed);
  }

  at(index: readonly number[], accumulator: number): Registers {
    for (const { run } of this.#moving) run(this.registers, index, accumulator);
    return this.registers;
  }
}

export function runPoints(kernel: PointKernel, call: PointCall): void {
  const inner = kernel.form === "contract" ? kernel.inner : 0;
  const outer = kernel.dims - inner;
  const space = call.extents.slice(0, outer);
  const epilogue = new Evaluator(kernel.scalars, call, outer);
  const contraction = kernel.form === "contract" ? sumOfProducts(kernel, call) : null;
  const results = kernel.outs.map((out, k) => new Result(out, k, kernel, call, space));
  for (const index of points(space)) {
    const registers = epilogue.at(index, contraction === null ? 0 : contraction(index));
    for (const result of results) result.take(registers, index);
  }
  // Indices first: they compare the values that they follow as those were before this block.
  for (const result of results) if (result.out.by !== null) result.finish(results);
  for (const result of results) if (result.out.by === null) result.finish(results);
}

function sumOfProducts(kernel: KernelOf<"contract">, call: PointCall): (index: readonly number[]) => number {
  if (kernel.kept !== undefined) {
    const window = must(call.windows[kernel.kept.operand], "kept sums");
    const strides = stridesAlong(window, kernel.kept.access, kernel.dims - kernel.inner);
    return (index) => window.cells.get(position(window.offset, strides, index));
  }
  const [left, right] = [new Panel(kernel.left, kernel, call), new Panel(kernel.right, kernel, call)];
  return (index) => {
    const [p, q] = [left.start(index), right.start(index)];
    let sum = 0;
    for (let k = 0; k < left.along.length; k++)
      sum += (left.values[p + (left.along[k] as number)] as number) * (right.values[q + (right.along[k] as number)] as number);
    return sum;
  };
}

/** All values of a factor over its own dims: each is evaluated once, as by an engine that packs panels. */
class Panel {
  readonly values: Float64Array;
  /** Per point of the inner dims. */
  readonly along: Int32Array;
  readonly #strides: readonly number[];

  constructor(factor: Factor, kernel: KernelOf<"contract">, call: PointCall) {
    const own = factorDims(factor);
    const extents = call.extents.map((extent, dim) => (own.includes(dim) ? extent : 1));
    let count = 1;
    const strides = extents.toReversed().map((extent) => (count *= extent) / extent);
    const whole = strides.toReversed().map((stride, dim) => (own.includes(dim) ? stride : 0));
    const evaluator = new Evaluator(factor.scalars, call, kernel.dims);
    this.values = new Float64Array(count);
    let next = 0;
    for (const index of points(extents)) this.values[next++] = evaluator.at(index, 0)[factor.value] as number;
    const outer = kernel.dims - kernel.inner;
    this.#strides = whole.slice(0, outer);
    this.along = Int32Array.from(offsetsAlong(call.extents.slice(outer), whole.slice(outer)));
  }

  start(index: readonly number[]): number {
    return position(0, this.#strides, index);
  }
}

function* offsetsAlong(extents: readonly number[], strides: readonly number[]): Generator<number, void> {
  for (const index of points(extents)) yield position(0, strides, index);
}

/** One result of a call while it runs. */
class Result {
  readonly out: KernelOut;
  readonly #window: Window;
  readonly #value: number;
  readonly #key: number;
  readonly #keyOut: number;
  readonly #accumulates: boolean;
  readonly #strides: readonly number[];
  /** Null where every point has an element of its own and is just stored. */
  readonly #partial: Partial | null;
  readonly #kept: readonly number[];
  readonly #keptStrides: readonly number[];
  readonly #keptExtents: readonly number[];
  readonly #rankStride: number;
  readonly #k: number;

  constructor(out: KernelOut, place: number, kernel: PointKernel, call: PointCall, space: readonly number[]) {
    this.out = out;
    this.#window = must(call.windows[out.operand], "result");
    this.#value = out.value;
    this.#keyOut = out.by ?? -1;
    this.#key = out.by === null ? out.value : must(kernel.outs[out.by], "result to follow").value;
    this.#accumulates = call.accumulates[place] ?? false;
    const rankAxis = out.topk?.axis ?? -1;
    const axes = this.#window.strides.flatMap((stride, axis) => (axis === rankAxis ? [] : [stride]));
    this.#rankStride = this.#window.strides[rankAxis] ?? 0;
    this.#k = out.topk?.k ?? 1;
    this.#strides = stridesAlong({ ...this.#window, strides: axes }, out.access, space.length);
    this.#kept = [...new Set(out.access)];
    this.#keptExtents = this.#kept.map((dim) => must(space[dim], "dim"));
    let stride = 1;
    this.#keptStrides = this.#keptExtents
      .toReversed()
      .map((extent) => (stride *= extent) / extent)
      .toReversed();
    const count = this.#keptExtents.reduce((a, b) => a * b, 1);
    if (out.merge === "none" && (this.#kept.length < space.length || this.#accumulates))
      throw new PlanViolation("a stored result leaves out dims");
    this.#partial = out.merge === "none" ? null : partials[out.merge](count, this.#window.cells.buffer.dtype, this.#k);
  }

  take(registers: Registers, index: readonly number[]): void {
    const value = registers[this.#value] as number;
    if (this.#partial === null) return this.#window.cells.set(position(this.#window.offset, this.#strides, index), value);
    let at = 0;
    for (let k = 0; k < this.#kept.length; k++) at += (this.#keptStrides[k] as number) * (index[this.#kept[k] as number] as number);
    this.#partial.take(at, value, registers[this.#key] as number);
  }

  finish(all: readonly Result[]): void {
    if (this.#partial === null) return;
    let at = 0;
    for (const kept of points(this.#keptExtents)) {
      const stored = this.#accumulates ? this.#stored(kept) : null;
      const keys = this.#accumulates && this.#keyOut >= 0 ? must(all[this.#keyOut], "result to follow").#stored(kept) : [];
      const values = stored === null ? this.#partial.result(at) : this.#partial.merge(at, stored, keys);
      values.forEach((value, rank) => this.#window.cells.set(this.#element(kept) + rank * this.#rankStride, value));
      at++;
    }
  }

  #element(kept: readonly number[]): number {
    return this.#kept.reduce((sum, dim, k) => sum + (this.#strides[dim] as number) * (kept[k] as number), this.#window.offset);
  }
  #stored(kept: readonly number[]): readonly number[] {
    const start = this.#element(kept);
    return Array.from({ length: this.#k }, (_, rank) => this.#window.cells.get(start + rank * this.#rankStride));
  }
}
