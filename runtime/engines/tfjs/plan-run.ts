/** One execution of an `op` plan: tensors by buffer, and nothing decided here. */
import type { OpName } from "../../../compiler/graph/op-table.js";
import { evaluateSize, type Size } from "../../../compiler/graph/size.js";
import type { BufferId, LoopId, Plan, PlanStatement } from "../../../compiler/plan/plan.js";
import { join, mergers } from "./accumulators.js";
import { evaluate } from "./op-rules.js";
import type { Quirks } from "./quirks.js";
import type { Block } from "./rule.js";
import { slice } from "./heap-copies.js";
import type { Tensor, TensorFlow } from "./tensorflow.js";

type Statement<K extends PlanStatement["kind"]> = Extract<PlanStatement, { kind: K }>;

export class PlanRun {
  readonly #tf: TensorFlow;
  readonly #quirks: Quirks;
  readonly #tensors = new Map<BufferId, Tensor>();
  readonly #lent = new Set<Tensor>();
  /** The pieces of accumulators, by the start of their block along each axis. */
  readonly #pieces = new Map<BufferId, Map<string, Tensor>>();
  /** Open loops, outermost first. */
  readonly #nest = new Map<LoopId, Block>();
  readonly #steps = new Map<LoopId, { readonly step: number; readonly extent: number }>();
  readonly #sizes: Record<string, number>;
  readonly #executed: () => void;

  /** `executed` is called after every statement. */
  constructor(tf: TensorFlow, quirks: Quirks, plan: Plan, executed: () => void) {
    this.#tf = tf;
    this.#quirks = quirks;
    this.#sizes = { ...plan.dims };
    this.#executed = executed;
  }

  give(buffer: BufferId, tensor: Tensor): void {
    this.#tensors.set(buffer, tensor);
  }

  /** As `give`, but the tensor stays the caller's: `dispose` leaves it alone. */
  lend(buffer: BufferId, tensor: Tensor): void {
    this.give(buffer, tensor);
    this.#lent.add(tensor);
  }

  isLent(tensor: Tensor): boolean {
    return this.#lent.has(tensor);
  }

  /** The tensor of a buffer, which stays with the run. */
  tensor(buffer: BufferId): Tensor {
    // An accumulator that no loop cuts is one piece, and whole as soon as its loops are done.
    const tensor = this.#tensors.get(buffer) ?? this.#pieces.get(buffer)?.get("");
    if (tensor === undefined) throw new Error(`buffer ${buffer} holds nothing`);
    return tensor;
  }

  /** The tensor of a buffer, which leaves the run. */
  take(buffer: BufferId): Tensor {
    const tensor = this.tensor(buffer);
    this.#tensors.delete(buffer);
    this.#pieces.delete(buffer);
    return tensor;
  }

  dispose(): void {
    this.#tf.dispose([...this.#tensors.values()].filter((tensor) => !this.isLent(tensor)));
    for (const pieces of this.#pieces.values()) this.#tf.dispose([...pieces.values()]);
    this.#tensors.clear();
    this.#pieces.clear();
  }

  execute(statements: readonly PlanStatement[]): void {
    for (const statement of statements) {
      if (statement.kind === "for") {
        this.#loop(statement);
        continue;
      }
      this.#one(statement);
      this.#executed();
    }
  }

  #loop({ loop, name, extent, step, body }: Statement<"for">): void {
    this.#steps.set(loop, { step, extent });
    for (let start = 0; start < extent; start += step) {
      const length = Math.min(step, extent - start);
      this.#nest.set(loop, { start, length });
      this.#sizes[`@${name}`] = length;
      this.execute(body);
    }
    this.#nest.delete(loop);
    delete this.#sizes[`@${name}`];
  }

  #one(statement: Exclude<PlanStatement, { kind: "for" }>): void {
    switch (statement.kind) {
      case "op":
        this.give(statement.out, this.#op(statement));
        return;
      case "cut":
        this.give(statement.out, this.#cut(statement));
        return;
      case "merge":
        this.#merge(statement);
        return;
      case "join":
        this.#join(statement);
        return;
      case "free":
        this.#free(statement.buffer);
        return;
      case "call":
      case "choose":
        throw new Error("this engine runs ops, not kernels");
    }
  }

  #op({ node, ins }: Statement<"op">): Tensor {
    const op: OpName = node.op;
    return this.#tf.tidy(() =>
      evaluate(op, {
        tf: this.#tf,
        quirks: this.#quirks,
        ins: ins.map((buffer) => this.tensor(buffer)),
        attrs: node.attrs,
        dtype: node.type.dtype,
        shape: node.type.shape.map((size) => this.#extent(size)),
        extent: (size: Size) => this.#extent(size),
        block: (loop: number) => this.#block([...this.#nest.keys()][loop]),
      }),
    );
  }

  #cut({ from, axes }: Statement<"cut">): Tensor {
    const x = this.tensor(from);
    const blocks = x.shape.map((extent, axis): Block => {
      const loop = axes[axis] ?? null;
      return loop === null ? { start: 0, length: extent } : this.#block(loop);
    });
    const [begin, size] = [blocks.map(({ start }) => start), blocks.map(({ length }) => length)];
    return this.#tf.tidy(() => slice(this.#tf, this.#quirks, x, begin, size));
  }

  #merge({ merge, into, part, axes, k, first, by }: Statement<"merge">): void {
    const key = this.#keyOf(axes);
    const pieces = this.#piecesOf(into);
    const mine = this.take(part);
    if (first.every((loop) => this.#block(loop).start === 0)) {
      if (pieces.has(key)) throw new Error(`a piece of buffer ${into} is stored twice`);
      pieces.set(key, mine);
    } else {
      const whole = this.#piece(into, key);
      const values = by === null ? null : { whole: this.#piece(by.into, key), part: this.tensor(by.part) };
      const merged = this.#tf.tidy(() => mergers[merge]({ tf: this.#tf, quirks: this.#quirks, whole, part: mine, by: values, axis: k }));
      this.#tf.dispose([whole, mine]);
      pieces.set(key, merged);
    }
  }

  #join({ from, axes, out }: Statement<"join">): void {
    const placed = axes.flatMap((loop, axis) => (loop === null ? [] : [{ axis, starts: this.#starts(loop) }]));
    const keys = placed.reduce<readonly string[]>(
      (outer, { starts }) => outer.flatMap((before) => starts.map((start) => (before === "" ? `${start}` : `${before},${start}`))),
      [""],
    );
    const ordered = keys.map((key) => this.#piece(from, key));
    const whole = this.#tf.tidy(() =>
      join(
        this.#tf,
        ordered,
        placed.map(({ axis }) => axis),
        placed.map(({ starts }) => starts.length),
      ),
    );
    this.#tf.dispose(ordered);
    this.#pieces.delete(from);
    this.give(out, whole);
  }

  #free(buffer: BufferId): void {
    const tensor = this.#tensors.get(buffer);
    const pieces = this.#pieces.get(buffer);
    if (tensor === undefined && pieces === undefined) throw new Error(`buffer ${buffer} is freed and holds nothing`);
    if (tensor !== undefined) tensor.dispose();
    if (pieces !== undefined) this.#tf.dispose([...pieces.values()]);
    this.#tensors.delete(buffer);
    this.#pieces.delete(buffer);
  }

  #keyOf(axes: readonly (LoopId | null)[]): string {
    return axes.flatMap((loop) => (loop === null ? [] : [this.#block(loop).start])).join(",");
  }

  #piecesOf(buffer: BufferId): Map<string, Tensor> {
    const known = this.#pieces.get(buffer);
    if (known !== undefined) return known;
    const fresh = new Map<string, Tensor>();
    this.#pieces.set(buffer, fresh);
    return fresh;
  }

  #piece(buffer: BufferId, key: string): Tensor {
    const piece = this.#pieces.get(buffer)?.get(key);
    if (piece === undefined) throw new Error(`buffer ${buffer} has no piece at ${key === "" ? "all" : key}`);
    return piece;
  }

  #starts(loop: LoopId): readonly number[] {
    const { step, extent } = this.#steps.get(loop) ?? { step: 1, extent: 0 };
    return Array.from({ length: Math.ceil(extent / step) }, (_, k) => k * step);
  }

  #block(loop: LoopId | undefined): Block {
    const block = loop === undefined ? undefined : this.#nest.get(loop);
    if (block === undefined) throw new Error(`loop ${loop} is not open`);
    return block;
  }

  #extent(size: Size): number {
    return evaluateSize(size, this.#sizes);
  }
}
