/**
 * Random well-typed pair programs: embeddings X and Y, everything that a loss over their pairs is made of, one scalar loss.
 *
 * Every value is kept near 1 in size, so that two evaluations which differ in rounding alone agree to rounding. Choices between
 * elements (argmax, top-k, masks by value) are made on values without ties only: a tie would turn rounding into another result.
 */
import * as fc from "fast-check";
import { GraphBuilder } from "../../compiler/graph/builder.js";
import type { Graph, Id } from "../../compiler/graph/graph.js";
import type { OpName } from "../../compiler/graph/op-table.js";
import { printGraph } from "../../compiler/graph/print.js";
import { batch, constant, evaluateSize, type Size } from "../../compiler/graph/size.js";
import { printShape, type Shape, type Type } from "../../compiler/graph/type.js";
import type { Dims } from "../../runtime/engines/reference/evaluate.js";
import { elementCount, type Value } from "../../runtime/engines/reference/value.js";
import { randomFrom } from "./random.js";

export type ProgramInput = { readonly name: string; readonly type: Type };

export type PairProgram = {
  readonly graph: Graph;
  /** One batch (X and Y have as many rows) or two. */
  readonly batches: readonly string[];
  readonly inputs: readonly ProgramInput[];
  /** The inputs that a gradient can be taken for. */
  readonly wrt: readonly string[];
};

export type ProgramOptions = {
  /** No choice depends on a value, so that the loss has a slope nearly everywhere: for finite differences. Default false. */
  readonly smooth?: boolean;
  /** Adds outputs beside the loss, none of them n×m. Default false. */
  readonly outputs?: boolean;
  readonly steps?: number;
};

/** The next choice, in 0 … bound − 1. */
type Choose = (bound: number) => number;

/** For fast-check: programs shrink, and a failure prints the program's text. */
export function arbitraryPairProgram(options: ProgramOptions = {}): fc.Arbitrary<PairProgram> {
  return fc
    .array(fc.nat(9999), { minLength: 6, maxLength: 4 * (options.steps ?? 14), size: "max" })
    .map((tape) => describe(programFromTape(tape, options), `tape [${tape}]`));
}

/** The same programs from a plain seed. */
export function pairProgram(seed: number, options: ProgramOptions = {}): PairProgram {
  const random = randomFrom(seed);
  return describe(
    build(random.below, () => true, options),
    `program seed ${seed}`,
  );
}

function programFromTape(tape: readonly number[], options: ProgramOptions): PairProgram {
  let position = 0;
  return build(
    (bound) => (tape[position++] ?? 0) % bound,
    () => position < tape.length,
    options,
  );
}

function describe(program: PairProgram, origin: string): PairProgram {
  return { ...program, [fc.toStringMethod]: () => `${origin}\n${printGraph(program.graph, { spans: false })}` } as PairProgram;
}

/** Reals in (−1.5, 1.5), small integers for labels. */
export function drawInputs(program: PairProgram, dims: Dims, seed: number): ReadonlyMap<string, Value> {
  const random = randomFrom(seed);
  return new Map(
    program.inputs.map(({ name, type }) => {
      const shape = type.shape.map((size) => evaluateSize(size, dims));
      const element = type.dtype === "i32" ? () => random.below(5) : () => 3 * random.uniform() - 1.5;
      return [name, { shape, data: Float64Array.from({ length: elementCount(shape) }, element) }];
    }),
  );
}

// The generator --------------------------------------------------------------------------------------------------------

/** `bound`: no element is larger in magnitude, for moderate batches. `distinct`: its elements tie with probability 0. */
type Real = { readonly id: Id; readonly shape: Shape; readonly bound: number; readonly distinct: boolean };
type Mask = { readonly id: Id; readonly shape: Shape };

const LARGEST = 8;
/** Sums are scaled as if a batch had this many rows. */
const ROWS = 64;

function build(choose: Choose, more: () => boolean, options: ProgramOptions): PairProgram {
  const maker = new Maker(choose, options.smooth ?? false);
  const steps = options.steps ?? 14;
  maker.logits();
  for (let step = 0; step < steps && more(); step++) maker.step();
  return maker.finish(options.outputs ?? false);
}

class Maker {
  readonly #b = new GraphBuilder({ file: "random.sig", start: 0, end: 0 });
  readonly #choose: Choose;
  readonly #smooth: boolean;
  readonly #rows: Size;
  readonly #columns: Size;
  readonly #width: Size;
  readonly #reals: Real[] = [];
  readonly #masks: Mask[] = [];
  readonly #inputs = new Map<string, { readonly type: Type; readonly id: Id }>();

  constructor(choose: Choose, smooth: boolean) {
    this.#choose = choose;
    this.#smooth = smooth;
    this.#rows = batch("n");
    this.#columns = choose(2) === 0 ? batch("n") : batch("m");
    this.#width = constant(this.#one([2, 3, 5]));
  }

  #one<T>(list: readonly T[]): T {
    const item = list[this.#choose(list.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }

  #emit(op: OpName, ins: readonly Id[], attrs: object = {}): Id {
    this.#b.span = { file: "random.sig", start: this.#reals.length, end: this.#reals.length + 1 };
    return this.#b.emit(op, ins, attrs as never);
  }

  // Inputs: made when first used -----------------------------------------------------------------------------------------

  #input(name: string, dtype: "f32" | "i32", shape: Shape): Id {
    const known = this.#inputs.get(name);
    if (known !== undefined) return known.id;
    const type = { dtype, shape };
    const id = this.#emit("input", [], { name, role: name.length > 1 ? "param" : "data", type });
    this.#inputs.set(name, { type, id });
    return id;
  }
  #real(name: string, shape: Shape): Real {
    return { id: this.#input(name, "f32", shape), shape, bound: 1.5, distinct: true };
  }
  #leaf(): Real {
    return this.#one([
      () => this.#real("X", [this.#rows, this.#width]),
      () => this.#real("Y", [this.#columns, this.#width]),
      () => this.#real("r", [this.#rows]),
      () => this.#real("c", [this.#columns]),
      () => this.#real("scale", []),
    ])();
  }

  // What there is ----------------------------------------------------------------------------------------------------------

  #isPair = (shape: Shape): boolean =>
    printShape(shape) === printShape([this.#rows, this.#columns]) || printShape(shape) === printShape([this.#columns, this.#rows]);

  /** A value that fits, recent ones first. */
  #find(fits: (real: Real) => boolean): Real | null {
    const found = this.#reals.filter(fits);
    return found.length === 0 ? null : (found[found.length - 1 - this.#choose(Math.min(found.length, 4))] ?? null);
  }
  #pair(): Real {
    return this.#find(({ shape }) => this.#isPair(shape)) ?? this.logits();
  }
  #any(): Real {
    return this.#choose(3) > 0 ? this.#pair() : (this.#find(() => true) ?? this.logits());
  }
  #shaped(shape: Shape): Real {
    return this.#find((real) => printShape(real.shape) === printShape(shape)) ?? this.#constant(shape);
  }
  #constant(shape: Shape): Real {
    const value = this.#one([0.3717, -0.6161, 1.2345]);
    return { id: this.#b.broadcast(this.#b.const(value), shape, []), shape, bound: 2, distinct: false };
  }

  // Making values ----------------------------------------------------------------------------------------------------------

  #scaledBy(x: Real, factor: number): Real {
    const factors = this.#b.broadcast(this.#b.const(factor), x.shape, []);
    return { ...x, id: this.#b.mul(x.id, factors), bound: x.bound * Math.abs(factor) };
  }
  /** Keeps a new value, scaled down when it may be large. */
  #keep(id: Id, bound: number, distinct = false): Real {
    let real: Real = { id, shape: this.#b.shape(id), bound, distinct };
    if (bound > LARGEST) real = this.#scaledBy(real, 3 / bound);
    this.#reals.push(real);
    return real;
  }
  #keepMask(id: Id): Mask {
    const mask = { id, shape: this.#b.shape(id) };
    this.#masks.push(mask);
    return mask;
  }

  step(): void {
    const smooth: readonly (readonly [weight: number, make: () => void])[] = [
      [5, () => this.#unary()],
      [4, () => this.#binary()],
      [3, () => this.#reduce()],
      [2, () => this.#spread()],
      [2, () => this.#choice()],
      [2, () => this.#project()],
      [1, () => this.logits()],
      [1, () => this.#flip()],
      [1, () => this.#diagonal()],
      [1, () => this.#maskedReduce()],
      [1, () => this.#matrix()],
      [1, () => this.#softmax()],
      [1, () => this.#rowDot()],
      [1, () => this.#take()],
    ];
    const rough: typeof smooth = [
      [1, () => this.#valueMask()],
      [2, () => this.#rank()],
      [1, () => this.#topk()],
      [1, () => this.#winner()],
    ];
    const all = this.#smooth ? smooth : [...smooth, ...rough];
    this.#one(all.flatMap(([weight, make]) => Array.from({ length: weight }, () => make)))();
  }

  /** X·Yᵀ, or the other way round. */
  logits(): Real {
    let [left, right] = [this.#embedding(this.#rows, "X"), this.#embedding(this.#columns, "Y")];
    if (this.#choose(4) === 0) [left, right] = [right, left];
    const width = Number(printShape([this.#width]).slice(1, -1));
    return this.#keep(this.#b.dot(left.id, right.id, [[1, 1]]), width * left.bound * right.bound, left.distinct && right.distinct);
  }
  #embedding(rows: Size, name: string): Real {
    const shape = [rows, this.#width];
    if (this.#choose(3) > 0) return this.#real(name, shape);
    return this.#find((real) => printShape(real.shape) === printShape(shape)) ?? this.#real(name, shape);
  }

  #unary(): void {
    const x = this.#any();
    const f = (op: OpName, of = x.id, attrs: object = {}): Id => this.#emit(op, [of], attrs);
    const plus = (id: Id, value: number): Id => this.#b.add(id, this.#b.constLike(value, id));
    const e = x.bound;
    this.#one<() => Real>([
      () => this.#keep(f("neg"), e, x.distinct),
      () => this.#keep(f("softplus"), e + 1, x.distinct),
      () => this.#keep(f("abs"), e),
      () => this.#keep(f("sigmoid"), 1),
      () => this.#keep(f("tanh"), 1),
      () => this.#keep(f("sin"), 1),
      () => this.#keep(f("cos"), 1),
      () => this.#keep(f("erf"), 1),
      () => this.#keep(f("exp", f("tanh")), 3),
      () => this.#keep(f("expm1", f("sin")), 2),
      () => this.#keep(f("log", plus(f("softplus"), 0.25)), e + 2),
      () => this.#keep(f("log1p", f("softplus")), e + 1),
      () => this.#keep(f("sqrt", plus(f("softplus"), 0.25)), e + 1),
      () => this.#keep(f("rsqrt", plus(f("softplus"), 0.25)), 2),
      () => this.#keep(f("log_sigmoid"), e + 1),
      () => this.#keep(f("gelu", x.id, { approximate: this.#one(["none", "tanh", "quick"]) }), e + 1),
      () => this.#keep(this.#b.mul(x.id, x.id), e * e),
    ])();
  }

  #binary(): void {
    const x = this.#any();
    const y = this.#shaped(x.shape);
    const [p, q] = [x.bound, y.bound];
    const positive = (real: Real): Id => this.#b.add(this.#emit("softplus", [real.id]), this.#b.constLike(0.5, real.id));
    this.#one<() => Real>([
      () => this.#keep(this.#b.add(x.id, y.id), p + q),
      () => this.#keep(this.#b.sub(x.id, y.id), p + q),
      () => this.#keep(this.#b.mul(x.id, y.id), p * q),
      () => this.#keep(this.#b.div(x.id, positive(y)), 2 * p),
      () => this.#keep(this.#emit("maximum", [x.id, y.id]), Math.max(p, q)),
      () => this.#keep(this.#emit("minimum", [x.id, y.id]), Math.max(p, q)),
      () => this.#keep(this.#emit("pow", [positive(x), this.#emit("tanh", [y.id])]), p + 2),
    ])();
  }

  #axes(): readonly number[] {
    return this.#one([[0], [1], [1], [0, 1]]);
  }
  #reduce(): void {
    const x = this.#pair();
    const axes = this.#axes();
    this.#one<() => Real>([
      () => this.#mean(x, axes),
      () => this.#keep(this.#b.sum(x.id, axes), x.bound * ROWS ** axes.length),
      () => this.#keep(this.#emit("logsumexp", [x.id], { axes }), x.bound + Math.log(ROWS) * axes.length),
      () => this.#keep(this.#emit("max", [x.id], { axes }), x.bound),
      () => this.#keep(this.#emit("min", [x.id], { axes }), x.bound),
    ])();
  }
  #mean(x: Real, axes: readonly number[]): Real {
    let id = this.#b.sum(x.id, axes);
    for (const axis of axes) id = this.#b.div(id, this.#b.broadcast(this.#b.size(x.shape[axis] ?? []), this.#b.shape(id), []));
    return this.#keep(id, x.bound);
  }

  /** A row, a column or a scalar, repeated over the pairs. */
  #spread(): void {
    const pair = [this.#rows, this.#columns];
    const x = this.#find(({ shape }) => shape.length < 2) ?? this.#leaf();
    if (x.shape.length === 2) return this.#unary();
    const places = [0, 1].filter((axis) => x.shape.length === 1 && printShape([pair[axis] ?? []]) === printShape(x.shape));
    this.#keep(this.#b.broadcast(x.id, pair, x.shape.length === 0 ? [] : [this.#one(places)]), x.bound);
  }

  #choice(): void {
    const mask = this.#mask();
    const [x, y] = [this.#shaped(mask.shape), this.#choose(2) === 0 ? null : this.#shaped(mask.shape)];
    this.#keep(y === null ? this.#b.selectOrZero(mask.id, x.id) : this.#b.select(mask.id, x.id, y.id), Math.max(x.bound, y?.bound ?? 0));
  }

  /** pairs · embeddings, from either side. */
  #project(): void {
    const x = this.#pair();
    const axis = this.#choose(2);
    const extent = x.shape[axis] ?? [];
    const y = this.#embedding(extent, printShape([extent]) === printShape([this.#rows]) ? "X" : "Y");
    this.#keep(this.#b.dot(x.id, y.id, [[axis, 0]]), ROWS * x.bound * y.bound);
  }
  #flip(): void {
    const x = this.#pair();
    this.#keep(this.#b.transpose(x.id, [1, 0]), x.bound, x.distinct);
  }
  #diagonal(): void {
    const x = this.#pair();
    const same = this.#indexMask("eq", x.shape);
    this.#keep(this.#b.sum(this.#b.selectOrZero(same, x.id), [this.#choose(2)]), x.bound);
  }
  /** A reduction in which a whole row may be masked out; the sigmoid brings −inf back. */
  #maskedReduce(): void {
    const mask = this.#mask();
    const x = this.#shaped(mask.shape);
    const masked = this.#b.select(mask.id, x.id, this.#b.constLike(Number.NEGATIVE_INFINITY, x.id));
    this.#keep(this.#b.sigmoid(this.#emit(this.#one(["logsumexp", "logsumexp", "max"]), [masked], { axes: this.#axes() })), 1);
  }
  #matrix(): void {
    const x = this.#choose(2) === 0 ? this.#embedding(this.#rows, "X") : this.#embedding(this.#columns, "Y");
    const width = Number(printShape([this.#width]).slice(1, -1));
    if (this.#choose(2) === 0) this.#keep(this.#emit("l2_normalize", [x.id], { axis: 1, eps: 1e-6 }), 1, x.distinct);
    else this.#keep(this.#b.dot(x.id, this.#real("weight", [this.#width, this.#width]).id, [[1, 0]]), width * 1.5 * x.bound, x.distinct);
  }
  #softmax(): void {
    this.#keep(this.#emit("softmax", [this.#pair().id], { axis: this.#choose(2) }), 1);
  }
  #rowDot(): void {
    const [x, y] = [this.#embedding(this.#rows, "X"), this.#embedding(this.#rows, "X")];
    this.#keep(this.#b.dot(x.id, y.id, [[1, 1]], [[0, 0]]), 5 * x.bound * y.bound);
  }
  /** Rows of Y by number; a number past the end reads 0. */
  #take(): void {
    const y = this.#embedding(this.#columns, "Y");
    this.#keep(this.#emit("gather", [y.id, this.#input("a", "i32", [this.#rows])], { axis: 0 }), y.bound);
  }

  // Masks ------------------------------------------------------------------------------------------------------------------

  #mask(): Mask {
    if (this.#masks.length > 0 && this.#choose(2) === 0) return this.#one(this.#masks);
    const shape = [this.#rows, this.#columns];
    const fresh =
      this.#choose(3) === 0 ? this.#labels(this.#one(["eq", "ne"])) : this.#indexMask(this.#one(["eq", "ne", "lt", "ge"]), shape);
    const other = this.#masks.find((mask) => printShape(mask.shape) === printShape(shape));
    const combine = this.#choose(4);
    if (combine === 0) return this.#keepMask(this.#emit("not", [fresh]));
    if (combine === 1 && other !== undefined) return this.#keepMask(this.#emit(this.#one(["and", "or"]), [fresh, other.id]));
    return this.#keepMask(fresh);
  }
  /** i == j, i < j, … */
  #indexMask(compare: OpName, shape: Shape): Id {
    const [i, j] = [0, 1].map((axis) => this.#b.broadcast(this.#emit("iota", [], { size: shape[axis] ?? [] }), shape, [axis]));
    return this.#emit(compare, [i ?? 0, j ?? 0]);
  }
  #labels(compare: OpName): Id {
    const shape = [this.#rows, this.#columns];
    const a = this.#b.broadcast(this.#input("a", "i32", [this.#rows]), shape, [0]);
    const b = this.#b.broadcast(this.#input("b", "i32", [this.#columns]), shape, [1]);
    return this.#emit(compare, [a, b]);
  }
  #distinctPair(): Real {
    return this.#find(({ shape, distinct }) => distinct && this.#isPair(shape)) ?? this.logits();
  }
  #valueMask(): void {
    const x = this.#distinctPair();
    this.#keepMask(this.#emit(this.#one(["gt", "le"]), [x.id, this.#b.constLike(0.371728, x.id)]));
  }
  #rank(): void {
    const x = this.#distinctPair();
    if (!x.distinct) return;
    const axis = this.#choose(2);
    if (this.#choose(2) === 0) this.#keepMask(this.#emit("in_top_k", [x.id], { axis, k: 1 + this.#choose(3) }));
    else {
      const best = this.#b.broadcast(this.#emit("argmax", [x.id], { axis }), x.shape, [1 - axis]);
      const index = this.#b.broadcast(this.#emit("iota", [], { size: x.shape[axis] ?? [] }), x.shape, [axis]);
      this.#keepMask(this.#emit("eq", [index, best]));
    }
  }
  /** The largest of each row; −inf stands where there are fewer, and the sigmoid makes 0 of it. */
  #topk(): void {
    const x = this.#pair();
    const axis = this.#choose(2);
    const k = 1 + this.#choose(3);
    this.#keep(this.#b.sum(this.#b.sigmoid(this.#emit("topk", [x.id], { axis, k })), [axis]), k);
  }
  /** A weight of the column that wins each row. */
  #winner(): void {
    const x = this.#distinctPair();
    if (!x.distinct) return;
    const winner = this.#emit("argmax", [x.id], { axis: 1 });
    this.#keep(
      this.#emit(
        "gather",
        [this.#real(printShape(x.shape.slice(1)) === printShape([this.#columns]) ? "c" : "r", x.shape.slice(1)).id, winner],
        { axis: 0 },
      ),
      1.5,
    );
  }

  // The loss -----------------------------------------------------------------------------------------------------------------

  finish(extra: boolean): PairProgram {
    const last = this.#reals.slice(-4);
    const terms = last.map(
      (x) =>
        this.#mean(
          x,
          x.shape.map((_, axis) => axis),
        ).id,
    );
    const loss = terms.reduce((sum, term) => this.#b.add(sum, term));
    const narrow = extra ? this.#reals.filter(({ shape }) => !this.#isPair(shape) && shape.length > 0).slice(-3) : [];
    const graph = this.#b.finish([{ name: "loss", value: loss }, ...narrow.map(({ id }, k) => ({ name: `out${k}`, value: id }))]);
    const inputs = [...this.#inputs].map(([name, { type }]) => ({ name, type }));
    const batches = printShape([this.#columns]) === "[n]" ? ["n"] : ["n", "m"];
    return { graph, batches, inputs, wrt: inputs.filter(({ type }) => type.dtype === "f32").map(({ name }) => name) };
  }
}
